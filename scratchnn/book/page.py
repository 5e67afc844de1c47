"""What a chapter needs to run both as a script and as a notebook: showing figures, and the choice of the full run."""

from __future__ import annotations

import importlib
import io
import os
from typing import TYPE_CHECKING

from scratchnn.plot import give_glyphs
from scratchnn.terminal import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FULL = os.environ.get("SCRATCHNN_FULL", "") not in ("", "0")  # run the full experiment instead of the quick one


def show(figure: Figure, number: str = "", caption: str = "") -> None:
    """Show a figure below its cell in a notebook; a script draws it, so that errors appear, but opens no window.

    Args:
        figure: what a function of ``scratchnn.book.figures`` returns.
        number: chapter and number of the figure, such as "8.2".
        caption: a sentence or two in Markdown, printed below the figure: what to look at, and what it shows.
    """
    give_glyphs(figure)
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi=90, metadata={"Software": None}
    )  # without the version, the bytes are the same every time
    if in_notebook():
        ipython = importlib.import_module("IPython.display")
        ipython.display(ipython.Image(buffer.getvalue()))
        if caption:
            ipython.display(ipython.Markdown(f"**Figure {number}.** {caption}"))
