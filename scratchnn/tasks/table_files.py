"""Tables of texts as they come from elsewhere: CSV and TSV files with a header (RFC 4180), and JSON lines.

A row is its line number and its cells by column; for CSV and TSV files see ``text/csv_rows.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.csv_rows import check_text, csv_rows

TABLES, JSON_LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")
INSTEAD = {  # forms that are not read, and what to do
    ".json": "write one JSON object per line and name the file .jsonl (pandas: to_json with orient='records', lines=True)",
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save the sheet as CSV in UTF-8"),
    ".parquet": "write it as CSV",
}

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


def table_rows(source: str) -> Rows:
    """The rows of a CSV or TSV file; empty lines are left out."""
    text = read_text(source)
    table = csv_rows(source, text)
    _, names = next(table, (0, []))
    rows = [(line, dict(zip(names, cells, strict=True))) for line, cells in table]
    if not rows:
        raise DataError(f"no examples in {source}; a table has a header and one row per text")
    return rows


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
