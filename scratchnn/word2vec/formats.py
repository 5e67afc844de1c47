"""Word vectors in files: word2vec's text and binary formats and GloVe's text format, plain or ``.gz``.

    text      V D           then one line per word       word x_1 ... x_D                      Mikolov et al. (2013)
    binary    V D           then for each word           word, a space, D little-endian float32, a line feed
    glove     no header     one line per word            word x_1 ... x_D                      Pennington et al. (2014)

V words, D dimensions. A word is any UTF-8 without ASCII white space. The format is recognised by the content: a first line
of two whole numbers is a header (so the GloVe format cannot store one-dimensional vectors whose first line looks like
that), and numbers in text are printable ASCII, while rows of float32 are not. In the binary format, line ends before a word
are skipped: the original program writes one after each vector, gensim writes none. Lines of text may end in LF, CRLF or CR,
also mixed, and empty lines are skipped.

Text is written with nine significant digits, which represent every float32 exactly.
"""

from __future__ import annotations

import codecs
import gzip
import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError
from scratchnn.files import atomic_file
from scratchnn.word2vec.keyed_vectors import KeyedVectors, first_non_finite_row

FORMATS = ("text", "binary", "glove")
VECTORS = "vectors.txt"  # in a run folder
BLOCK = 1 << 20  # bytes read at once
PEEK = 1 << 16  # bytes examined to distinguish text from float32
ROWS = 1024  # rows written at once
FLOAT = np.dtype("<f4")
HEADER = re.compile(rb"(?:%b)?([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]*(?:\r\n|\r|\n|\Z)" % codecs.BOM_UTF8)
PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t"
WHITE_SPACE = re.compile(r"[ \t\n\r\x0b\x0c]")


def read_vectors(path: str | Path) -> KeyedVectors:
    """Words and vectors from a file in any of the three formats, or from ``vectors.txt`` in a run folder.

    Raises:
        DataError: the file is missing, empty or damaged; the message names the line or row.
    """
    path = Path(path)
    if path.is_dir():
        path = path / VECTORS
        if not path.exists():
            raise DataError(f"{path.parent} contains no {VECTORS}; pass a run folder of train word2vec or a vector file")
    blocks = _blocks(path)
    head = next(blocks, b"")
    if not head.strip():
        raise DataError(f"{path} is empty")
    header = HEADER.match(head)
    if header is None:
        return _read_text(path, itertools.chain([head], blocks), None)
    count, width = int(header[1]), int(header[2])
    if count < 1 or width < 1:
        raise DataError(f"{path}, line 1: the header says {count} words of {width} dimensions; both must be 1 or more")
    rest = head[header.end() :]
    blocks = itertools.chain([rest], blocks)
    return (_read_binary if _is_binary(rest) else _read_text)(path, blocks, (count, width))


def write_vectors(path: str | Path, vectors: KeyedVectors, format: str = "text") -> None:
    """Write in one of the three ``FORMATS``, compressed if the name ends in ``.gz``; the file is complete or absent."""
    if format not in FORMATS:
        raise DataError(f"unknown format {format!r}; choose one of {', '.join(FORMATS)}")
    for row, word in enumerate(vectors.words):
        if not word or WHITE_SPACE.search(word):
            raise DataError(f"cannot write {path}: the word {word!r} (row {row}) is empty or contains white space")
        try:
            word.encode("utf-8")
        except UnicodeEncodeError:
            raise DataError(f"cannot write {path}: the word {word!r} (row {row}) is not valid Unicode") from None
    with atomic_file(path) as file:
        if Path(path).suffix == ".gz":
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:  # equal bytes at any time
                packed.writelines(_pieces(vectors, format))
        else:
            file.writelines(_pieces(vectors, format))


def _pieces(vectors: KeyedVectors, format: str) -> Iterator[bytes]:
    """The bytes of the file, ``ROWS`` rows at a time."""
    V, D = vectors.vectors.shape
    if format != "glove":
        yield b"%d %d\n" % (V, D)
    line = " %.9g" * D + "\n"
    for start in range(0, V, ROWS):
        words, table = vectors.words[start : start + ROWS], vectors.vectors[start : start + ROWS]
        if format == "binary":
            rows = zip(words, table.astype(FLOAT), strict=True)
            yield b"".join(word.encode("utf-8") + b" " + row.tobytes() + b"\n" for word, row in rows)
        else:
            pairs = zip(words, table.tolist(), strict=True)
            yield "".join([word + line % tuple(row) for word, row in pairs]).encode("utf-8")


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of the file, unpacked, ``BLOCK`` at a time."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            while block := file.read(BLOCK):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a complete gzip file ({error})") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


