"""Tables of texts as they come from elsewhere: CSV and TSV files with a header (RFC 4180), and JSON lines.

A row is its line number and its cells by column. The separator is a comma, a semicolon or a tab: that with which the header
and the first row have the same number of fields, the most of them. Fields may be quoted and then contain separators and
line ends. A file with tabs and without quotes in its header has no quoting at all, as in nsmc.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchnn.errors import DataError
from scratchnn.text import read_text

SEPARATORS = ",;\t"
TABLES, JSON_LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")
INSTEAD = {  # forms that are not read, and what to do
    ".json": "write one JSON object per line and name the file .jsonl (pandas: to_json with orient='records', lines=True)",
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save the sheet as CSV in UTF-8"),
    ".parquet": "write it as CSV",
}

SAMPLE = 100_000  # characters in which the separator is looked for

Rows = list[tuple[int, dict[str, str]]]


def kind_of(source: str) -> str:
    """The end of a file's name that says what it is, without ``.gz``, in lower case."""
    return Path(source.removesuffix(".gz")).suffix.lower()


def is_table(source: str) -> bool:
    """Whether the name of a file says that it is a table; ``DataError`` for a form that is not read."""
    kind = kind_of(source)
    if kind in INSTEAD:
        raise DataError(f"{source}: {kind} files are not read; {INSTEAD[kind]}")
    return kind in TABLES + JSON_LINES


def read_rows(source: str) -> Rows:
    """The rows of a table or of a file of JSON lines."""
    return json_rows(source) if kind_of(source) in JSON_LINES else table_rows(source)


def first_line(text: str) -> str:
    """The text up to its first line end."""
    return text.partition("\n")[0]


def table_rows(source: str) -> Rows:
    """The rows of a CSV or TSV file; empty lines are left out."""
    text = read_text(source)
    check_text(source, text)
    chosen = re.match(r"sep=([,;\t])\n", text)  # a line that Excel writes and hides
    start = text.removeprefix(chosen[0]) if chosen else text
    csv.field_size_limit(max(len(text), 1))  # a document may be longer than Python's limit of 128 KiB
    separator = chosen[1] if chosen else find_separator(start)
    cells_of = csv.reader(io.StringIO(start, newline=""), strict=True, **dialect(start, separator))
    rows: Rows = []
    names: list[str] | None = None
    skipped = text.count("\n") - start.count("\n")
    line = 1 + skipped
    try:
        for cells in cells_of:
            if cells and names is None:
                names = [name.strip() for name in cells]
                check_names(source, names)
            elif cells and names is not None:
                if len(cells) != len(names):
                    fields = f"{len(cells)} field{'s' if len(cells) > 1 else ''}"
                    raise DataError(
                        f"{source}: the row at line {line} has {fields}, the header has {len(names)}; put fields that "
                        "contain a separator or a line end in double quotes"
                    )
                rows.append((line, dict(zip(names, cells, strict=True))))
            line = cells_of.line_num + 1 + skipped
    except csv.Error as error:
        raise DataError(f"{source}: the row at line {line} is damaged ({error}); check its double quotes") from None
    if not rows:
        raise DataError(f"no examples in {source}; a table has a header and one row per text")
    return rows


def check_text(source: str, text: str) -> None:
    """Raise ``DataError`` for a NUL, which no text has."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{source}: line {line} contains a NUL byte, which no text has; save the table again as UTF-8")


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


def json_rows(source: str) -> Rows:
    """The objects of a file with one per line. A list of strings becomes one string with commas; objects are left out."""
    text = read_text(source)
    check_text(source, text)
    rows: Rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{source}: line {number} is not JSON ({error})") from None
        if not isinstance(values, dict):
            raise DataError(f"{source}: line {number} is not a JSON object such as " + '{"text": "...", "label": "..."}')
        rows.append((number, {name: as_cell(value) for name, value in values.items() if not isinstance(value, dict)}))
    if not rows:
        raise DataError(f"no examples in {source}; a line is a JSON object with a text and a label")
    return rows


def as_cell(value: object) -> str:
    """A JSON value as it would be in a table."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
