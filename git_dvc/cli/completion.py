"""``git dvc completion``: the script that a shell reads; what it then asks is ``complete.py``."""

from __future__ import annotations

import os
from enum import Enum
from typing import Annotated

import typer

from git_dvc.cli.console import console
from git_dvc.cli.help import SHARE

EXAMPLES = """
eval "$(git dvc completion bash)"     # in ~/.bashrc
source <(git dvc completion zsh)      # in ~/.zshrc, after compinit
git dvc completion fish | source      # in ~/.config/fish/config.fish
"""
FILES = {"bash": "git-dvc", "zsh": "_git-dvc", "fish": "git-dvc.fish"}


class Shell(str, Enum):
    """The shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Which shell.")],
) -> None:
    """Print the completion of a shell, for 'git dvc <TAB>' and its arguments.

    Installed packages bring it along where shells look for it; this is for all other ways.
    """
    with open(os.path.join(SHARE, "completion", FILES[shell.value]), encoding="utf-8") as file:
        console.write(file.read())
