"""Times of measurements: how they are written, the step between two rows, and features of the calendar.

A time has no time zone and is read to the second. It is written in one of the forms

    2009-01-31   2009-01-31 00:10   2009-01-31T00:10:00   2009-01      year first, also with / between
    31.01.2009   31.01.2009 00:10   31.01.2009 00:10:00                day first
    31/01/2009   01/31/2009 00:10                                      day or month first, whichever fits all rows

or in columns of its own for year, month, day, hour, minute and second.

The step between two rows is a number of seconds, or of months if every row has the same day of the month (or its last day)
and the same time of day. Row j of a series that begins at time t_0 has the time t_0 + j step.

Features of the calendar are points on a circle, so that the end of a period is next to its beginning. With the phase
p = (t - begin of the period) / (length of the period), 0 <= p < 1:

    (sin 2 pi p, cos 2 pi p)      for the day, the week and the year, if a step is shorter than half of the period   (1)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scratchnn.errors import DataError

UNITS = ("year", "month", "day", "hour", "minute", "second")
CLOCK = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?Z?"
YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?" + CLOCK)
YEAR_LAST = re.compile(r"(\d{1,2})([./])(\d{1,2})[./](\d{4})" + CLOCK)
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
MONDAY = 4 * SECONDS["day"]  # 1970-01-05, seconds after the beginning of NumPy's times
PERIODS = ("day", "week", "year")
REMEDY = "write times as 2009-01-31 00:10:00, without a time zone"


class Step(NamedTuple):
    """The time between two rows: ``size`` times ``unit``, which is ``"second"`` or ``"month"``."""

    size: int
    unit: str

    def __str__(self) -> str:
        """In the largest unit that fits: ``1 hour``, ``10 minutes``."""
        size, unit = self
        if unit == "second":
            unit = next(name for name in reversed(SECONDS) if size % SECONDS[name] == 0)
            size //= SECONDS[unit]
        return f"{size} {unit}{'s' if size > 1 else ''}"

    @property
    def seconds(self) -> float:
        """Its length in seconds; that of a month is a mean."""
        return self.size * (1 if self.unit == "second" else SECONDS["day"] * 365.2425 / 12)

    def after(self, time: np.datetime64, rows: np.ndarray, day: int) -> np.ndarray:
        """The times of rows that are ``rows`` (M,) steps after ``time``.

        Args:
            time: of a row.
            rows: whole numbers, also below 0.
            day: with a step of months, the day of the month; the last one of a shorter month.
        """
        if self.unit == "second":
            return time + self.size * rows.astype("timedelta64[s]")
        months = time.astype("M8[M]") + self.size * rows.astype("timedelta64[M]")
        clock = time - time.astype("M8[D]")
        return (months.astype("M8[D]") + np.minimum(day, month_lengths(months)) - 1).astype("M8[s]") + clock

    def rows_in(self, period: str) -> int:
        """Rows in a day, a week or a year; 0 if these are no whole number of at least 2."""
        if self.unit == "month":
            return 12 // self.size if period == "year" and 12 % self.size == 0 and self.size < 12 else 0
        days = {"day": 1, "week": 7, "year": 365}[period]
        rows, rest = divmod(days * SECONDS["day"], self.size)
        return rows if not rest and rows > 1 else 0


def month_lengths(months: np.ndarray) -> np.ndarray:
    """Days in each month (M,)."""
    return ((months + 1).astype("M8[D]") - months.astype("M8[D]")).astype(int)


# --- reading ---------------------------------------------------------------------------------------------------------


def parse_times(cells: Sequence[str], places: Sequence[str]) -> np.ndarray:
    """Times (rows,), to the second.

    Args:
        cells: as written.
        places: where each of them is, for messages.

    Raises:
        DataError: a cell is no time, or it is unclear which number is the day.
    """
    parts: list[Sequence[str | None]] = []
    slashes = []
    for k, cell in enumerate(cells):
        text = cell.strip()
        if match := YEAR_FIRST.fullmatch(text):
            parts.append(match.groups())
        elif match := YEAR_LAST.fullmatch(text):
            first, mark, second, year, *clock = match.groups()
            parts.append((year, second, first, *clock))
            if mark == "/":
                slashes.append(k)
        else:
            raise DataError(f"{places[k]}: {cell!r} is not a time; {REMEDY}")
    numbers = np.array([[int(part) if part else 0 for part in row] for row in parts]).reshape(-1, len(UNITS))
    numbers[:, 2] = np.maximum(numbers[:, 2], [bool(row[2]) or 1 for row in parts])  # 2009-01 is its first day
    if slashes:
        months, days = numbers[slashes, 1], numbers[slashes, 2]
        if months.max() <= 12 and days.max() <= 12 and (months != days).any():
            raise DataError(f"{places[slashes[0]]}: day and month of {cells[slashes[0]]!r} are unclear; {REMEDY}")
        if months.max() > 12:
            numbers[slashes, 1], numbers[slashes, 2] = days, months
    return times_of(numbers, [repr(cell) for cell in cells], places)


def times_of(numbers: np.ndarray, cells: Sequence[str], places: Sequence[str]) -> np.ndarray:
    """Times (rows,) from year, month, day, hour, minute, second (rows, 6); a ``DataError`` for one that does not exist."""
    year, month, day, hour, minute, second = numbers.T
    possible = (month >= 1) & (month <= 12)
    months = (np.where(possible, year, 1970) - 1970).astype("M8[Y]").astype("M8[M]") + np.where(possible, month - 1, 0)
    possible &= (day >= 1) & (day <= month_lengths(months))
    possible &= (hour >= 0) & (hour < 24) & (minute >= 0) & (minute < 60) & (second >= 0) & (second < 60)
    if not possible.all():
        k = int(possible.argmin())
        raise DataError(f"{places[k]}: there is no time {cells[k]}; {REMEDY}")
    clock = hour * SECONDS["hour"] + minute * SECONDS["minute"] + second
    return (months.astype("M8[D]") + (day - 1)).astype("M8[s]") + clock


def shown(time: np.datetime64) -> str:
    """A time for people: ``2009-01-31``, with hours and minutes unless it is midnight, with seconds if there are any."""
    text = str(time.astype("M8[s]")).replace("T", " ")
    return text.removesuffix(" 00:00:00").removesuffix(":00") if text.endswith(":00") else text


def written(time: np.datetime64, step: Step | None) -> str:
    """A time for files: a date if the step is a number of days or months, else date and time to the second."""
    days = step is not None and (step.unit == "month" or step.size % SECONDS["day"] == 0)
    return str(time.astype("M8[D]" if days else "M8[s]")).replace("T", " ")


# --- the step --------------------------------------------------------------------------------------------------------


def find_step(times: np.ndarray) -> Step:
    """The most frequent difference between two neighbours of ``times`` (rows,), which increase."""
    seconds, counts = np.unique(np.diff(times).astype("int64"), return_counts=True)
    months = times.astype("M8[M]")
    in_month = (times.astype("M8[D]") - months.astype("M8[D]")).astype(int) + 1
    same_day = (in_month == np.minimum(in_month.max(), month_lengths(months))).all()
    clock = times - times.astype("M8[D]")
    if same_day and (clock == clock[0]).all() and (np.diff(months).astype(int) > 0).all():
        numbers, month_counts = np.unique(np.diff(months).astype(int), return_counts=True)
        return Step(int(numbers[month_counts.argmax()]), "month")
    return Step(int(seconds[counts.argmax()]), "second")


def row_numbers(times: np.ndarray, step: Step) -> np.ndarray:
    """How many steps each of ``times`` (rows,) is after the first one, float64; not whole if it is between two rows."""
    if step.unit == "second":
        return (times - times[0]).astype("int64") / step.size
    months = times.astype("M8[M]")
    return (months - months[0]).astype("int64") / step.size


def day_of(times: np.ndarray) -> int:
    """The largest day of the month that occurs."""
    return int((times.astype("M8[D]") - times.astype("M8[M]").astype("M8[D]")).astype(int).max()) + 1


def calendar_periods(step: Step) -> list[str]:
    """The periods of equation (1) that a series with this step has."""
    lengths = {"day": SECONDS["day"], "week": SECONDS["week"], "year": 365 * SECONDS["day"]}
    return [period for period in PERIODS if 2 * step.seconds < lengths[period]]


def calendar(times: np.ndarray, periods: Sequence[str]) -> np.ndarray:
    """Equation (1) for ``times`` (rows,): sine and cosine for each period (rows, 2 P)."""
    seconds = times.astype("M8[s]").astype("int64")
    years = times.astype("M8[Y]")
    begin = years.astype("M8[s]").astype("int64")
    phases = {
        "day": seconds % SECONDS["day"] / SECONDS["day"],
        "week": (seconds - MONDAY) % SECONDS["week"] / SECONDS["week"],
        "year": (seconds - begin) / ((years + 1).astype("M8[s]").astype("int64") - begin),
    }
    angles = [2 * np.pi * phases[period] for period in periods]
    found = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(found, axis=1) if found else np.zeros((len(times), 0))
