"""``python -m benchmarks.by_epoch OUT.png NAME=DIR ...``: the exact match of several runs by epoch."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from benchmarks.program import finish
from scratchnn.cli import Parser
from scratchnn.errors import DataError
from scratchnn.files import check_new_file
from scratchnn.inspection.alignments import plot_by_epoch
from scratchnn.plot import save_figure


def values_by_epoch(folder: Path, figure: str) -> list[float]:
    """A validation figure of each epoch of a run."""
    if not (folder / "history.csv").is_file():
        raise DataError(f"{folder} has no history.csv; name a run folder of train as NAME=DIR")
    with open(folder / "history.csv", newline="", encoding="utf-8") as file:
        found = [row.get(f"validation_{figure}") for row in csv.DictReader(file)]
    values = [float(value) for value in found if value]
    if not values:
        raise DataError(f"{folder} has no validation {figure} in its history")
    return values


def main(arguments: list[str] | None = None) -> None:
    """Draw the figure."""
    parser = Parser(prog="benchmarks.by_epoch", description="A validation figure of several runs by epoch.")
    parser.add_argument("out", metavar="OUT.png", help="the figure to write")
    parser.add_argument("runs", nargs="+", metavar="NAME=DIR", help="runs, with the names that they have in the figure")
    parser.add_argument("--figure", default="exact match", metavar="NAME", help="what is drawn (default: exact match)")
    options = parser.parse_args(arguments)
    check_new_file(options.out, "OUT.png")
    named = dict(run.partition("=")[::2] for run in options.runs)
    runs = {name: values_by_epoch(Path(folder), options.figure) for name, folder in named.items()}
    save_figure(plot_by_epoch(runs, f"Validation {options.figure} by epoch", options.figure), options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    sys.exit(finish(main))
