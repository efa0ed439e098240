"""The tour: the whole story in a scratch repository, with real images and a real model.

``play.py`` tells it, ``digits.py`` has the images, ``train.py`` is the script that the
scratch repository gets, ``stage.py`` runs commands and checks what is claimed.
"""
