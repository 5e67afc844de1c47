"""``forecaster --quality``: trains all forecasters on one series, and compares their errors, sizes and training times.

    python -m benchmarks forecaster --quality --seeds 0 1 2 --out runs/compare -- --data my.csv --target TEMP --delay 24

What follows ``--`` are options of ``train forecaster``, the same for all models. Each run is in a folder of its own in
``--out``; a command that was interrupted goes on where it was. ``--orders`` compares orders of the rows of a window
instead: forward, reversed, and shuffled in the same way in all windows.

The error is that of the validation section in the best epoch, which also decides what to use; nothing is forecast here for
the test section. Seconds are those of all training steps, without validation.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.processes import environment
from benchmarks.table import columns_of
from scratchnn.errors import DataError
from scratchnn.inspection.forecasts import plot_comparison
from scratchnn.models.forecaster import ORDERS as READING
from scratchnn.plot import save_figure
from scratchnn.tasks.trained import Trained, load
from scratchnn.terminal import progress_bar

MODELS = {
    "dense": ["--reader", "dense"],
    "GRU": [],
    "GRU, dropouts": ["--dropout", "0.2", "--recurrent-dropout", "0.2"],
    "GRU, two layers": ["--layers", "2"],
    "GRU, two directions": ["--bidirectional"],
    "Conv1D": ["--reader", "conv", "--layers", "2", "--kernel", "5"],
    "TCN": ["--reader", "tcn"],
    "Conv1D, pool, GRU": ["--reader", "conv-recurrent", "--kernel", "5"],
}
ORDERED = ("GRU", "GRU, two directions", "Conv1D", "TCN")
ORDERS = {f"{name}, {order}": [*MODELS[name], "--order", order] for name in ORDERED for order in READING}
WIDTHS = (33, 8, 15, 11, 8)


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Train what is missing, print the table and save the figure; returns what ``--json`` writes."""
    models = ORDERS if options.orders else MODELS
    if unknown := [name for name in options.models if name not in models]:
        raise DataError(f"unknown model {unknown[0]!r}; choose from {'; '.join(models)}")
    models = {name: models[name] for name in options.models or models}
    out = Path(options.out)
    runs = [(name, seed, out / f"{folder_name(name)}-seed{seed}") for name in models for seed in options.seeds]

    def train_one(run: tuple[str, int, Path]) -> None:
        name, seed, folder = run
        words = [*options.train, *models[name], "--seed", str(seed), "--out", str(folder), "--resume"]
        train(words, settings["threads"])

    with progress_bar(total=len(runs), desc="training", unit="run") as bar, ThreadPoolExecutor(options.jobs) as pool:
        for _ in pool.map(train_one, runs):
            bar.update()
    rows = [{"name": name, "seed": seed, **result(folder)} for name, seed, folder in runs]
    trained = load(runs[0][2])
    simple = trained.parts["baselines"].errors
    print(*comparison_table(rows, simple), sep="\n")
    path = out / ("orders.png" if options.orders else "models.png")
    save_figure(plot_comparison(rows, simple, trained.parts["scale"].target.name), path)
    print(f"figure in {path}")
    return {"train": options.train, "seeds": options.seeds, "runs": rows, "simple": simple}


def folder_name(name: str) -> str:
    """The name of a model as that of a folder."""
    return name.replace(",", "").replace(" ", "-").lower()


def train(words: Sequence[str], threads: int) -> None:
    """``train forecaster`` in a process of its own; its error is raised."""
    command = [sys.executable, "-m", "scratchnn", "train", "forecaster", *words]
    child = subprocess.run(command, capture_output=True, text=True, env=environment(threads))
    if child.returncode:
        raise DataError(child.stderr.strip().rpartition("\n")[2].removeprefix("error: "))


def result(folder: Path) -> dict[str, Any]:
    """The validation error of the best epoch, the number of parameters, and the seconds of training of a run."""
    trained: Trained = load(folder)
    with open(folder / "history.csv", newline="", encoding="utf-8") as file:
        history = list(csv.DictReader(file))
    errors = [float(row["validation_mae"]) for row in history if row["validation_mae"]]
    seconds = sum(float(row["targets"]) / float(row["targets_per_second"]) for row in history)
    parameters = sum(parameter.data.size for parameter in trained.model.parameters())
    return {"mae": min(errors), "parameters": parameters, "seconds": seconds, "epochs": len(errors)}


def comparison_table(rows: Sequence[Mapping[str, Any]], simple: Mapping[str, float]) -> Iterator[str]:
    """One line per model, means over the seeds, and one per simple forecast."""
    seeds = len({row["seed"] for row in rows})
    yield columns_of(
        WIDTHS, f"validation, {seeds} seed{'s' if seeds > 1 else ''}", "MAE", "lowest, highest", "parameters", "seconds"
    )
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        errors = [row["mae"] for row in mine]
        spread = f"{min(errors):.4f} {max(errors):.4f}" if len(errors) > 1 else ""
        seconds = statistics.fmean(row["seconds"] for row in mine)
        yield columns_of(
            WIDTHS, f"  {name}", f"{statistics.fmean(errors):.4f}", spread, f"{mine[0]['parameters']:,}", f"{seconds:,.0f}"
        )
    for name, error in simple.items():
        yield columns_of(WIDTHS, f"  {name}", f"{error:.4f}", "", "", "")
