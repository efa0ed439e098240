"""Train a model that reads handwritten digits, in plain Python.

The model is a softmax regression: one weight for each pixel and digit, and ten biases,
found by stochastic gradient descent. It learns from data/train, is measured on
data/validation, and goes to model.json; the result goes to metrics.json, and how the loss
fell from epoch to epoch to training.csv.

The images are small PGM files in a directory for each digit: data/train/7/0042.pgm.
"""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

Example = tuple[list[float], int]
"""64 pixels and a 1 for the bias, and the digit."""

DIGITS = 10
EPOCHS = 4
RATE = 0.3
"""Of the first epoch; it falls to nothing in the last."""


def read_examples(folder: Path) -> list[Example]:
    """Return all images below a directory, in the order of their names."""
    examples = []
    for path in sorted(folder.glob("*/*.pgm")):
        # The header is three lines: the kind "P5", the size "8 8", the brightest value "16".
        pixels = path.read_bytes().split(b"\n", 3)[3]
        examples.append(([value / 16 for value in pixels] + [1.0], int(path.parent.name)))
    return examples


def scores(weights: Sequence[Sequence[float]], pixels: Sequence[float]) -> list[float]:
    """Return a number for each digit: the larger, the more likely."""
    return [sum([w * x for w, x in zip(row, pixels)]) for row in weights]  # noqa: B905


def train(examples: Sequence[Example]) -> tuple[list[list[float]], list[float]]:
    """Return the weights, a row for each digit, and the mean loss of each epoch."""
    order = random.Random(0)
    weights = [[0.0] * len(examples[0][0]) for _ in range(DIGITS)]
    losses = []
    for epoch in range(EPOCHS):
        loss = 0.0
        rate = RATE * (1 - epoch / EPOCHS)
        for pixels, digit in order.sample(examples, len(examples)):
            raw = scores(weights, pixels)
            largest = max(raw)
            powers = [math.exp(score - largest) for score in raw]
            total = sum(powers)
            loss += math.log(total) + largest - raw[digit]
            for number, power in enumerate(powers):
                step = rate * ((number == digit) - power / total)
                # Most digits are out of the question for most images: skip them.
                if abs(step) > 1e-4:
                    row = weights[number]
                    weights[number] = [w + step * x for w, x in zip(row, pixels)]  # noqa: B905
        losses.append(loss / len(examples))
    return weights, losses


def accuracy(weights: Sequence[Sequence[float]], examples: Sequence[Example]) -> float:
    """Return the share of images whose digit has the highest score."""
    right = 0
    for pixels, digit in examples:
        found = scores(weights, pixels)
        right += found.index(max(found)) == digit
    return right / len(examples)


def main() -> None:
    """Train, measure, and write both results."""
    examples = read_examples(Path("data/train"))
    weights, losses = train(examples)
    share = accuracy(weights, read_examples(Path("data/validation")))
    model = {"weights": [[round(w, 6) for w in row] for row in weights]}
    Path("model.json").write_text(json.dumps(model) + "\n")
    metrics = {"images": len(examples), "accuracy": round(share, 4)}
    Path("metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    rows = [f"{epoch},{loss:.4f}\n" for epoch, loss in enumerate(losses, 1)]
    Path("training.csv").write_text("epoch,loss\n" + "".join(rows))
    print(f"trained on {len(examples)} images, {share:.1%} of the validation images read right")


if __name__ == "__main__":
    main()
