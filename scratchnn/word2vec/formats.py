"""Word vectors in files: word2vec's text and binary formats and GloVe's text format, plain or ``.gz``.

    text      V D           then one line per word       word x_1 ... x_D                      Mikolov et al. (2013)
    binary    V D           then for each word           word, a space, D little-endian float32, a line feed
    glove     no header     one line per word            word x_1 ... x_D                      Pennington et al. (2014)

V words, D dimensions. The format is recognised by the content: a first line of two whole numbers is a header (so the GloVe
format cannot store one-dimensional vectors whose first line looks like that). After a header, the file is text if its first
line ends in D numbers, or if all that follows the words is printable ASCII; rows of float32 are neither. In the binary
format, line ends before a word are skipped: the original program writes one after each vector, gensim writes none. Lines of
text may end in LF, CRLF or CR, also mixed; empty lines and a byte order mark are skipped.

A word is any UTF-8. Files of others contain words that ``write_vectors`` does not write, and they are read:

    . . .       a word with spaces, in text: the last D fields of a line are its numbers (GloVe's 840B file)
    repeated    the first vector of a word is kept
    cut         the original program cuts a long word after so many bytes, which may be inside a character; what is left of
                that character becomes U+FFFD

Repeated and cut words are counted in a warning. Text is written with nine significant digits, which represent every float32
exactly.
"""

from __future__ import annotations

import codecs
import gzip
import itertools
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from scratchnn.errors import DataError, whole_number
from scratchnn.files import atomic_file
from scratchnn.text.files import recognise
from scratchnn.word2vec.keyed_vectors import KeyedVectors
from scratchnn.word2vec.vector_rows import FLOAT, Table, is_number, read_binary, read_text

FORMATS = ("text", "binary", "glove")
VECTORS = "vectors.txt"  # in a run folder
BLOCK = 1 << 20  # bytes read at once
PEEK = 1 << 16  # bytes examined to distinguish text from float32
ROWS = 1024  # rows written at once
HEADER = re.compile(rb"([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]*(?:\r\n|\r|\n|\Z)")
PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t"
WHITE_SPACE = re.compile(r"[ \t\n\r\x0b\x0c]")


def read_vectors(path: str | Path, limit: int | None = None) -> KeyedVectors:
    """Words and vectors from a file in any of the three formats, or from ``vectors.txt`` in a run folder.

    Args:
        path: the file or the run folder.
        limit: read only the first ``limit`` words, the most frequent ones in most files; all if None.

    Raises:
        DataError: the file is missing, empty, damaged, or not a file of vectors; the message names the line or row, or what
            the file is.
    """
    path = Path(path)
    if limit is not None:
        whole_number(limit, "limit")
    if os.path.isdir(path):
        path = path / VECTORS
        if not os.path.exists(path):
            raise DataError(f"{path.parent} contains no {VECTORS}; pass a run folder of train word2vec or a vector file")
    blocks = _blocks(path)
    head = next(blocks, b"")
    if kind := recognise(head):
        raise DataError(f"{path} is not a file of word vectors: it is {kind}")
    head = head.removeprefix(codecs.BOM_UTF8)
    if not head.strip():
        raise DataError(f"{path} is empty")
    header = HEADER.match(head)
    table = Table(path, limit)
    if header is None:
        return read_text(table, itertools.chain([head], blocks), None)
    count, width = int(header[1]), int(header[2])
    if count < 1 or width < 1:
        raise DataError(f"{path}, line 1: the header says {count} words of {width} dimensions; both must be 1 or more")
    rest = head[header.end() :]
    read = read_binary if _is_binary(rest, width) else read_text
    return read(table, itertools.chain([rest], blocks), (count, width))


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
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def _is_binary(rows: bytes, width: int) -> bool:
    """Whether ``rows``, the bytes after a header, are float32: neither of the two signs of text is there.

    A float32 may contain the byte of a line end, so a "line" may also be a part of a row without a word.
    """
    first = next((line for line in rows[:PEEK].splitlines() if line.strip()), b"")
    fields = first.split()[-width:] if len(first) < PEEK else []
    if len(fields) == width and all(map(is_number, fields)):
        return False
    lines = rows[:PEEK].replace(b"\t", b" ").splitlines()
    if len(rows) > PEEK and (len(lines) > 1 or b" " not in lines[0]):
        lines.pop()  # may be truncated within its word
    parts = [line.lstrip(b" ").partition(b" ") for line in lines]
    numbers = b"".join(rest if space else word for word, space, rest in parts)  # a row of text has a space after its word
    return bool(numbers.translate(None, PRINTABLE))
