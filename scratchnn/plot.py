"""Figures. Matplotlib is imported when the first one is drawn, and no window is ever opened."""

from __future__ import annotations

import importlib
import io
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.errors import ScratchnnWarning
from scratchnn.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # distinguishable for colour-blind readers
LAST_RESORT = "Last Resort"  # matplotlib's font of placeholders for all characters
SHOWN = 12  # characters that a warning names


def new_figure(width: float = 7.0, height: float = 4.2, **options: Any) -> tuple[Figure, Any]:
    """An empty figure of the given size in inches, and its axes (``options`` are passed to ``Figure.subplots``)."""
    if "matplotlib" not in sys.modules:
        import_matplotlib()
    from scratchnn.notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(width, height), layout="constrained", dpi=130)
    return figure, figure.subplots(**options)


def import_matplotlib() -> None:
    """Import it, even if MPLBACKEND names a backend that this Python does not have: no figure of the package needs one."""
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        matplotlib = importlib.import_module("matplotlib")
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend is not None:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write as PNG; the file is complete or absent."""
    write_atomically(path, figure_bytes(figure))


def figure_bytes(figure: Figure) -> bytes:
    """The content of a PNG file."""
    give_glyphs(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


# --- characters that the default font lacks --------------------------------------------------------------------------


def give_glyphs(figure: Figure) -> None:
    """Set fonts for all texts of a figure that the default one cannot draw, see ``drawable``."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if not text.get_text().isascii() and _find_fonts(text.get_text()) != (_default_families(), set()):
            [shown], families = drawable([text.get_text()])
            text.set_fontfamily(families)
            text.set_text(shown)


def drawable(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    r"""Texts as installed fonts can draw them, and the font families.

    Characters that no font has would be drawn as boxes. They are replaced by their escapes, such as ``\uc655``, and one
    warning names them.
    """
    families, missing = _find_fonts("".join(texts))
    if missing:
        some = " ".join(sorted(missing)[:SHOWN]) + (" ..." if len(missing) > SHOWN else "")
        warnings.warn(
            f"no installed font has the characters {some}; install one that has them (for Korean, Noto Sans CJK or Nanum: "
            "apt install fonts-noto-cjk), and draw again",
            ScratchnnWarning,
            stacklevel=2,
        )
    escaped = {ord(c): c.encode("ascii", "backslashreplace").decode("ascii") for c in missing}
    return [text.translate(escaped) for text in texts], families


def font_families(text: str) -> list[str]:
    """Matplotlib's default font, followed by installed fonts until every character of ``text`` has a glyph, if possible."""
    return _find_fonts(text)[0]


def _default_families() -> list[str]:
    from matplotlib import rcParams

    return list(rcParams["font.family"])


def _find_fonts(text: str) -> tuple[list[str], set[str]]:
    """Font families for the characters of ``text``, and those characters that no installed font has."""
    from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager
    from matplotlib.ft2font import FT2Font

    def drawn(path: str) -> set[str]:
        return {chr(code) for code in FT2Font(path).get_charmap()}

    def order(entry: FontEntry) -> tuple:
        return entry.style != "normal", entry.weight not in (400, "normal"), entry.name

    families = _default_families()
    missing = {c for c in text if not c.isspace()} - drawn(findfont(FontProperties(family=families)))
    for fonts in (lambda: fontManager.ttflist, _new_fonts):
        for entry in sorted(fonts(), key=order) if missing else ():
            found = missing & drawn(entry.fname) if not entry.name.startswith(LAST_RESORT) else set()
            if found:
                families.append(entry.name)
                missing -= found
            if not missing:
                break
    return families, missing


def _new_fonts() -> list[Any]:
    """The fonts that were installed after matplotlib, when it was first used, wrote the list that it remembers."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        with suppress(OSError, RuntimeError):  # not a font that matplotlib can read
            fontManager.addfont(path)
    return [entry for entry in fontManager.ttflist if entry.fname not in known]


# --- parts of figures ------------------------------------------------------------------------------------------------


def label(axes: Any, title: str, x: str, y: str) -> None:
    """Title, axis labels, and a light grid."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)


def plot_gradient_norms(norms: Mapping[str, np.ndarray]) -> Figure:
    """The norm of the gradient with respect to the hidden state, by the number of steps back; one line per cell."""
    figure, axes = new_figure()
    for (name, values), colour in zip(norms.items(), COLOURS, strict=False):
        axes.plot(np.arange(len(values)), values, label=name, color=colour)
    axes.set_yscale("log")
    label(axes, "Gradient through time", "steps back from the loss", "|dL/dstate| relative to the last step")
    axes.legend()
    return figure
