"""Tables of measurements: a CSV file with a header, one row per time, as rows with one step between them.

What is done with rows and cells that are not as they should be; everything of the first kind is noted:

    noted      rows out of order are sorted; a repeated row is dropped; a time without a row becomes a row without values
    an error   two different rows of one time; a time between two steps; a number that is infinite or is not a number

A cell that is empty, or contains one of ``MISSING``, has no value. ``Table.numbers`` returns NaN for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from scratchnn.errors import DataError
from scratchnn.series.times import UNITS, Step, day_of, find_step, parse_times, row_numbers, shown, times_of
from scratchnn.text.csv_rows import csv_rows

MISSING = ("", "na", "nan", "n/a", "null", "none", "?", "-")  # in any case
TIME_NAMES = ("date time", "datetime", "date_time", "timestamp", "time", "date", "month", "ds")
MOST_EMPTY = 0.5  # share of the rows that may be missing in the file
LARGEST = 1e30  # of a value; float32 ends at 3e38
FIRST = 10  # rows that are looked at to find the column of times
SHOWN = 8  # names in a message


class Table:
    """Measurements, one row per step of time.

    Attributes:
        place: the file, for messages.
        names: the columns, without those of the time.
        count: the number of rows, those that the file lacks included.
        times: of all rows (count,), to the second; None if there is no column of times.
        step: between two rows; None without times.
        day: of the month, if the step is a number of months.
        time_columns: the columns of the time; empty if there are none.
        notes: what was done with the rows, in words.
    """

    def __init__(self, place: str, lines: Sequence[int], cells: dict[str, Sequence[str]], time_columns: Sequence[str]):
        self.place, self.time_columns = place, list(time_columns)
        self.names = [name for name in cells if name not in time_columns]
        self.cells, self.lines = cells, list(lines)
        self.notes: list[str] = []
        self.times: np.ndarray | None = None
        self.step: Step | None = None
        self.day = 0
        self.count = len(lines)
        self._rows = np.arange(self.count)  # the row of each line
        self._numbers: dict[str, Numbers] = {}
        if time_columns:
            self._arrange(self._read_times())

    def __repr__(self) -> str:
        """File, rows and columns."""
        every = "" if self.step is None else f", one every {self.step}"
        return f"Table of {self.place}: {self.count:,} rows{every}, columns {', '.join(self.names)}"

    # --- times -------------------------------------------------------------------------------------------------------

    def _read_times(self) -> np.ndarray:
        """The time of each line."""
        columns = self.time_columns
        places = [f"{self.place}: line {line}, column {columns[0]!r}" for line in self.lines]
        units = [name.casefold() for name in columns]
        if set(units) <= set(UNITS) and len(units) > 1:
            numbers = np.zeros((len(self.lines), len(UNITS)), dtype=int)
            numbers[:, 1:3] = 1
            for name, unit in zip(columns, units, strict=True):
                values = self.numbers(name)
                whole = np.isfinite(values) & (values == np.round(values))
                if not whole.all():
                    k = int(whole.argmin())
                    raise DataError(f"{self._cell(k, name)} is not a whole number, as a {unit} must be")
                numbers[:, UNITS.index(unit)] = values.astype(int)
            return times_of(numbers, [" ".join(map(str, row)) for row in numbers.tolist()], places)
        joined = [" ".join(cells) for cells in zip(*(self.cells[name] for name in columns), strict=True)]
        return parse_times(joined, places)

    def _arrange(self, times: np.ndarray) -> None:
        """Sort the lines by time, drop repeated ones, and give each line its row."""
        order = np.argsort(times, kind="stable")
        if (order != np.arange(len(order))).any():
            first = int((times[1:] < times[:-1]).argmax())
            self.notes.append(
                f"{self.place}: the row at line {self.lines[first + 1]} is earlier than the one before it; rows were sorted"
            )
        kept = [int(order[0])]
        repeats = []
        for k, same in zip(order[1:].tolist(), (np.diff(times[order]).astype(int) == 0).tolist(), strict=True):
            if not same:
                kept.append(k)
            elif any(column[k] != column[kept[-1]] for column in self.cells.values()):
                raise DataError(
                    f"{self.place}: lines {self.lines[kept[-1]]} and {self.lines[k]} both have the time {shown(times[k])} "
                    "but other values; leave one of them out"
                )
            else:
                repeats.append(self.lines[k])
        if repeats:
            what = f"{len(repeats)} rows that repeat" if len(repeats) > 1 else "a row that repeats"
            self.notes.append(f"{self.place}: {what} another one dropped, the first at line {repeats[0]}")
        self._numbers = {}
        self.lines = [self.lines[k] for k in kept]
        self.cells = {name: [column[k] for k in kept] for name, column in self.cells.items()}
        if len(kept) < 2:
            raise DataError(f"{self.place} has one row; a step of time needs two")
        self._regular(times[kept])

    def _regular(self, times: np.ndarray) -> None:
        """Find the step, and the row of each line."""
        self.step = find_step(times)
        rows = row_numbers(times, self.step)
        if (rows != np.round(rows)).any():
            k = int((rows != np.round(rows)).argmax())
            raise DataError(
                f"{self.place}: line {self.lines[k]}, {shown(times[k])}, is between two steps: most rows are {self.step} "
                f"apart, from {shown(times[0])} on; bring all rows to one step"
            )
        self._rows = rows.astype(int)
        self.count = int(self._rows[-1]) + 1
        empty = self.count - len(times)
        if empty > MOST_EMPTY * self.count:
            raise DataError(
                f"{self.place}: {empty:,} of {self.count:,} rows are missing if one is expected every {self.step}; bring "
                "all rows to one step"
            )
        self.day = day_of(times)
        self.times = self.step.after(times[0], np.arange(self.count), self.day)
        if empty:
            before = times[int((np.diff(self._rows) > 1).argmax())]
            what = f"{empty:,} rows are" if empty > 1 else "a row is"
            self.notes.append(
                f"{self.place}: {what} missing, the first after {shown(before)}; the values before are used as inputs"
            )

    def times_after(self, rows: int) -> np.ndarray | None:
        """The times of ``rows`` rows that follow the last one; None without times."""
        if self.times is None or self.step is None:
            return None
        return self.step.after(self.times[0], self.count + np.arange(rows), self.day)

    # --- columns -----------------------------------------------------------------------------------------------------

    def check_has(self, names: Sequence[str], flag: str) -> None:
        """Raise ``DataError`` unless all these columns exist."""
        for name in names:
            if name not in self.names:
                known = ", ".join(self.names[:SHOWN]) + (", ..." if len(self.names) > SHOWN else "")
                raise DataError(f"{self.place} has no column {name!r}{flag}; its columns are {known}")

    def is_text(self, name: str) -> bool:
        """Whether more than half of the values of a column are not numbers."""
        read = self._read(name)
        return 2 * read.words > read.words + int((~np.isnan(read.values)).sum())

    def numbers(self, name: str) -> np.ndarray:
        """The values of a column (count,), float64; NaN if missing. An infinite value, or a text, is an error."""
        read = self._read(name)
        if read.words:
            raise DataError(f"{self._cell(read.first_word, name)} is not a number")
        too_large = np.abs(read.values) > LARGEST
        if too_large.any():
            raise DataError(f"{self._cell(int(too_large.argmax()), name)} is infinite or beyond {LARGEST:g}")
        values = np.full(self.count, np.nan)
        values[self._rows] = read.values
        return values

    def _read(self, name: str) -> Numbers:
        """The numbers on the lines of a column, read once."""
        if name not in self._numbers:
            self._numbers[name] = read_numbers(self.cells[name])
        return self._numbers[name]

    def texts(self, name: str) -> list[str | None]:
        """The values of a column; None if missing."""
        values: list[str | None] = [None] * self.count
        for row, cell in zip(self._rows.tolist(), self.cells[name], strict=True):
            values[row] = None if missing(cell) else cell.strip()
        return values

    def _cell(self, k: int, name: str) -> str:
        """Where a cell is and what it contains, for messages."""
        return f"{self.place}: line {self.lines[k]}, column {name!r}: {self.cells[name][k]!r}"

    def row_name(self, row: int) -> str:
        """The time of a row, or its number from 1."""
        return f"row {row + 1:,}" if self.times is None else shown(self.times[row])


class Numbers(NamedTuple):
    """The cells of a column as numbers (lines,), NaN if missing or a word; the number of words; the first one's line."""

    values: np.ndarray
    words: int
    first_word: int


