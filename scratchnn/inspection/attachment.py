"""Where a parser is right: attachment by label, and by the distance between a word and its head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scratchnn.metrics import universal
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FARTHEST = 15  # words; longer arcs are counted together


def attachment_table(right: Sequence[bool], right_label: Sequence[bool], labels: Sequence[str]) -> Iterator[str]:
    """For each true label, most frequent first: the share of its words with the right head, and with the right label too.

    Args:
        right, right_label: of each word, as ``metrics.right_arcs`` returns them.
        labels: the true label of each word; subtypes are dropped.
    """
    names, ids, counts = np.unique([universal(name) for name in labels], return_inverse=True, return_counts=True)
    shares = [np.bincount(ids, weights=part, minlength=len(names)) / counts for part in (right, right_label)]
    width = max((len(name) for name in names.tolist()), default=0)
    yield f"{'':{width}}  {'unlabelled':>10}  {'labelled':>10}  {'words':>9}"
    for k in np.argsort(-counts, kind="stable"):
        yield f"{names[k]:{width}}  {shares[0][k]:10.4f}  {shares[1][k]:10.4f}  {counts[k]:9,}"


def plot_attachment(right: Sequence[bool], right_label: Sequence[bool], distances: Sequence[int]) -> Figure:
    """Attachment against the distance between a word and its true head.

    Args:
        right, right_label: of each word, as ``metrics.right_arcs`` returns them.
        distances: numbers of words from each word to its head, 1 for a neighbour; 0 if its head is the root.
    """
    bins = np.minimum(distances, FARTHEST)
    counts = np.bincount(bins, minlength=FARTHEST + 1)
    shown = np.flatnonzero(counts)
    figure, axes = new_figure()
    for name, part, colour in (("unlabelled", right, COLOURS[0]), ("labelled", right_label, COLOURS[1])):
        shares = np.bincount(bins, weights=part, minlength=FARTHEST + 1)[shown] / counts[shown]
        axes.plot(shown, shares, marker="o", markersize=4, color=colour, label=name)
    names = ["root", *map(str, range(1, FARTHEST)), f"{FARTHEST}+"]
    axes.set_xticks(shown, [names[k] for k in shown])
    axes.set_ylim(0, 1)
    label(axes, "Attachment by distance", "words from a word to its head", "share of words that are right")
    axes.legend()
    return figure
