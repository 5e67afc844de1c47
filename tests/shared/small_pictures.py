"""Small pictures with captions, and PNG files of every kind, written by hand."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

COLOURS = {"red": (200, 30, 30), "green": (30, 180, 30), "blue": (20, 40, 220)}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows: list[bytes], columns: int, depth: int, kind: int, *more: bytes) -> bytes:
    """A PNG file of unfiltered rows; ``more`` are chunks between the header and the pixels."""
    header = struct.pack(">IIBBBBB", columns, len(rows), depth, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join([SIGNATURE, chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def rgb_png(picture: np.ndarray) -> bytes:
    """A picture, uint8 (P, Q, 3), as a PNG file."""
    return png([row.tobytes() for row in picture], picture.shape[1], 8, 2)


def halves(count: int, seed: int = 0) -> list[tuple[np.ndarray, str]]:
    """Pictures (8, 12, 3) with a colour on the left and another on the right, and captions such as "red left of blue"."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        left, right = rng.permutation(list(COLOURS))[:2]
        picture = np.empty((8, 12, 3), dtype=np.float64)
        picture[:, :6], picture[:, 6:] = COLOURS[left], COLOURS[right]
        picture += rng.normal(0, 5, picture.shape)
        found.append((picture.round().clip(0, 255).astype(np.uint8), f"{left} left of {right}"))
    return found


def write_pictures(folder: Path, pictures: list[tuple[np.ndarray, str]]) -> Path:
    """A folder of PNG files with ``captions.tsv``."""
    folder.mkdir()
    lines = []
    for number, (picture, caption) in enumerate(pictures):
        (folder / f"{number}.png").write_bytes(rgb_png(picture))
        lines.append(f"{number}.png\t{caption}\n")
    (folder / "captions.tsv").write_text("".join(lines), encoding="utf-8")
    return folder
