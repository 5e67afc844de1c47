"""Figures of word vectors: chosen words in the plane, and the cosines between them.

Principal components. The W chosen vectors, scaled to unit length and with their mean subtracted, are the rows of X (W, D).
Of all planes, the one spanned by the first two right singular vectors preserves the most of their squared length:

    X = U S V^T                                                                                                (1)
    coordinates = X V_{:2} = U_{:2} S_{:2}                                                                     (2)
    share of axis k = S_k^2 / sum_j S_j^2                                                                      (3)

Sources: Pearson, "On Lines and Planes of Closest Fit" (1901); van der Maaten and Hinton, "Visualizing Data using t-SNE"
(2008), here through scikit-learn.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.errors import BackendError, DataError
from scratchnn.plot import COLOURS, drawable, label, new_figure
from scratchnn.word2vec.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

PROJECTIONS = ("pca", "tsne")
SIDES = [  # positions of a label relative to its point: offset in points, and the edges of the label at that offset
    (5, 3, "left", "bottom"),
    (-5, 3, "right", "bottom"),
    (5, -3, "left", "top"),
    (-5, -3, "right", "top"),
    (0, 6, "center", "bottom"),
    (0, -6, "center", "top"),
    (8, 12, "left", "bottom"),
    (-8, 12, "right", "bottom"),
    (8, -12, "left", "top"),
    (-8, -12, "right", "top"),
]
POINT = 4  # pixels around a point that a label should not cover
NUMBERED = 15  # largest number of words for which the cells of a heat map show their values


def principal_components(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (W, 2) of points (W, D) in the plane of equation (2), and the share of each axis (2,), equation (3).

    The sign of an axis is arbitrary; it is chosen so that the largest entry of its singular vector is positive.
    """
    centred = points - points.mean(axis=0)
    _, S, Vt = np.linalg.svd(centred, full_matrices=False)  # (1)
    plane = np.zeros((2, points.shape[1]), dtype=points.dtype)  # the second axis is zero if there is only one
    plane[: len(Vt)] = Vt[:2]
    plane *= np.where(np.take_along_axis(plane, np.abs(plane).argmax(axis=1)[:, None], axis=1) < 0, -1, 1)
    shares = np.zeros(2)
    shares[: len(S)] = S[:2] ** 2 / max((S**2).sum(), np.finfo(S.dtype).tiny)  # (3)
    return centred @ plane.T, shares  # (2)


def t_sne(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """Coordinates (W, 2) by scikit-learn's t-SNE, initialised with the scaled principal components.

    The perplexity, roughly the number of neighbours considered for a point, is 30 or, for few points, a third of their
    number.
    """
    try:
        manifold = importlib.import_module("sklearn.manifold")
    except ImportError:
        raise BackendError('t-SNE needs scikit-learn: pip install -e ".[text]"; or use projection="pca"') from None
    start, _ = principal_components(points)
    start *= 1e-4 / max(start[:, 0].std(), np.finfo(start.dtype).tiny)
    model = manifold.TSNE(perplexity=min(30, (len(points) - 1) / 3), init=start, random_state=seed)
    return model.fit_transform(points)


def plot_words(vectors: KeyedVectors, words: Iterable[str], projection: str = "pca", seed: int = 0) -> Figure:
    """The chosen words in the plane.

    Args:
        vectors: the word vectors; scaled to unit length, so that distances correspond to cosines.
        words: at least three distinct words.
        projection: ``"pca"``, equations (1) to (3), or ``"tsne"`` (needs scikit-learn, extra ``text``).
        seed: seed of t-SNE.
    """
    chosen, points = chosen_words(vectors, words, at_least=3)
    if projection == "pca":
        places, shares = principal_components(points)
        x, y = (f"principal component {k + 1} ({share:.0%} of the variance)" for k, share in enumerate(shares))
        title = "Word vectors, principal components"
    elif projection == "tsne":
        places = t_sne(points, seed)
        x, y, title = "t-SNE 1 (no unit)", "t-SNE 2 (no unit)", "Word vectors, t-SNE"
    else:
        raise DataError(f"unknown projection {projection!r}; choose one of {', '.join(PROJECTIONS)}")
    figure, axes = new_figure(8, 6)
    axes.scatter(*places.T, s=14, color=COLOURS[0])
    shown, families = drawable(chosen)
    options = {"textcoords": "offset points", "fontsize": 9, "fontfamily": families, "parse_math": False}
    labels = [axes.annotate(word, place, SIDES[0][:2], **options) for word, place in zip(shown, places, strict=True)]
    axes.margins(0.12)  # space for the labels at the edges
    label(axes, title, x, y)
    keep_apart(axes, labels)
    return figure


def keep_apart(axes: Any, labels: list[Annotation]) -> None:
    """Place each label on the side of its point where it overlaps the fewest points and labels placed before it."""
    from matplotlib.transforms import Bbox

    axes.figure.draw_without_rendering()  # computes the position of the axes
    centres = [axes.transData.transform(name.xy) for name in labels]  # (2,) each, pixels
    taken = [Bbox.from_extents(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in centres]

    def move(name: Annotation, side: tuple[float, float, str, str]) -> Bbox:
        name.set(ha=side[2], va=side[3])
        name.xyann = side[:2]
        return name.get_window_extent()

    for name in labels:
        best = min(SIDES, key=lambda side: move(name, side).count_overlaps(taken))
        taken.append(move(name, best))


def plot_similarity(vectors: KeyedVectors, words: Iterable[str]) -> Figure:
    """The cosines between the chosen words as a heat map."""
    chosen, units = chosen_words(vectors, words, at_least=2)
    cosines = units @ units.T  # (W, D) @ (D, W) -> (W, W)
    W = len(chosen)
    size = min(max(4.5, 1.8 + 0.42 * W), 16)
    figure, axes = new_figure(size + 1, size)
    image = axes.imshow(cosines, vmin=-1, vmax=1, cmap="RdBu_r")
    shown, families = drawable(chosen)
    options = {"fontfamily": families, "fontsize": 9 if W <= 30 else 6, "parse_math": False}
    axes.set_xticks(range(W), shown, rotation=45, ha="right", rotation_mode="anchor", **options)
    axes.set_yticks(range(W), shown, **options)
    if W <= NUMBERED:
        for row, column in np.ndindex(W, W):
            value = cosines[row, column]
            colour = "white" if abs(value) > 0.7 else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_title("Cosine similarity")
    figure.colorbar(image, ax=axes, label="cosine", shrink=0.8)
    return figure


def chosen_words(vectors: KeyedVectors, words: Iterable[str], at_least: int) -> tuple[list[str], np.ndarray]:
    """The distinct words and their vectors scaled to unit length (W, D)."""
    chosen = list(dict.fromkeys(words))
    if len(chosen) < at_least:
        raise DataError(f"the figure needs {at_least} distinct words or more, got {len(chosen)}")
    return chosen, vectors.unit[[vectors.row(word) for word in chosen]]
