from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from git_dvc.tour import digits, train


def test_the_script_learns_and_writes_the_same_model_every_time(tmp_path: Path) -> None:
    images = digits.load()
    digits.write(tmp_path / "data", images[:200] + images[-100:])
    models = []
    for _ in range(2):
        subprocess.run([sys.executable, train.__file__], cwd=tmp_path, check=True)
        models.append((tmp_path / "model.json").read_bytes())
    assert models[0] == models[1]
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["images"] == 200
    assert metrics["accuracy"] > 0.85
    head, *rows = (tmp_path / "training.csv").read_text().splitlines()
    losses = [float(row.split(",")[1]) for row in rows]
    assert (head, len(rows)) == ("epoch,loss", train.EPOCHS)
    assert losses == sorted(losses, reverse=True) and losses[0] < 2.5


def test_the_highest_score_is_the_answer() -> None:
    weights = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert train.scores(weights, [2.0, 3.0]) == [0.0, 2.0, 3.0]
    assert train.accuracy(weights, [([2.0, 3.0], 2), ([3.0, 2.0], 2)]) == 0.5
