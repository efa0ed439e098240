from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from git_dvc.cli.console import console
from git_dvc.tour import digits, play
from git_dvc.tour.stage import Stage, TourError
from tests import launcher

SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return git-dvc, which is not on PATH; this process was started as if by it."""
    found = launcher.write(tmp_path / "bin")
    monkeypatch.setattr("sys.argv", [str(found), "tour"])
    others = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not os.path.exists(os.path.join(folder, "git-dvc"))
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(others))
    monkeypatch.setattr(console, "quiet", False)
    return found


def run(program: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


@pytest.mark.slow
def test_every_claim_of_the_tour_is_true(
    program: Path, tmp_path: Path, isolated_home: Path
) -> None:
    # The settings of somebody whom a scratch repository must not disturb, nor they it.
    with (isolated_home / ".gitconfig").open("a") as config:
        config.write("[core]\n\thooksPath = /nowhere\n[commit]\n\tgpgSign = true\n")
    for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        (Path(os.environ[name])).mkdir()
        (Path(os.environ[name]) / "config").write_text(f"[cache]\n    dir = {tmp_path}/cache\n")

    done = run(program, "tour", tmp_path / "tour")
    assert (done.returncode, done.stderr) == (0, "")
    assert "34 claims were checked and are true" in done.stdout
    assert "✗" not in done.stdout and "FALSE" not in done.stdout
    assert f"cd {tmp_path}/tour/digits" in done.stdout
    assert f'export PATH="{tmp_path}/bin:$PATH"' in done.stdout
    assert not (tmp_path / "cache").exists()

    # Afterwards the repository works under the settings of that person.
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    switched = subprocess.run(
        ["git", "checkout", "-q", "v1.0"],
        cwd=tmp_path / "tour" / "digits",
        env={**os.environ, "PATH": path},
    )
    assert switched.returncode == 0
    assert len(list((tmp_path / "tour" / "digits" / "data").rglob("*.pgm"))) == 1097


def test_a_directory_with_something_in_it_is_refused(program: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("text")
    done = run(program, "tour", tmp_path / "mine")
    assert done.returncode == 129
    assert "is not empty" in done.stderr
    assert os.listdir(tmp_path / "mine") == ["file"]


def test_a_false_claim_ends_with_1_and_is_named(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path)
    stage.check("water is wet", True)
    stage.check("the moon is cheese", False)
    assert play._end(stage, 1.0) == 1
    captured = capsys.readouterr()
    assert "1 of 2 claims are false:\n  the moon is cheese" in captured.err
    assert "wet" not in captured.err


def test_a_command_that_ends_otherwise_stops_the_tour(program: Path, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.run("git rev-parse HEAD", code=128)
    with pytest.raises(TourError, match="ended with 128 instead of 0"):
        stage.run("git rev-parse HEAD")


def test_long_output_is_cut_in_the_middle(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path)
    stage.run("python3 -c 'for n in range(100): print(n)'", most_lines=4)
    shown = capsys.readouterr().out.splitlines()
    assert shown[1:] == ["0", "1", "... 97 lines more ...", "99"]
    assert len(stage.output.splitlines()) == 100


def test_the_images_are_those_of_the_data_set() -> None:
    packed = (digits.HERE / "digits.csv.gz").read_bytes()
    assert hashlib.sha256(packed).hexdigest() == SHA256
    images = digits.load()
    assert len(images) == len({image.relpath for image in images}) == 1797
    assert {image.digit for image in images} == set(range(10))
    assert all(len(image.pixels) == 64 and max(image.pixels) <= 16 for image in images)
    assert sum(image.relpath.startswith("train/") for image in images) == digits.TRAINING


def test_an_image_file_is_a_plain_pgm(tmp_path: Path) -> None:
    image = digits.load()[0]
    digits.write(tmp_path, [image])
    data = (tmp_path / image.relpath).read_bytes()
    assert data == b"P5\n8 8\n16\n" + image.pixels


def test_the_licence_names_its_source() -> None:
    text = (digits.HERE / "README.md").read_text()
    assert "CC BY 4.0" in text and "Alpaydin" in text and SHA256 in text
