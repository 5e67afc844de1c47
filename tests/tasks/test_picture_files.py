"""PNG files of every kind as arrays, folders with captions, and what is refused."""

from __future__ import annotations

import struct
import unicodedata

import numpy as np
import pytest
from small_pictures import SIGNATURE, chunk, halves, png, rgb_png, write_pictures

from scratchnn.errors import DataError
from scratchnn.tasks.picture_files import read_folder, read_picture

PICTURE = halves(1)[0][0]
GREY = np.array([[0, 85, 170, 255], [255, 170, 85, 0]], dtype=np.uint8)
PALETTE = np.array([[10, 20, 30], [200, 100, 0], [0, 0, 255], [255, 255, 255]], dtype=np.uint8)


def packed(values: np.ndarray, depth: int) -> list[bytes]:
    """Rows of small numbers, several per byte."""
    rows = ["".join(f"{value:0{depth}b}" for value in row) for row in values]
    return [int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in rows]


def wide(values: np.ndarray) -> list[bytes]:
    """Rows of 16 bits; the value 257 v is v in 8 bits."""
    return [(row.astype(">u2") * 257).astype(">u2").tobytes() for row in values]


def with_alpha(values: np.ndarray, alpha: int) -> np.ndarray:
    """One channel more."""
    return np.concatenate([values, np.full((*values.shape[:2], 1), alpha, dtype=np.uint8)], axis=2)


def on_white(values: np.ndarray, alpha: int) -> np.ndarray:
    """What is seen of a picture that is partly transparent."""
    return np.rint(values * (alpha / 255) + 255 - alpha).astype(np.uint8)


