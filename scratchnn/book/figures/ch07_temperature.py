"""The moving figure of chapter 7: what temperature does to text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scratchnn.book.figures.boxes import drawing
from scratchnn.book.moving import bar, text
from scratchnn.plot import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 76  # of a written text
LINES = 5
BARS = 9  # tokens whose probability is drawn
FRAME = (900, 250)
NAMES = {" ": "space", "\n": "line end"}
NEW = COLOURS[1]  # colour of words that the training text does not have


class Written(NamedTuple):
    """What one temperature gives: the text, probabilities (V,) after its prompt, the share of known words."""

    temperature: float
    text: str
    p: np.ndarray
    known: float


def temperature_against_text(
    rows: Sequence[Written], tokens: Sequence[str], known: set[str], shown: Sequence[int], prompt: str
) -> tuple[Figure, list[str], tuple[int, int]]:
    """A still picture of the rows ``shown``, a frame per row, and their size.

    Args:
        rows: one for each temperature, the same prompt and the same random numbers in all.
        tokens: the names (V,) of the probabilities.
        known: words of the training text; others are coloured.
        shown: numbers of rows.
        prompt: with which the texts begin.
    """
    order = np.argsort(-rows[0].p, kind="stable")[:BARS]
    names = [NAMES.get(tokens[k], tokens[k]) for k in order]
    frames = [_frame(row, names, row.p[order], known, prompt) for row in rows]
    figure, axes = drawing(9.2, 0.4 + 1.9 * len(shown))
    for place, k in enumerate(shown):
        _still(axes, rows[k], names, rows[k].p[order], known, 0.2 + 1.9 * (len(shown) - place))
    return figure, frames, FRAME


def _lines(written: str) -> list[list[str]]:
    """The words of the first lines of a text; a slash is a line end."""
    wrapped = textwrap.wrap(written.replace("\n", " / "), COLUMNS, break_long_words=True, drop_whitespace=True)
    return [line.split() for line in wrapped[:LINES]]


def _colour(word: str, known: set[str], last: bool) -> str:
    """Black for a word of the training text, a slash, and the last word, which may be cut off."""
    return "black" if word in known or word == "/" or last else NEW


def _frame(row: Written, names: Sequence[str], p: np.ndarray, known: set[str], prompt: str) -> str:
    """The frame of one temperature."""
    parts = [text(10, 24, f"temperature {row.temperature:.1f}", size=17)]
    parts.append(text(250, 24, f"{row.known:.0%} of the words are in the manual", "dimgrey"))
    parts.append(text(10, 52, f"after “{prompt}”", "dimgrey", 12))
    for k, (name, share) in enumerate(zip(names, p, strict=True)):
        parts.append(text(62, 74 + 19 * k, name, size=12, anchor="end"))
        parts.append(bar(68, 63 + 19 * k, round(150 * float(share), 1), 13, COLOURS[0]))
    lines = _lines(row.text)
    for k, words in enumerate(lines):
        final = k == len(lines) - 1
        spans = (
            f'<tspan fill="{_colour(word, known, final and n == len(words) - 1)}">{escape(word)}</tspan>'
            for n, word in enumerate(words)
        )
        style = 'font-family="monospace" font-size="13.5"'
        parts.append(f'<text x="250" y="{76 + 30 * k}" {style}>{" ".join(spans)}</text>')
    return "".join(parts)


def _still(axes: Any, row: Written, names: Sequence[str], p: np.ndarray, known: set[str], top: float) -> None:
    """One temperature in the still picture, below the height ``top``."""
    from matplotlib.patches import Rectangle

    title = f"temperature {row.temperature:.1f}: {row.known:.0%} of the words are in the manual"
    axes.text(0.1, top, title, fontsize=11, va="top")
    for k, (name, share) in enumerate(zip(names[:7], p[:7], strict=True)):
        y = top - 0.45 - 0.19 * k
        axes.text(0.72, y, name, fontsize=8, ha="right", va="center")
        axes.add_patch(Rectangle((0.8, y - 0.06), 1.6 * float(share), 0.12, color=COLOURS[0]))
    letter = 0.077  # inches
    for k, words in enumerate(lines := _lines(row.text)):
        column = 0
        for n, word in enumerate(words):
            colour = _colour(word, known, k == len(lines) - 1 and n == len(words) - 1)
            place = 2.75 + column * letter, top - 0.47 - 0.27 * k
            axes.text(*place, word.replace("$", "\\$"), family="monospace", fontsize=8.8, color=colour, va="center")
            column += len(word) + 1
