"""Where stages run: on this machine, or on an engine that people already have."""