def _lines(blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Blocks as lists of complete lines, with their ends; LF, CRLF and CR end a line."""
    part = b""
    for block in blocks:
        lines = (part + block).splitlines(keepends=True)
        part = lines.pop() if lines else b""  # may be incomplete; a CR may be the first half of CRLF
        yield lines
    yield [part]


def _is_binary(rows: bytes) -> bool:
    """Whether ``rows``, the bytes after a header, are float32: anything but printable ASCII follows the words.

    A float32 may contain the byte of a line end, so a "line" may also be a part of a row without a word.
    """
    lines = rows[:PEEK].replace(b"\t", b" ").splitlines()
    if len(rows) > PEEK:
        lines.pop()  # may be truncated within its word
    fields = [line.lstrip(b" ").partition(b" ") for line in lines]
    numbers = b"".join(rest if space else word for word, space, rest in fields)  # a row of text has a space after its word
    return bool(numbers.translate(None, PRINTABLE))


class _Table:
    """The words and vectors of a file, collected row by row; errors name the line or row."""

    def __init__(self, path: Path):
        self.path = path
        self.places: dict[str, int] = {}  # the line or row of each word
        self.data = bytearray()  # float32 rows in sequence; grows in place, unlike an array

    def add_word(self, raw: bytes, unit: str, place: int) -> None:
        """Append the word of the next row; ``unit`` (line or row) and ``place`` are for error messages."""
        try:
            word = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{self.path}, {unit} {place}: the word {raw!r} is not UTF-8; convert the file first") from None
        if not word:
            raise DataError(f"{self.path}, {unit} {place}: a vector without a word")
        if word in self.places:
            raise DataError(
                f"{self.path}, {unit} {place}: the word {word!r} is repeated, first in {unit} {self.places[word]}"
            )
        self.places[word] = place

    def vectors(self, width: int) -> KeyedVectors:
        """All rows so far, with their words."""
        return KeyedVectors(list(self.places), self.rows(width))

    def rows(self, width: int) -> np.ndarray:
        """The vectors (V, D) without the words."""
        return np.frombuffer(self.data, dtype=FLOAT).reshape(-1, width)


def _read_text(path: Path, blocks: Iterator[bytes], header: tuple[int, int] | None) -> KeyedVectors:
    """Rows of text, compared with the header (words, dimensions) if there is one."""
    table = _Table(path)
    count, width = header or (None, 0)
    number = 2 if header else 1
    for lines in _lines(blocks):
        tokens: list[bytes] = []
        places: list[int] = []
        for place, line in enumerate(lines, start=number):
            parts = line.split()
            if not parts:
                continue
            if len(table.places) == count:
                raise DataError(f"{path}, line {place}: more rows than the {count} in the header")
            width = width or len(parts) - 1
            if len(parts) - 1 != width or not width:
                other = "the header says" if header else "the first row has"
                expected = f"{other} {width}" if width else "expected a word and its vector"
                raise DataError(f"{path}, line {place}: {len(parts) - 1} numbers after the word; {expected}")
            table.add_word(parts[0], "line", place)
            tokens += parts[1:]
            places.append(place)
        number += len(lines)
        table.data += _numbers(path, tokens, places, width).tobytes()
    if count is not None and len(table.places) < count:
        raise DataError(f"{path}: the header says {count} rows, the file contains {len(table.places)}")
    return table.vectors(width)


def _numbers(path: Path, tokens: list[bytes], places: list[int], width: int) -> np.ndarray:
    """The numbers of several rows, ``width`` tokens each, float32; ``places`` are their line numbers."""
    try:
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinity, which is an error below
            values = np.array(tokens, dtype=FLOAT)
        wrong = np.flatnonzero(~np.isfinite(values))
    except ValueError:
        wrong = np.flatnonzero([not _is_number(token) for token in tokens])
    if len(wrong):
        token = tokens[wrong[0]].decode("utf-8", errors="backslashreplace")
        raise DataError(f"{path}, line {places[wrong[0] // width]}: {token!r} is not a finite float32 number")
    return values


def _is_number(token: bytes) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


def _read_binary(path: Path, blocks: Iterator[bytes], header: tuple[int, int]) -> KeyedVectors:
    """Binary rows; the header (words, dimensions) says how many and how wide."""
    table = _Table(path)
    count, width = header
    size = width * FLOAT.itemsize
    buffer, start = bytearray(), 0
    for row in range(1, count + 1):
        while (space := buffer.find(b" ", start)) < 0 or len(buffer) <= space + size:
            block = next(blocks, None)
            if block is None:
                raise DataError(f"{path} is truncated: it ends in row {row} of the {count} in the header")
            del buffer[:start]
            buffer += block
            start = 0
        table.add_word(bytes(buffer[start:space].lstrip(b"\r\n")), "row", row)
        start = space + 1 + size
        table.data += buffer[space + 1 : start]
    if bytes(buffer[start:]).strip() or any(block.strip() for block in blocks):
        raise DataError(f"{path}: more bytes follow the {count} rows in the header")
    bad = first_non_finite_row(table.rows(width))
    if bad is not None:
        raise DataError(f"{path}, row {bad + 1}: the vector of {list(table.places)[bad]!r} contains NaN or infinity")
    return table.vectors(width)
