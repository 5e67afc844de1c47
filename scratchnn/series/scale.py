"""From a table of measurements to the inputs of a model and back: which columns, their scale, features of the calendar.

    x = (v - m) / s            m, s: mean and standard deviation of a column in the training rows                  (1)
    v = m + s y                a forecast y of the scaled target in the target's unit                              (2)
    v -> log(1 + max(v, 0))    before (1), for columns without negative values whose skewness is above 1           (3)

The means and deviations come from the training rows alone, and are saved with the model: a scale that had seen the test
part would tell the model about it. A column of text becomes one column of 0 and 1 for each text of the training rows; a
text that they do not have is 0 in all of them. Skewed columns, such as rain and the speed of wind, have a few values so
large that a model would notice little else; (3) is never applied to the target.

A missing value is replaced by the last one before it, which is known when the forecast is made, and by the mean, x = 0, if
there is none before. A missing target is never forecast: it has no error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from scratchnn.errors import DataError
from scratchnn.series.json_part import JsonPart
from scratchnn.series.table import Table
from scratchnn.series.times import PERIODS, Step, calendar, calendar_periods

ROUNDING = 1e-12  # relative difference of values that are the same but for rounding
SKEWED = 1.0  # skewness above which equation (3) is applied
MOST_TEXTS = 20  # different texts of a column that is encoded


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: in the header.
        mean, deviation: m and s of equation (1), of a column of numbers.
        logarithm: whether equation (3) is applied.
        texts: the texts that are encoded, of a column of text; None for numbers.
    """

    name: str
    mean: float = 0.0
    deviation: float = 1.0
    logarithm: bool = False
    texts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Scale(JsonPart):
    """How tables become inputs. The first input is the target.

    Attributes:
        columns: those that are read, the target first.
        time_columns: the columns of the time; empty if there are none.
        step: between two rows; None without times.
        periods: of the calendar: of ``"day"``, ``"week"``, ``"year"``.
    """

    FORMAT: ClassVar[str] = "scratchnn scale 1"
    columns: tuple[Column, ...]
    time_columns: tuple[str, ...] = ()
    step: Step | None = None
    periods: tuple[str, ...] = ()

    @classmethod
    def fit(cls, table: Table, rows: int, target: str, names: Sequence[str] | None, with_calendar: bool) -> Scale:
        """The scale of the first ``rows`` rows of a table.

        Args:
            table: the measurements; what is left out is added to its notes.
            rows: the number of training rows.
            target: the column to be forecast.
            names: the other columns to read; all that can be read if None.
            with_calendar: whether the calendar is an input.

        Raises:
            DataError: a column does not exist, cannot be read, or the target is constant.
        """
        table.check_has([target], "; choose with --target")
        table.check_has(names or [], "; choose with --columns")
        if table.is_text(target):
            raise DataError(f"{table.place}: the target {target!r} is a column of text; choose a column of numbers")
        first = fit_numbers(table, target, rows, may_be_skewed=False)
        if first is None:
            raise DataError(
                f"{table.place}: the target {target!r} has the same value in all training rows, or none; there is nothing "
                "to learn"
            )
        columns, left_out = [first], []
        for name in table.names if names is None else names:
            if name == target:
                continue
            column, reason = fit_texts(table, name, rows) if table.is_text(name) else (fit_numbers(table, name, rows), "")
            if column is not None and names is None and counts_rows(table, name):
                column, reason = None, "counts the rows"
            if column is not None:
                columns.append(column)
            elif names is not None and reason:
                raise DataError(f"{table.place}: the column {name!r} {reason}; leave it out of --columns")
            else:
                left_out.append(f"{name} ({reason or 'the same in all training rows'})")
        if skewed := [column.name for column in columns if column.logarithm]:
            table.notes.append(f"{table.place}: read as logarithms, since a few values are very large: {', '.join(skewed)}")
        if left_out:
            table.notes.append(f"{table.place}: columns left out: {', '.join(left_out)}")
        if with_calendar and table.step is None:
            raise DataError(f"--calendar needs times, but {table.place} has none; name their column with --time-column")
        periods = tuple(calendar_periods(table.step)) if with_calendar and table.step is not None else ()
        return cls(tuple(columns), tuple(table.time_columns), table.step, periods)

    # --- use ---------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """Target, other columns and calendar."""
        _, *others = self.names()
        return f"Scale of {self.target.name} from {', '.join(others) or 'itself'}"

    @property
    def target(self) -> Column:
        """The column to be forecast."""
        return self.columns[0]

    def names(self) -> list[str]:
        """The names of all inputs (C,)."""
        found = []
        for column in self.columns:
            found += [column.name] if column.texts is None else [f"{column.name}={text}" for text in column.texts]
        return found + [f"{wave} of the {period}" for period in self.periods for wave in ("sine", "cosine")]

    def apply(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Equation (1) for a table.

        Returns:
            The inputs (rows, C), float32, and the target (rows,) in its unit, float64, NaN if missing.

        Raises:
            DataError: a column is missing, a cell is not a number, or the step of time is another one.
        """
        table.check_has([column.name for column in self.columns], ", which the run was trained with")
        if table.step != self.step:
            found = "no times" if table.step is None else f"one row every {table.step}"
            expected = "rows without times" if self.step is None else f"one row every {self.step}"
            raise DataError(f"{table.place} has {found}, but the run was trained with {expected}; bring it to that step")
        inputs = []
        for column in self.columns:
            if column.texts is None:
                values = table.numbers(column.name)
                values = np.log1p(np.maximum(values, 0)) if column.logarithm else values  # (3)
                scaled = (values - column.mean) / column.deviation  # (1)
                inputs.append(filled(scaled[:, None]))
            else:
                places = {text: k for k, text in enumerate(column.texts)}
                texts = table.texts(column.name)
                codes = np.array([np.nan if text is None else places.get(text, -1.0) for text in texts])
                inputs.append(filled(codes[:, None], missing=-1.0) == np.arange(len(column.texts)))
        if self.periods and table.times is not None:
            inputs.append(calendar(table.times, self.periods))
        return np.concatenate(inputs, axis=1).astype(np.float32), table.numbers(self.target.name)

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Equation (1) for values of the target in its unit."""
        return (values - self.target.mean) / self.target.deviation

    def in_units(self, y: np.ndarray) -> np.ndarray:
        """Equation (2), float64."""
        return self.target.mean + self.target.deviation * y.astype(np.float64)

    # --- a part of a run ---------------------------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """All attributes."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Scale:
        """The scale with this content."""
        columns = []
        for column in document["columns"]:
            texts = None if column["texts"] is None else tuple(map(str, column["texts"]))
            mean, deviation = float(column["mean"]), float(column["deviation"])
            columns.append(Column(str(column["name"]), mean, deviation, bool(column["logarithm"]), texts))
        if not columns or any(not column.deviation > 0 for column in columns):
            raise ValueError("a column has no deviation")
        if unknown := set(document["periods"]) - set(PERIODS):
            raise ValueError(f"unknown period {min(unknown)!r}")
        step = document["step"]
        return cls(
            tuple(columns),
            tuple(map(str, document["time_columns"])),
            None if step is None else Step(int(step[0]), str(step[1])),
            tuple(document["periods"]),
        )


def fit_numbers(table: Table, name: str, rows: int, may_be_skewed: bool = True) -> Column | None:
    """The column with mean and deviation of its first ``rows`` values; None if they are all the same, or missing."""
    values = table.numbers(name)[:rows]
    values = values[~np.isnan(values)]
    if not len(values) or np.ptp(values) <= ROUNDING * np.abs(values).max():
        return None
    logarithm = may_be_skewed and values.min() >= 0 and skewness(values) > SKEWED
    values = np.log1p(values) if logarithm else values  # (3)
    if not values.std() > 0:
        return None
    return Column(name, float(values.mean()), float(values.std()), bool(logarithm))


def skewness(values: np.ndarray) -> float:
    """The mean cube of the distances from the mean in standard deviations: 0 for symmetric values."""
    return float((((values - values.mean()) / values.std()) ** 3).mean())


def fit_texts(table: Table, name: str, rows: int) -> tuple[Column | None, str]:
    """The column with the texts of its first ``rows`` values; None, and the reason, if it cannot be encoded."""
    texts = sorted({text for text in table.texts(name)[:rows] if text is not None})
    if len(texts) > MOST_TEXTS:
        return None, f"contains {len(texts):,} different texts, such as {texts[0]!r:.40}; at most {MOST_TEXTS} are encoded"
    return (Column(name, texts=tuple(texts)) if len(texts) > 1 else None), ""


def counts_rows(table: Table, name: str) -> bool:
    """Whether a column of numbers grows by the same amount from each row to the next, as the number of a row does."""
    if table.is_text(name):
        return False
    steps = np.diff(table.numbers(name))
    return bool(len(steps)) and bool((steps == steps[0]).all())


def filled(values: np.ndarray, missing: float = 0.0) -> np.ndarray:
    """``values`` (rows, 1) with NaN replaced by the last number before it, and by ``missing`` if there is none."""
    known = ~np.isnan(values[:, 0])
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))  # the row of that number, or -1
    return np.where(last[:, None] >= 0, values[last], missing)