GREYS = np.repeat(GREY[:, :, None], 3, axis=2)
INDICES = GREY // 85
PLTE = chunk(b"PLTE", PALETTE.tobytes())
KINDS = {
    "black and white": (png(packed(INDICES // 2, 1), 4, 1, 0), GREYS // 128 * 255),
    "grey, 2 bits": (png(packed(INDICES, 2), 4, 2, 0), GREYS),
    "grey, 4 bits": (png(packed(GREY // 17, 4), 4, 4, 0), GREYS),
    "grey": (png([row.tobytes() for row in GREY], 4, 8, 0), GREYS),
    "grey, 16 bits": (png(wide(GREY), 4, 16, 0), GREYS),
    "grey and alpha": (png([row.tobytes() for row in with_alpha(GREY[:, :, None], 51)], 4, 8, 4), on_white(GREYS, 51)),
    "palette": (png([row.tobytes() for row in INDICES], 4, 8, 3, PLTE), PALETTE[INDICES]),
    "palette, 2 bits": (png(packed(INDICES, 2), 4, 2, 3, PLTE), PALETTE[INDICES]),
    "palette and alpha": (
        png(packed(INDICES, 2), 4, 2, 3, PLTE, chunk(b"tRNS", bytes([0, 51, 255]))),
        np.stack([on_white(PALETTE[k], alpha) for k, alpha in enumerate((0, 51, 255, 255))])[INDICES],
    ),
    "RGB": (rgb_png(PICTURE), PICTURE),
    "RGB, 16 bits": (png(wide(PICTURE.reshape(8, -1)), 12, 16, 2), PICTURE),
    "RGBA": (png([row.tobytes() for row in with_alpha(PICTURE, 102)], 12, 8, 6), on_white(PICTURE, 102)),
    "RGBA, transparent": (png([row.tobytes() for row in with_alpha(PICTURE, 0)], 12, 8, 6), np.full_like(PICTURE, 255)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_png(tmp_path, kind):
    raw, expected = KINDS[kind]
    (tmp_path / "picture.png").write_bytes(raw)
    found = read_picture(tmp_path / "picture.png")
    assert found.dtype == np.uint8
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1 if "alpha" in kind else 0)


def test_a_picture_with_two_captions_is_one_array(tmp_path):
    (one, caption), (other, _) = halves(2)
    write_pictures(tmp_path / "folder", [(one, caption), (other, "other")])
    with open(tmp_path / "folder" / "captions.tsv", "a") as file:
        file.write("0.png\tthe same again\n")
    (a, first), (b, second), (c, third) = read_folder(str(tmp_path / "folder"))
    assert (first, second, third) == (caption, "other", "the same again")
    np.testing.assert_array_equal(a, one)
    np.testing.assert_array_equal(b, other)
    assert a is c


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_on_disk_may_have_another_unicode_form_than_in_the_table(tmp_path, form):
    """MacOS saves the accents of a name as characters of their own, and Korean syllables as letters."""
    name = "caf\u00e9 \uac00.png"
    (tmp_path / unicodedata.normalize(form, name)).write_bytes(rgb_png(PICTURE))
    for written in ("NFC", "NFD"):
        (tmp_path / "captions.tsv").write_text(f"{unicodedata.normalize(written, name)}\ta half\n", encoding="utf-8")
        [(picture, _)] = read_folder(str(tmp_path))
        np.testing.assert_array_equal(picture, PICTURE)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_so_may_the_names_of_folders_and_a_name_that_is_typed(tmp_path, monkeypatch, form):
    on_disk = unicodedata.normalize(form, "\uc0ac\uc9c4/\u00e9t\u00e9")
    (tmp_path / on_disk).mkdir(parents=True)
    write_pictures(tmp_path / on_disk / "\u1100\u1161", [(PICTURE, "in the decomposed form")])  # an NFD name in either case
    (tmp_path / on_disk / unicodedata.normalize(form, "\uac00.png")).write_bytes(rgb_png(PICTURE))
    monkeypatch.chdir(tmp_path)
    for written in ("NFC", "NFD"):
        folder = unicodedata.normalize(written, "\uc0ac\uc9c4/\u00e9t\u00e9")
        (tmp_path / "captions.tsv").write_text(f"{folder}/\uac00.png\ta half\n", encoding="utf-8")
        [(picture, _)] = read_folder(str(tmp_path))
        np.testing.assert_array_equal(picture, PICTURE)
        for name in ("\uac00.png", "\uac00/0.png"):
            np.testing.assert_array_equal(read_picture(f"{folder}/{unicodedata.normalize(written, name)}"), PICTURE)


WHOLE = rgb_png(PICTURE)
LAST = len(WHOLE) - 12  # where the last chunk begins
CHANGED = bytearray(WHOLE)
CHANGED[60] ^= 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "bad.png is not a PNG file; save it as PNG"),
        (b"\xff\xd8\xff\xe0 JFIF", "bad.png is not a PNG file; save it as PNG"),
        (SIGNATURE, "bad.png is a damaged PNG file (at byte 8 of 8); copy it again"),
        (SIGNATURE + chunk(b"IHDR", b""), "bad.png is a damaged PNG file (at byte 20 of 20)"),
        (SIGNATURE + chunk(b"IHDR", b"") + chunk(b"IEND", b""), "bad.png is a damaged PNG file (at byte 8 of 32)"),
        (SIGNATURE + chunk(b"IEND", b""), "bad.png is a damaged PNG file (at byte 8 of 20)"),
        *((WHOLE[:cut], f"bad.png is a damaged PNG file (at byte {at} of {cut})")
          for cut, at in ((20, 8), (33, 33), (100, 33), (LAST, LAST), (LAST + 11, LAST))),
        (bytes(CHANGED), f"bad.png is a damaged PNG file (at byte 33 of {len(WHOLE):,})"),
        (png([b"1234"] * 8, 12, 8, 2), "bad.png is a PNG file that cannot be read"),
        (rgb_png(PICTURE[:, :7]), "bad.png has 7 x 8 pixels, the model knows 12 x 8; scale it to that size"),
        (None, "cannot read bad.png: No such file or directory"),
    ],
)  # fmt: skip
def test_pictures_that_are_refused(tmp_path, monkeypatch, raw, message):
    monkeypatch.chdir(tmp_path)
    if raw is not None:
        (tmp_path / "bad.png").write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_picture("bad.png", (8, 12), "the model knows")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path):
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    (tmp_path / "huge.png").write_bytes(SIGNATURE + chunk(b"IHDR", header) + chunk(b"IEND", b""))
    with pytest.raises(DataError, match=r"huge.png has 50,000 x 50,000 pixels; scale it down first"):
        read_picture(tmp_path / "huge.png")
