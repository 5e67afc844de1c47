"""The rows of a table in a CSV or TSV file: a header, then one row per line; fields may be quoted (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from scratchnn.errors import DataError

SEPARATORS = ",;\t"


def csv_rows(place: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The line and the cells of the header and of each row; lines without anything on them are left out.

    The separator is the one that occurs most often in the header.

    Args:
        place: the file, for messages.
        text: its content.

    Raises:
        DataError: a row has another number of cells than the header, or its double quotes do not match.
    """
    header = text.partition("\n")[0]
    separator = max(SEPARATORS, key=header.count)
    plain = separator == "\t" and '"' not in header  # then quotes mean nothing, as in nsmc
    csv.field_size_limit(max(len(text), 1))  # a document may be longer than Python's limit of 128 KiB
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL,
        strict=True,
    )
    width, line = 0, 1
    try:
        for cells in reader:
            if not width:
                width = len(cells)
                yield line, [name.strip() for name in cells]
            elif cells:
                if len(cells) != width:
                    raise DataError(
                        f"{place}: the row at line {line} has {len(cells)} fields, the header has {width}; put "
                        "fields that contain a separator or a line end in double quotes"
                    )
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{place}: the row at line {line} is damaged ({error}); check its double quotes") from None
