"""What a chapter needs to run both as a script and as a notebook: figures, sound, and the choice of the full run."""

from __future__ import annotations

import importlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.plot import give_glyphs
from scratchnn.terminal import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FULL = os.environ.get("SCRATCHNN_FULL", "") not in ("", "0")  # run the full experiment instead of the quick one
FIGURES = Path("figures")  # where a script saves its figures, in the folder in which it was started
DPI = 140
COLOURS = 256  # of a PNG with a palette, half as large as one without


def show(figure: Figure, number: str, caption: str) -> None:
    """Show a figure below its cell in a notebook; a script saves it in the folder ``figures`` and prints its path.

    Args:
        figure: what a function of ``scratchnn.book.figures`` returns.
        number: chapter and number of the figure, such as "8.2".
        caption: a sentence or two in Markdown, printed below the figure: what to look at, and what it shows.
    """
    picture = png(figure)
    if in_notebook():
        ipython = importlib.import_module("IPython.display")
        ipython.display(ipython.Image(picture))
        ipython.display(ipython.Markdown(f"**Figure {number}.** {caption}"))
        return
    print(f"figure {number}: {saved(picture, f'{name_of(number)}.png')}")


def play_sound(wav: bytes, name: str) -> None:
    """A player for a WAV file below its cell in a notebook; a script saves it in the folder ``figures`` and says where.

    Args:
        wav: the content of the file.
        name: of the file, without its ending.
    """
    if in_notebook():
        ipython = importlib.import_module("IPython.display")
        ipython.display(ipython.Audio(data=wav))
        return
    print(f"sound: {saved(wav, f'{name}.wav')}")


def saved(content: bytes, name: str) -> Path:
    """The path of a new file in the folder ``figures``."""
    try:
        FIGURES.mkdir(exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make the folder {FIGURES} for figures: {error.strerror or error}") from None
    write_atomically(FIGURES / name, content)
    return FIGURES / name


def name_of(number: str) -> str:
    """The name of the file of figure "8.2", without its ending: ``ch08-figure-2``."""
    chapter, place = map(int, number.split("."))
    return f"ch{chapter:02d}-figure-{place}"


def png(figure: Figure) -> bytes:
    """The figure as a small PNG, the same bytes every time."""
    from PIL import Image  # comes with matplotlib

    give_glyphs(figure)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    picture = Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)  # without the text fields, which name versions
    return small.getvalue()
