"""The front door: ``hook`` and ``textconv`` go to ``hooks/``, everything else to ``cli/``.

Git runs the hooks on every checkout, and prompts and editors run ``status`` all the time.
So this module imports nothing but ``sys``, and each way in loads only what it uses: the
command line proper (Typer, 90 ms) comes last.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line in ``sys.argv`` and return the exit code."""
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:  # before there was anybody to say it better: nothing was begun
        what = sys.argv[1:2]
        finish = "; run 'git dvc sync' to finish" if what == ["hook"] else ""
        sys.stderr.write(f"git-dvc: interrupted{finish}\n")
        return 1 if what == ["merge-driver"] else 130  # Git stops halfway at more


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else ""
    if first == "hook" and len(arguments) > 1 and not arguments[1].startswith("-"):
        from git_dvc.hooks import entry

        return entry.run(arguments[1], arguments[2:])
    if first == "textconv":
        from git_dvc.hooks import textconv

        return textconv.run(arguments[1:])
    if first == "merge-driver":
        from git_dvc.hooks import merge_driver

        return merge_driver.run(arguments[1:])
    if first == "complete":
        from git_dvc.cli import complete

        return complete.run(arguments[1:])
    if arguments in (["--version"], ["-V"]):
        from git_dvc import __version__

        sys.stdout.write(f"git-dvc {__version__}\n")
        return 0
    import gc

    gc.disable()  # one command is over soon, and its many small values are not garbage
    if first in ("status", "version", "root", "get", "stage", "dag", "metrics", "params"):
        from git_dvc.cli import quick

        code = quick.run(arguments)
        if code is not None:
            return code
    from git_dvc.cli import app

    return app.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
