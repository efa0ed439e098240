"""All checks in one command: ``python -m tests``; CI runs the same.

Lint, format, types and tests, in this order; all run even if one fails, and what failed is
told by the exit code. Arguments go to pytest: ``python -m tests -k checkout``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
CHECKS = (
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],  # strict, says pyproject.toml
    # Halves in order share what they set up. What fails has one more try, and is told of all the
    # same: with servers, terminals and other programs, some of it is the machine's doing.
    ["pytest", "-n", "auto", "--dist", "worksteal", "--reruns", "1"],
)


def main(arguments: list[str]) -> int:
    """Run the checks with this Python and return 1 if any of them failed."""
    failed: list[str] = []
    for check in CHECKS:
        command = [sys.executable, "-m", *check]
        if check[0] == "pytest":
            command += arguments
            # Last of all comes pytest's own summary, so say the others' verdict before it.
            if failed:
                print(f"FAILED: {', '.join(failed)}", file=sys.stderr, flush=True)
        print("$", " ".join(["python", *command[1:]]), flush=True)
        if subprocess.run(command, cwd=TOP, check=False).returncode != 0:
            failed.append(check[0] if check[:2] != ["ruff", "format"] else "ruff format")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
