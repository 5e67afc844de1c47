"""A figure beside the lines that ``evaluate`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scratchnn.errors import DataError
from scratchnn.plot import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def saved(figure: Figure, path: Path, what: str) -> str:
    """Save a figure; the line that says where it is, or why it is not.

    The scores are printed in any case: the run may be in a folder that is not the user's.
    """
    try:
        save_figure(figure, path)
    except DataError as error:
        return f"without the {what}: {error}"
    return f"{what} in {path}"
