"""git-dvc against real dvc, git-lfs and what the machine allows: see README.md."""
