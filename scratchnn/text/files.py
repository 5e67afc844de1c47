"""Reads text files: UTF-8 without NUL bytes, plain or gzip, with one clear error line for any other content.

LF, CRLF and CR end a line, also mixed in one file; nothing else does. Form feeds, U+0085 and U+2028, at which
``str.splitlines`` also splits, are white space inside a line.
"""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from scratchnn.errors import DataError

KINDS = {  # what files begin with that are often taken for text; what they are, and what to do
    rb"\x1f\x8b": "gzip; add .gz to its name, or unpack it",
    rb"PK\x03\x04(?s:.{26,70}?)\.npy": "a NumPy archive (.npz); pass the run folder, or write its arrays as text",
    rb"PK\x03\x04": "a zip archive; unpack it and pass the file inside",
    rb"BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd": "a compressed archive; unpack it and pass the file inside",
    rb"\x93NUMPY": "a NumPy array (.npy), which has no words; write words and numbers as text",
    rb"\x80[\x02-\x05]": "a Python pickle, as gensim's save writes; in gensim, write it with save_word2vec_format",
    rb"\xba\x16\x4f\x2f": "a fastText model (.bin); pass its .vec file",
    rb"version https://git-lfs": "a Git LFS pointer, not the file itself; fetch it with git lfs pull",
    rb"(?i)\s*<(?:!doctype html|html|head)\b": "an HTML page; open the link in a browser, and download the file itself",
    rb"\xff\xfe|\xfe\xff": "UTF-16 text; save it as UTF-8",
}


def recognise(head: bytes) -> str | None:
    """What a file is that begins with ``head`` and what to do about it, if it is none that this package reads."""
    return next((text for pattern, text in KINDS.items() if re.match(pattern, head)), None)


def not_utf8(path: Path, byte: int, offset: int, head: bytes) -> DataError:
    """The error for a file with a byte that is not UTF-8; ``head`` is the beginning of the file."""
    return DataError(f"{path} is not UTF-8: byte 0x{byte:02x} at offset {offset}; convert it first{hint(head)}")


def hint(head: bytes) -> str:
    """The end of a message about a file that begins with ``head``: what it is, if that is known."""
    kind = recognise(head)
    return "" if kind is None else f" (it is {kind})"


def one_line_end(text: str) -> str:
    """All line ends converted to line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_lines(text: str) -> list[str]:
    """The lines of a text without their ends; a line end at the end of the text begins no further line."""
    lines = one_line_end(text).split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def read_text(path: str | Path) -> str:
    """The whole file as text, with all line ends converted to line feeds. Files named ``.gz`` are unpacked."""
    path = Path(path)
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a complete gzip file ({error})") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        text = one_line_end(raw.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise not_utf8(path, raw[error.start], error.start, raw[:200]) from None
    if "\0" in text:  # UTF-16 without its mark, or no text at all
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            f"{path}: line {line} contains a NUL byte, which no text has; save the file again as UTF-8{hint(raw[:200])}"
        )
    return text


def read_texts(paths: list[str] | list[Path]) -> str:
    """Several files, one after the other, each ending in a line end; ``DataError`` if there is no text in them."""
    parts = [read_text(path) for path in paths]
    text = "".join(part if part.endswith("\n") or not part else part + "\n" for part in parts)
    if not text.strip():
        raise DataError(f"no text in {', '.join(map(str, paths))}")
    return text