def read_numbers(cells: Sequence[str]) -> Numbers:
    """Cells as numbers, all at once if all of them are."""
    try:
        return Numbers(np.array(cells).astype(float), 0, -1)
    except ValueError:
        values = np.full(len(cells), np.nan)
    words = []
    for k, cell in enumerate(cells):
        try:
            values[k] = float(cell)
        except ValueError:
            if not missing(cell):
                words.append(k)
    return Numbers(values, len(words), words[0] if words else -1)


def missing(cell: str) -> bool:
    """Whether a cell has no value."""
    return cell.strip().casefold() in MISSING


# --- reading ---------------------------------------------------------------------------------------------------------


def read_table(place: str, text: str, time_columns: Sequence[str] | None = None) -> Table:
    """A table in a CSV file.

    Args:
        place: the file, for messages.
        text: its content.
        time_columns: the columns of the time, several of which are read as one text, or as numbers if they are called
            year, month, day ...; guessed by their names if None, none if empty.

    Raises:
        DataError: there are no rows, a column that is named does not exist, or see above.
    """
    rows: Iterator[tuple[int, list[str]]] = csv_rows(place, text)
    first = next(rows, None)
    found = list(rows)
    if first is None or not found:
        raise DataError(f"{place} has no rows; a table has a header with the names of the columns, and one row per time")
    names = first[1]
    columns = zip(*(cells for _, cells in found), strict=True)
    cells: dict[str, Sequence[str]] = dict(zip(names, columns, strict=True))
    if time_columns is None:
        time_columns = guess_time_columns(names, cells)
    if absent := [name for name in time_columns if name not in cells]:
        known = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        raise DataError(f"{place} has no column {absent[0]!r} for the time; its columns are {known}")
    table = Table(place, [line for line, _ in found], cells, time_columns)
    if not table.names:
        raise DataError(f"{place} has no column besides the time; add the measurements")
    return table


def guess_time_columns(names: Sequence[str], cells: dict[str, Sequence[str]]) -> list[str]:
    """Columns called year, month, day ..., or one with a usual name and a time in its first cells; empty if none."""
    by_name = {name.casefold(): name for name in names}
    if {"year", "month"} <= by_name.keys():
        return [by_name[unit] for unit in UNITS if unit in by_name]
    both = [[by_name["date"], by_name["time"]]] if {"date", "time"} <= by_name.keys() else []
    for columns in chain(both, ([by_name[name]] for name in TIME_NAMES if name in by_name)):
        first = zip(*(cells[name][:FIRST] for name in columns), strict=True)
        if any(may_be_time(" ".join(row)) for row in first):
            return columns
    return []


def may_be_time(text: str) -> bool:
    """Whether a text is a time, if only by one of several readings."""
    try:
        parse_times([text], ["a row"])
    except DataError as error:
        return "unclear" in str(error)
    return True
