"""Reads the rows of a file of word vectors, text or binary; ``formats`` describes both and decides which it is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError, ScratchnnWarning
from scratchnn.word2vec.keyed_vectors import KeyedVectors, first_non_finite_row

FLOAT = np.dtype("<f4")
SHOWN = 80  # bytes of a word in a message
LONGEST_WORD = 1 << 20  # bytes; without a limit, a file without a space would be read whole before it is refused


class Table:
    """The words and vectors of a file, collected row by row; errors name the line or row."""

    def __init__(self, path: Path, limit: int | None = None):
        self.path, self.limit = path, limit
        self.words: dict[str, None] = {}  # in the order of the rows
        self.data = bytearray()  # float32 rows in sequence; grows in place, unlike an array
        self.rows_read = self.repeated = self.cut = 0

    def full(self) -> bool:
        """Whether there are as many words as are to be read."""
        return len(self.words) == self.limit

    def add_word(self, raw: bytes, unit: str, place: int) -> bool:
        """Append the word of the next row; ``unit`` (line or row) and ``place`` are for error messages.

        Returns:
            False if the word is repeated, and its row is to be left out.
        """
        try:
            word = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":  # not cut inside its last character, but in another encoding
                raise DataError(
                    f"{self.path}, {unit} {place}: the word {raw[:SHOWN]!r} is not UTF-8; convert the file first"
                ) from None
            word = raw.decode("utf-8", "replace")
            self.cut += 1
        if not word:
            raise DataError(f"{self.path}, {unit} {place}: a vector without a word")
        self.rows_read += 1
        if word in self.words:
            self.repeated += 1
            return False
        self.words[word] = None
        return True

    def rows(self, width: int) -> np.ndarray:
        """The vectors (V, D) without the words."""
        return np.frombuffer(self.data, dtype=FLOAT).reshape(-1, width)

    def vectors(self, width: int) -> KeyedVectors:
        """All rows so far, with their words; what is not as it should be is counted in one warning."""
        found = [
            f"{count:,} {what}"
            for count, what in (
                (self.repeated, "repeated words left out, the first vector of each kept"),
                (self.cut, "words that are cut inside a character, now U+FFFD"),
            )
            if count
        ]
        if found:
            warnings.warn(f"{self.path}: {'; '.join(found)}", ScratchnnWarning, stacklevel=4)
        return KeyedVectors(list(self.words), self.rows(width))


def _lines(blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Blocks as lists of complete lines, with their ends; LF, CRLF and CR end a line."""
    parts: list[bytes] = []  # of a line that is not complete; joined once, so that the time is linear in its length
    for block in blocks:
        if not parts or parts[-1].endswith((b"\r", b"\n")) or b"\n" in block or b"\r" in block:
            lines = b"".join([*parts, block]).splitlines(keepends=True)
            parts = lines[-1:]  # may be incomplete; a CR may be the first half of CRLF
            yield lines[:-1]
        else:
            parts.append(block)
    yield [b"".join(parts)]


def read_text(table: Table, blocks: Iterator[bytes], header: tuple[int, int] | None) -> KeyedVectors:
    """Rows of text, compared with the header (words, dimensions) if there is one."""
    path = table.path
    count, width = header or (None, 0)
    number = 2 if header else 1
    for lines in _lines(blocks):
        tokens: list[bytes] = []
        places: list[int] = []
        for place, line in enumerate(lines, start=number):
            parts = line.split()
            if not parts:
                continue
            if table.rows_read == count:
                raise DataError(f"{path}, line {place}: more rows than the {count} in the header")
            width = width or _width(parts)
            if len(parts) - 1 > width > 0 and not any(map(is_number, parts[1:-width])):
                parts = line.strip().rsplit(None, width)  # a word with spaces
            if len(parts) - 1 != width or not width:
                other = "the header says" if header else "the first row has"
                expected = f"{other} {width}" if width else "expected a word and its vector"
                raise DataError(f"{path}, line {place}: {len(parts) - 1} numbers after the word; {expected}")
            if table.add_word(parts[0], "line", place):
                tokens += parts[1:]
                places.append(place)
            if table.full():
                break
        number += len(lines)
        table.data += _numbers(path, tokens, places, width).tobytes()
        if table.full():
            return table.vectors(width)
    if count is not None and table.rows_read < count:
        raise DataError(f"{path}: the header says {count} rows, the file contains {table.rows_read}")
    return table.vectors(width)


def _width(parts: list[bytes]) -> int:
    """The dimensions by the fields of the first row: all after the word, which may have spaces if they are no numbers."""
    first = next((k for k, part in enumerate(parts) if k and is_number(part)), len(parts))
    return len(parts) - first if all(map(is_number, parts[first:])) and first < len(parts) else len(parts) - 1


def _numbers(path: Path, tokens: list[bytes], places: list[int], width: int) -> np.ndarray:
    """The numbers of several rows, ``width`` tokens each, float32; ``places`` are their line numbers."""
    try:
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinity, which is an error below
            values = np.array(tokens, dtype=FLOAT)
        wrong = np.flatnonzero(~np.isfinite(values))
    except ValueError:
        wrong = np.flatnonzero([not is_number(token) for token in tokens])
    if len(wrong):
        token = tokens[wrong[0]][:SHOWN].decode("utf-8", errors="backslashreplace")
        raise DataError(f"{path}, line {places[wrong[0] // width]}: {token!r} is not a finite float32 number")
    return values


def is_number(token: bytes) -> bool:
    """Whether a field of a line is a number."""
    try:
        float(token)
    except ValueError:
        return False
    return True


def read_binary(table: Table, blocks: Iterator[bytes], header: tuple[int, int]) -> KeyedVectors:
    """Binary rows; the header (words, dimensions) says how many and how wide."""
    path = table.path
    count, width = header
    size = width * FLOAT.itemsize
    buffer, start = bytearray(), 0
    for row in range(1, count + 1):
        while (space := buffer.find(b" ", start)) < 0 or len(buffer) <= space + size:
            if space < 0 and len(buffer) - start > LONGEST_WORD:
                raise DataError(f"{path}, row {row}: a word of more than {LONGEST_WORD:,} bytes; the file is damaged")
            block = next(blocks, None)
            if block is None:
                raise DataError(f"{path} is truncated: it ends in row {row} of the {count} in the header")
            del buffer[:start]
            buffer += block
            start = 0
        new = table.add_word(bytes(buffer[start:space].lstrip(b"\r\n")), "row", row)
        start = space + 1 + size
        if new:
            table.data += buffer[space + 1 : start]
        if table.full():
            break
    if not table.full() and (bytes(buffer[start:]).strip() or any(block.strip() for block in blocks)):
        raise DataError(f"{path}: more bytes follow the {count} rows in the header")
    bad = first_non_finite_row(table.rows(width))
    if bad is not None:
        raise DataError(f"{path}, row {bad + 1}: the vector of {list(table.words)[bad]!r} contains NaN or infinity")
    return table.vectors(width)
