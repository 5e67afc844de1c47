"""Tables of texts as they come from elsewhere: CSV and TSV files with a header (RFC 4180), and JSON lines.

A row is its line number and its cells by column; for CSV and TSV files see ``text/csv_rows.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.csv_rows import csv_rows

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


class Listed(str):
    """A list of a JSON object as one string with commas: the labels of a text, but no text.

    Attributes:
        entries: the list, each entry as one line.
    """

    entries: list[str]

    def __new__(cls, values: Iterable[object]) -> Listed:
        """From the values of the list."""
        entries = [" ".join(str(value).split()) for value in values]
        listed = super().__new__(cls, ",".join(entries))
        listed.entries = entries
        return listed


def json_rows(source: str) -> Rows:
    """The objects of a file with one per line. Objects in an object, and lists of objects or lists, are left out."""
    text = read_text(source)
    rows: Rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        values = json_object(f"{source}: line {number}", line)
        cells = {name: as_cell(value) for name, value in values.items() if not is_nested(value)}
        if "\\u" in line:
            check_characters(f"{source}: line {number}", cells)
        rows.append((number, cells))
    if not rows:
        raise DataError(f"no examples in {source}; a line is a JSON object with a text and a label")
    return rows


def json_object(place: str, line: str) -> dict[str, object]:
    """The object in a line of a file; ``place`` is the file and the line, for messages."""
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        reason = f"{error.msg[0].lower()}{error.msg[1:]} at column {error.colno}"
        raise DataError(f"{place} is not JSON ({reason}); write one JSON object per line") from None
    except (ValueError, RecursionError):  # limits of Python
        raise DataError(f"{place} has a number of too many digits, or too many lists in each other; leave it out") from None
    if not isinstance(values, dict):
        raise DataError(f"{place} is not a JSON object such as " + '{"text": "...", "label": "..."}')
    return values


def is_nested(value: object) -> bool:
    """Whether a JSON value is an object, or a list with more in it than texts and numbers."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value))


def as_cell(value: object) -> str:
    """A JSON value as it would be in a table."""
    if isinstance(value, list):
        return Listed(value)
    return "" if value is None else str(value)


def check_characters(place: str, cells: dict[str, str]) -> None:
    r"""Raise ``DataError`` for what only an escape such as ``\ud83d`` can write: half of a character, and NUL."""
    for text in (*cells, *cells.values()):
        if bad := re.search("[\0\ud800-\udfff]", text):
            escape = rf"\u{ord(bad[0]):04x}"
            raise DataError(rf"{place} contains {escape}, which is no character of a text; leave it out, or write \ufffd")
