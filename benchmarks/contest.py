"""Run the contestants in turn, in several rounds, and compare their times.

In each round the two contestants of a row run directly one after the other. The order alternates from round to round, so
that a machine whose speed drifts affects both equally. Let o_r and t_r be the measurements of round r, ours and theirs:

    ratio of a round    t_r / o_r for times, o_r / t_r for rates (words per second); above 1, ours is faster       (1)
    ratio of a row      the same ratio of the medians over all rounds                                              (2)
    spread              the smallest and the largest (1); (2) is between them                                      (3)
    geometric mean      exp(mean of log (2)) over the rows of a section                                            (4)
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.peak import SIZE
from benchmarks.processes import run_job
from scratchnn.terminal import progress_bar

TIMES = "ms"  # the unit of times; every other unit is a rate


@dataclass(frozen=True)
class Row:
    """One line of the table: what is measured, and by which functions.

    Attributes:
        section: the part of the table that it belongs to.
        label: its name in that part.
        case: the first argument of both contestants; JSON can store it.
        ours, theirs: the contestants, ``module:function``; ``theirs`` is empty if there is no opponent.
        flops: floating-point operations of the matrix products, two per multiply-add; None if they are not counted.
        unit: ``"ms"``, or the unit of a rate.
        threads: number of threads of this row; that of the run if None.
    """

    section: str
    label: str
    case: dict[str, Any]
    ours: str
    theirs: str = ""
    flops: int | None = None
    unit: str = TIMES
    threads: int | None = None


@dataclass
class Result:
    """A row and the measurements of each round: ``{"value": ..., ...}`` per contestant."""

    row: Row
    ours: list[dict[str, Any]] = field(default_factory=list)
    theirs: list[dict[str, Any]] = field(default_factory=list)

    def median(self, side: str) -> float:
        """Median over the rounds of ``"ours"`` or ``"theirs"``; NaN if nothing was measured."""
        values = [part["value"] for part in getattr(self, side)]
        return statistics.median(values) if values else math.nan

    def compare(self, ours: float, theirs: float) -> float:
        """Equation (1): the ratio of two measurements."""
        return theirs / ours if self.row.unit == TIMES else ours / theirs

    @property
    def ratio(self) -> float:
        """Equation (2): the ratio of the row."""
        return self.compare(self.median("ours"), self.median("theirs"))

    @property
    def spread(self) -> tuple[float, float]:
        """Equation (3): the smallest and the largest ratio of a round."""
        ratios = [self.compare(o["value"], t["value"]) for o, t in zip(self.ours, self.theirs, strict=False)]
        return (min(ratios), max(ratios)) if ratios else (math.nan, math.nan)

    @property
    def gflops(self) -> float:
        """Speed of our matrix products in GFLOP/s; NaN if the row does not count them."""
        return self.row.flops / self.median("ours") / 1e6 if self.row.flops else math.nan

    @property
    def algorithm(self) -> str:
        """What their latest measurement names as its algorithm; ``""`` if it names none."""
        return str(self.theirs[-1].get("algorithm", "")) if self.theirs else ""

    def document(self) -> dict[str, Any]:
        """The result as JSON stores it; a number that does not exist is None."""
        low, high = self.spread
        numbers = {"ratio": self.ratio, "ratio_low": low, "ratio_high": high, "gflops": self.gflops}
        numbers |= {f"{side}_median": self.median(side) for side in ("ours", "theirs")}
        kept = {name: None if math.isnan(value) else value for name, value in numbers.items()}
        return {**asdict(self.row), **kept, "rounds": {"ours": self.ours, "theirs": self.theirs}}


def geometric_mean(results: Sequence[Result]) -> float:
    """Equation (4): the geometric mean of the rows' ratios."""
    return math.exp(statistics.fmean(math.log(result.ratio) for result in results))


def compete(
    rows: Sequence[Row], rounds: int, settings: dict[str, Any], run: Callable[..., dict[str, Any]] = run_job
) -> tuple[list[Result], float]:
    """Run all rows in all rounds.

    Args:
        rows: what to measure.
        rounds: number of rounds; each runs every row once.
        settings: ``device``, ``threads`` and ``seconds`` per measurement.
        run: runs a job; called as ``run(function, case, settings)``.

    Returns:
        The results, and the matrix-product peak in GFLOP/s (the best round); NaN if no row counts matrix products.
    """
    results = [Result(row) for row in rows]
    peaks: list[float] = []
    products = any(row.flops for row in rows)
    total = rounds * (products + sum(1 + bool(row.theirs) for row in rows))
    with progress_bar(total=total, unit="process") as bar:
        for number in range(rounds):
            if products:
                bar.set_description_str("matrix products")
                case = {"size": SIZE[settings["device"]]}
                peaks.append(run("benchmarks.peak:product", case, settings)["value"])
                bar.update()
            for result in results:
                row = result.row
                sides = [("ours", row.ours), ("theirs", row.theirs)][:: -1 if number % 2 else 1]
                for side, function in sides:
                    if function:
                        bar.set_description_str(f"{row.section}: {row.label}, {side}")
                        of_row = settings if row.threads is None else {**settings, "threads": row.threads}
                        getattr(result, side).append(run(function, row.case, of_row))
                        bar.update()
    return results, max(peaks, default=math.nan)
