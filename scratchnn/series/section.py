"""Sections of a series by time: the rows that are to be forecast, and all rows before them, which are known.

    |        training        |   validation   |     test     |         rows, in order of time
                             ^ begin          ^ end                     of the validation section

A forecast for the validation or the test section may look back on rows of the sections before it: they are known by then.
A training window ends, targets included, before the validation section begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnn.data import SeriesWindows
from scratchnn.errors import DataError
from scratchnn.series.scale import Scale, filled
from scratchnn.series.table import Table


@dataclass(frozen=True)
class Section:
    """A section of a series.

    Attributes:
        name: for messages: "the validation section".
        table: the measurements.
        inputs: scaled (rows, C), float32.
        target: in its unit (rows,), float64; NaN if missing.
        scaled: the target, scaled (rows,), float32.
        begin, end: the rows that are to be forecast are ``begin`` .. ``end`` - 1.
    """

    name: str
    table: Table
    inputs: np.ndarray
    target: np.ndarray
    scaled: np.ndarray
    begin: int
    end: int

    @classmethod
    def of(cls, name: str, table: Table, scale: Scale, begin: int, end: int) -> Section:
        """The section of a table, by a scale."""
        inputs, target = scale.apply(table)
        return cls(name, table, inputs, target, scale.scaled(target).astype(np.float32), begin, end)

    def part(self, name: str, begin: int, end: int) -> Section:
        """Another section of the same series."""
        return Section(name, self.table, self.inputs, self.target, self.scaled, begin, end)

    def windows(self, batch_size: int, sizes: dict[str, Any], seed: int = 0) -> SeriesWindows:
        """All windows whose targets are in the section and not missing.

        Args:
            batch_size: windows per batch.
            sizes: ``lookback``, ``step``, ``delay`` and ``horizon``; see ``SeriesWindows``.
            seed: of their order.

        Raises:
            DataError: there is none.
        """
        span = (sizes["lookback"] // sizes["step"] - 1) * sizes["step"] + sizes["delay"]  # from the first row to a target
        if span + sizes["horizon"] > self.end:
            known = "it has" if self.end == len(self.target) else f"{self.name} ends after"
            raise DataError(
                f"{self.table.place}: a window needs {span + sizes['horizon']:,} rows (lookback {sizes['lookback']}, delay "
                f"{sizes['delay']}, horizon {sizes['horizon']}), but {known} {self.end:,} rows; use more rows or a shorter "
                "lookback"
            )
        first = np.arange(max(self.begin, span), self.end - sizes["horizon"] + 1)  # the first target of each window
        absent = np.concatenate([[0], np.cumsum(np.isnan(self.target))])
        known_targets = absent[first + sizes["horizon"]] == absent[first]
        if not known_targets.any():
            raise DataError(
                f"{self.table.place}: {self.name} has no {sizes['horizon']} rows with a target in sequence; use more rows"
            )
        starts = first[known_targets] - span
        return SeriesWindows(self.inputs, self.scaled, batch_size, **sizes, seed=seed, starts=starts)

    def known(self, missing: float) -> np.ndarray:
        """The target in its unit (rows,), missing values replaced by the last one before, or by ``missing``."""
        return filled(self.target[:, None], missing=missing)[:, 0]


def split_rows(table: Table, valid: float, test: float) -> tuple[int, int]:
    """The rows at which the validation and the test section begin, if they have these shares of all rows."""
    if not (valid > 0 and test >= 0 and valid + test < 1):
        raise DataError(
            f"--valid-share {valid:g} and --test-share {test:g} must be above 0 and 0 or more, and leave rows to learn from"
        )
    end = table.count - round(test * table.count)
    return end - max(round(valid * table.count), 1), end
