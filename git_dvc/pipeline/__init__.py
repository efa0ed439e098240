"""Pipelines: stages with a command, what they depend on, when they run and how."""
