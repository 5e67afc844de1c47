"""Figures of captions: pictures with what a model writes about them, and where it looks at each word."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scratchnn.inspection.texts import shown
from scratchnn.plot import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 1.15  # inches of a picture in a row of maps
MOST_WORDS = 15  # in a row of maps
ACROSS = 5  # pictures in a row without maps
WIDTH = 24  # characters of a line of a caption
DARKEST = 0.7  # how much of a region without any weight is covered


class CaptionMap(NamedTuple):
    """A picture with its caption.

    Attributes:
        picture: uint8 (P, Q, 3).
        words: T tokens, as they were written.
        weights: of the regions when each word is predicted (T, P', Q'); None if the model has no attention.
        region: rows and columns of pixels of a region.
        true: whether the caption is right; None if this is not known.
        reference: the caption that people gave the picture; None if this is not known.
    """

    picture: np.ndarray
    words: Sequence[str]
    weights: np.ndarray | None = None
    region: int = 1
    true: bool | None = None
    reference: str | None = None


def plot_captions(captions: Sequence[CaptionMap]) -> Figure:
    """Pictures and their captions; with weights, a row per picture and a map per word, of the first ``MOST_WORDS``.

    A map covers each region by how much less weight it has than the region with the most, whose share is written above.
    Reference captions are written below.
    """
    if captions[0].weights is None:
        return plot_pictures(captions)
    columns = 1 + min(max(len(one.words) for one in captions), MOST_WORDS)
    figure, axes = new_figure(
        SIDE * columns + 1.2, SIDE * len(captions) * 1.3, nrows=len(captions), ncols=columns, squeeze=False
    )
    if any(one.reference is not None for one in captions):
        layout: Any = figure.get_layout_engine()
        layout.set(h_pad=0.15)  # inches, for the lines below the pictures
    for row, one in zip(axes, captions, strict=True):
        for axis in row:
            axis.set_axis_off()
        row[0].imshow(one.picture)
        row[0].set_title(mark(one), fontsize=8)
        if one.reference is not None:
            style = {"ha": "left", "va": "top", "fontsize": 8, "in_layout": False}  # it is wider than its picture
            row[0].text(0, -0.03, reference_line(one.reference), transform=row[0].transAxes, **style)
        assert one.weights is not None
        for axis, word, weights in zip(row[1:], one.words, one.weights, strict=False):
            axis.imshow(one.picture)
            cover(axis, weights, one)
            axis.set_title(f"{shown(word)} {weights.max():.2f}", fontsize=8)
    return figure


def plot_pictures(captions: Sequence[CaptionMap]) -> Figure:
    """Pictures side by side, each below its caption, and the reference below that."""
    columns = min(len(captions), ACROSS)
    rows = -(-len(captions) // columns)
    figure, axes = new_figure(2.0 * columns, 2.6 * rows, nrows=rows, ncols=columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, one in zip(axes.flat, captions, strict=False):
        axis.imshow(one.picture)
        parts = [mark(one), " ".join(map(shown, one.words))]
        parts += [] if one.reference is None else [reference_line(one.reference)]
        axis.set_title("\n".join(textwrap.fill(part, WIDTH) for part in parts if part), fontsize=8)
    return figure


def reference_line(caption: str) -> str:
    """The line below a picture."""
    return " ".join(["reference:", *map(shown, caption.split())])


def mark(one: CaptionMap) -> str:
    """Whether the caption is right, if this is known."""
    return "" if one.true is None else ("true" if one.true else "false")


def cover(axis: Any, weights: np.ndarray, one: CaptionMap) -> None:
    """Darken each region (P', Q') of a picture that was drawn, the more the less weight it has."""
    light = weights / max(float(weights.max()), 1e-12)
    dark = np.ones(one.picture.shape[:2])  # pixels that pooling left over belong to no region
    pixels = np.kron(light, np.ones((one.region, one.region)))
    dark[: pixels.shape[0], : pixels.shape[1]] -= pixels
    black = np.zeros((*dark.shape, 4))
    black[:, :, 3] = DARKEST * dark
    axis.imshow(black)
