"""The rows of a table in a CSV or TSV file: a header, then one row per line; fields may be quoted (RFC 4180).

The separator is a comma, a semicolon or a tab: that with which the header and the first row have the same number of fields,
the most of them. Fields that are quoted may contain separators and line ends. A file with tabs and without quotes in its
header has no quoting at all, as in nsmc.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from scratchnn.errors import DataError

SEPARATORS = ",;\t"
SAMPLE = 100_000  # characters in which the separator is looked for


def csv_rows(source: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The line and the cells of the header and of each row; empty lines are left out.

    Args:
        source: the file, for messages.
        text: its content.

    Raises:
        DataError: a row has another number of cells than the header, two columns have one name, or quotes do not match.
    """
    chosen = re.match(r"sep=([,;\t])\n", text)  # a line that Excel writes and hides
    start = text.removeprefix(chosen[0]) if chosen else text
    csv.field_size_limit(max(len(text), 1))  # a document may be longer than Python's limit of 128 KiB
    separator = chosen[1] if chosen else find_separator(start)
    cells_of = csv.reader(io.StringIO(start, newline=""), strict=True, **dialect(start, separator))
    skipped = text.count("\n") - start.count("\n")
    width, line = 0, 1 + skipped
    try:
        for cells in cells_of:
            if cells and not width:
                width = len(cells)
                names = [name.strip() for name in cells]
                check_names(source, names)
                yield line, names
            elif cells:
                if len(cells) != width:
                    fields = f"{len(cells)} field{'s' if len(cells) > 1 else ''}"
                    raise DataError(
                        f"{source}: the row at line {line} has {fields}, the header has {width}; put fields that "
                        "contain a separator or a line end in double quotes"
                    )
                yield line, cells
            line = cells_of.line_num + 1 + skipped
    except csv.Error as error:
        raise DataError(f"{source}: the row at line {line} is damaged ({error}); check its double quotes") from None


def first_line(text: str) -> str:
    """The text up to its first line end."""
    return text.partition("\n")[0]


def check_names(source: str, names: Sequence[str]) -> None:
    """Raise ``DataError`` if two columns have the same name; several may have none."""
    for name in names:
        if name and names.count(name) > 1:
            raise DataError(f"{source} has {names.count(name)} columns named {name!r}; give each its own name")


def find_separator(text: str) -> str:
    """The separator of a table, by its header and its first row."""

    def fit(separator: str) -> tuple[bool, int]:
        start = text[:SAMPLE]
        rows = [cells for cells in csv.reader(io.StringIO(start, newline=""), **dialect(start, separator)) if cells]
        widths = [len(cells) for cells in rows[:2]]
        return len(set(widths)) == 1 < max(widths, default=0), max(widths[:1], default=0)

    return max(SEPARATORS, key=fit)


def dialect(text: str, separator: str) -> dict[str, Any]:
    """How ``csv`` reads the table: without quoting if there are tabs and the header has no quotes, as in nsmc."""
    plain = separator == "\t" and '"' not in first_line(text)
    return {"delimiter": separator, "quoting": csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL}
