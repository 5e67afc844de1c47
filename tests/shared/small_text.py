"""Small texts to learn, and small runs of ``train lm`` on them, as they would be typed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from scratchnn import cli
from scratchnn.files import write_atomically
from scratchnn.training.checkpoint import load_arrays

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran", "to", "it"]
SMALL = ["--hidden", "8", "--batch", "4", "--window", "8", "--epochs", "1", "--lr", "0.01", "--checkpoint-every", "20"]


def small_text(lines: int = 60, seed: int = 0) -> str:
    """Lines of six words drawn from eleven; the same seed gives the same lines."""
    rng = random.Random(seed)
    return "".join(" ".join(rng.choice(WORDS) for _ in range(6)) + "\n" for _ in range(lines))


def write_text(path: Path, lines: int = 60, seed: int = 0) -> Path:
    """A file with a small text."""
    path.write_text(small_text(lines, seed), encoding="utf-8")
    return path


def make_quick(monkeypatch: Any) -> None:
    """Skip waiting for the disk, which matters only in a power cut, and write three bytes instead of a figure."""
    monkeypatch.setattr("os.fsync", lambda number: None)
    monkeypatch.setattr("scratchnn.tasks.procedure.save_figure", lambda figure, path: write_atomically(path, b"PNG"))
    monkeypatch.setattr("scratchnn.tasks.procedure.plot_history", lambda *arguments: None)


def command(*arguments: Any) -> int:
    """Exit status of a command, also if the parser exits."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


def train(*arguments: Any) -> int:
    """Exit status of a short ``train lm``."""
    return command("train", "lm", *SMALL, *arguments)


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of all files in a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def assert_one_line(capsys: Any, *parts: str) -> None:
    """The only output is one line of error that contains ``parts``."""
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.endswith("\n")
    assert output.err.count("\n") == 1, output.err
    for part in parts:
        assert part in output.err


def arrays_and_meta(path: Path) -> tuple[dict[str, tuple], dict[str, Any]]:
    """The content of a checkpoint to the last bit, apart from times."""
    arrays, meta = load_arrays(path)
    for row in meta["history"]["rows"]:
        del row["targets_per_second"]
    meta["history"]["open"].pop()  # seconds
    return {name: (array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}, meta
