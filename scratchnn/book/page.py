"""What lets a chapter be a script, a module and a notebook at once: its figures, and whether this is the full run."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FULL = os.environ.get("SCRATCHNN_FULL", "") not in ("", "0")  # the headline experiment instead of the quick one


def in_notebook() -> bool:
    """Whether the code runs in a Jupyter kernel: a notebook, or an editor's cells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def show(figure: Figure) -> None:
    """The figure below the cell in a notebook; in a script it is drawn, so that a fault shows, and no window is opened."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})  # no version: the same bytes every time
    if in_notebook():
        ipython = importlib.import_module("IPython.display")
        ipython.display(ipython.Image(buffer.getvalue()))
