"""Figures that a notebook shows when a cell ends with one, whether or not it has chosen a backend of Matplotlib."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A figure with the method that IPython asks for."""

    def _repr_png_(self) -> bytes:
        """The figure as PNG."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
