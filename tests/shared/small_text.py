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
    """Lines of six words drawn from eleven, the same ones for the same seed."""
    rng = random.Random(seed)
    return "".join(" ".join(rng.choice(WORDS) for _ in range(6)) + "\n" for _ in range(lines))


def write_text(path: Path, lines: int = 60, seed: int = 0) -> Path:
    """A file of it."""
    path.write_text(small_text(lines, seed), encoding="utf-8")
    return path


def make_quick(monkeypatch: Any) -> None:
    """No waiting for the disk, which only a power cut would need, and a file of three bytes in place of the figure."""
    monkeypatch.setattr("os.fsync", lambda number: None)
    monkeypatch.setattr("scratchnn.tasks.procedure.save_figure", lambda figure, path: write_atomically(path, b"PNG"))
    monkeypatch.setattr("scratchnn.tasks.procedure.plot_history", lambda *arguments: None)


def command(*arguments: Any) -> int:
    """Exit status of a command, those that the parser gives included."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


def train(*arguments: Any) -> int:
    """Exit status of a short ``train lm``."""
    return command("train", "lm", *SMALL, *arguments)


def contents(folder: Path) -> dict[str, bytes]:
    """All files in it."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def assert_one_line(capsys: Any, *parts: str) -> None:
    """Nothing was printed but one line of error, which holds ``parts``."""
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.endswith("\n")
    assert output.err.count("\n") == 1, output.err
    for part in parts:
        assert part in output.err


def arrays_and_meta(path: Path) -> tuple[dict[str, tuple], dict[str, Any]]:
    """What a checkpoint holds, to the last bit, without what depends on the clock."""
    arrays, meta = load_arrays(path)
    for row in meta["history"]["rows"]:
        del row["targets_per_second"]
    meta["history"]["open"].pop()  # seconds
    return {name: (array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}, meta
