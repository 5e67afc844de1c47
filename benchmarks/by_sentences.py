"""``python -m benchmarks.by_sentences OUT.png --data PART NAME:COUNT=DIR ...``: F1 against the number of sentences.

Each ``DIR`` is a run of ``train tagger --limit COUNT``; several with the same ``NAME:COUNT`` are seeds. Every run is
evaluated on ``PART``, read by the run itself.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Sequence

from benchmarks.program import finish
from benchmarks.table import columns_of, fixed
from scratchnn.cli import Parser
from scratchnn.errors import DataError
from scratchnn.files import check_new_file
from scratchnn.inspection.tags import plot_f1_by_sentences
from scratchnn.plot import save_figure
from scratchnn.tasks.trained import load

RUN = re.compile(r"(?P<name>[^:=]+):(?P<count>[0-9]+)=(?P<folder>.+)")
WIDTHS = (20, 12, 10, 10, 8)


def scores_of(runs: Sequence[str], part: str) -> dict[str, dict[int, list[float]]]:
    """F1 on ``part`` by name and by number of sentences, one for each run ``NAME:COUNT=DIR``."""
    found: dict[str, dict[int, list[float]]] = {}
    for run in runs:
        match = RUN.fullmatch(run)
        if match is None:
            raise DataError(f"{run!r} is no NAME:COUNT=DIR, such as none:500=runs/few")
        figures = load(match["folder"]).evaluate(part)
        if "f1" not in figures:
            raise DataError(f"{match['folder']} is no run of train tagger with names: evaluate gives no F1")
        found.setdefault(match["name"], {}).setdefault(int(match["count"]), []).append(figures["f1"])
    counts = {name: sorted(scores) for name, scores in found.items()}
    if len({tuple(some) for some in counts.values()}) > 1:
        raise DataError(f"each name needs runs for the same numbers of sentences, got {counts}")
    return found


def main(arguments: list[str] | None = None) -> None:
    """Print the table and draw the figure."""
    parser = Parser(prog="benchmarks.by_sentences", description="F1 of taggers against the number of sentences.")
    parser.add_argument("out", metavar="OUT.png", help="the figure to write")
    parser.add_argument("runs", nargs="+", metavar="NAME:COUNT=DIR", help="a run; more seeds under the same NAME:COUNT")
    parser.add_argument("--data", required=True, metavar="PART", help="what they are evaluated on, such as conll2003:test")
    options = parser.parse_args(arguments)
    check_new_file(options.out, "OUT.png")
    scores = scores_of(options.runs, options.data)
    print(columns_of(WIDTHS, "", "sentences", "mean F1", "lowest", "highest"))
    for name, by_count in scores.items():
        for count, values in sorted(by_count.items()):
            cells = [fixed(figure, ".4f") for figure in (statistics.fmean(values), min(values), max(values))]
            print(columns_of(WIDTHS, name, f"{count:,}", *cells))
    counts = sorted(next(iter(scores.values())))
    curves = {name: [by_count[count] for count in counts] for name, by_count in scores.items()}
    save_figure(plot_f1_by_sentences(counts, curves), options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    sys.exit(finish(main))
