"""PNG files as arrays, and folders of pictures with captions.

A folder has a file ``captions.tsv``. Each of its lines is the name of a picture in the folder, a tab, and its caption; a
picture with several captions has several lines.

All kinds of PNG become red, green and blue, 0 to 255: grey is repeated three times, colours of a palette are looked up, 16
bits are rounded to 8, and what is transparent is drawn on white. Pictures are not scaled: a picture of another size than
the others is an error. PNG specification (W3C, 2003), section 5.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import unicodedata
import zlib
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError
from scratchnn.plot import import_matplotlib
from scratchnn.tasks.tables import read_pairs

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = 13  # bytes in the chunk IHDR
CAPTIONS = "captions.tsv"
MOST_PIXELS = 1 << 22  # of one picture; a larger one is no input of these models, and may be made to fill the memory

Size = tuple[int, int]  # rows and columns


def png_header(raw: bytes, place: str | Path) -> tuple[Size, int]:
    """Rows and columns of a PNG file, and its bits per channel; ``DataError`` unless all chunks and checksums are right."""
    if not raw.startswith(SIGNATURE):
        raise DataError(f"{place} is not a PNG file; save it as PNG")
    start, kind, size, depth = len(SIGNATURE), b"", (0, 0), 8
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", raw[start : start + 8].ljust(8, b"\0"))
        end = start + 8 + length
        if end + 4 > len(raw) or zlib.crc32(raw[start + 4 : end]) != int.from_bytes(raw[end : end + 4], "big"):
            raise damaged(raw, start, place)
        if kind == b"IHDR" and length == HEADER:
            columns, rows, depth = struct.unpack(">IIB", raw[start + 8 : start + 17])
            size = rows, columns
        start = end + 4
    if 0 in size:
        raise damaged(raw, len(SIGNATURE), place)
    return size, depth


def damaged(raw: bytes, start: int, place: str | Path) -> DataError:
    """The error for a file with a chunk, at byte ``start``, that is not as it was written."""
    return DataError(f"{place} is a damaged PNG file (at byte {start:,} of {len(raw):,}); copy it again")


def read_picture(path: str | Path, size: Size | None = None, wanted_by: str = "") -> np.ndarray:
    """The picture in a PNG file, uint8 (P, Q, 3).

    Args:
        path: of the file; its name may be on the disk in another Unicode form.
        size: P and Q that it must have; any if None.
        wanted_by: what has pictures of that size, for the message.

    Raises:
        DataError: the file cannot be read, is damaged or no PNG, or the picture has another size.
    """
    try:
        raw = find_file(Path(path)).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    found, depth = png_header(raw, path)
    if size is not None and found != size:
        wanted = f"{wanted_by} {size[1]} x {size[0]}"
        raise DataError(f"{path} has {found[1]} x {found[0]} pixels, {wanted}; scale it to that size")
    if found[0] * found[1] > MOST_PIXELS:
        raise DataError(f"{path} has {found[1]:,} x {found[0]:,} pixels; scale it down first")
    if "matplotlib" not in sys.modules:
        import_matplotlib()
    from matplotlib.image import imread

    try:
        picture = imread(io.BytesIO(raw), format="png")  # 0 to 1; (P, Q), (P, Q, 3), or (P, Q, 4) with alpha
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} is a PNG file that cannot be read: {error}") from None
    if picture.max() > 1:  # matplotlib divides grey of 2 or 4 bits by 3 or 15 after it was scaled to 255
        picture *= (2**depth - 1) / 255
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)  # (P, Q) -> (P, Q, 3)
    if picture.shape[2] == 4:
        alpha = picture[:, :, 3:]
        picture = picture[:, :, :3] * alpha + 1 - alpha
    return np.rint(picture * 255).astype(np.uint8)


def read_folder(folder: str, size: Size | None = None, wanted_by: str = "") -> list[tuple[np.ndarray, str]]:
    """The pictures of a folder, uint8 (P, Q, 3), and their captions; a picture with several captions is one array.

    Args:
        folder: with ``captions.tsv``.
        size: that all pictures must have; that of the first one if None.
        wanted_by: what has pictures of that size, for the message.
    """
    place = Path(folder)
    table = place / CAPTIONS
    if place.is_dir() and not table.exists():
        raise DataError(f"{folder} has no {CAPTIONS}; each of its lines is the name of a picture, a tab, and its caption")
    if place.is_file():
        raise DataError(f"{folder} is a file; pictures are read from a folder of PNG files with {CAPTIONS}")
    pictures: dict[str, np.ndarray] = {}
    found = []
    for name, caption in read_pairs([str(table)], "the name of a picture and its caption"):
        if not caption.strip():
            raise DataError(f"{table}: the caption of {name!r} is empty; write one, or remove the line")
        if not name.strip():
            raise DataError(f"{table}: the caption {caption!r} has no picture before its tab; name one, or remove the line")
        if name not in pictures:
            pictures[name] = read_picture(place / name, size, wanted_by)
            if size is None:
                size, wanted_by = pictures[name].shape[:2], f"{name} has"
        found.append((pictures[name], caption))
    return found


def find_file(path: Path) -> Path:
    """The file with that name, or with the same letters in another Unicode form: macOS saves accents as own characters.

    So may the folders in which it is. If there is no such file, neither is the one that is returned.
    """
    if os.path.exists(path) or path == path.parent:
        return path
    folder, wanted = find_file(path.parent), unicodedata.normalize("NFC", path.name)
    try:
        others = os.listdir(folder)
    except (OSError, ValueError):  # ValueError: a name that no folder can have
        return path
    same = (other for other in others if unicodedata.normalize("NFC", other) == wanted)
    return folder / next(same, path.name)
