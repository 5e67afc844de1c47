"""Gradient checks of the CRF and of the biaffine scores."""

from __future__ import annotations

import numpy as np

from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem
from scratchnn.structured import biaffine, crf

N, T, K = 5, 4, 3  # all different, so that no wrong axis fits
LENGTHS = np.array([4, 2, 0, 1, 3])
TAGS = np.array([[0, 2, 2, 1], [1, 0, 9, -1], [7, 7, 7, 7], [2, -5, 0, 0], [0, 2, 1, 1]])  # any integers in the padding
S, D, LABELS = 6, 3, 2
HEADS = np.array([[1, 0, 5, 5], [5, 5, 5, 5], [0, 1, 2, 3], [4, 0, 4, 1], [2, 3, 3, 0]])  # (N, T), in 0 .. S - 1
WORD_HEADS = np.array([[2, 0, 2, 3], [0, 1, 9, -1], [7, 7, 7, 7], [0, 0, 0, 0], [3, 3, 0, -8]])  # (N, T), for LENGTHS


# --- CRF -------------------------------------------------------------------------------------------------------------


def crf_arrays(rng: np.random.Generator, *emissions: int) -> dict[str, np.ndarray]:
    """Emissions of the given shape and the three arrays of scores."""
    shapes = {"emissions": emissions, "transitions": (K, K), "start": (K,), "end": (K,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


@case("crf/loop")
def crf_loop(rng: np.random.Generator) -> Problem:
    """One sentence."""
    return pair_problem(crf.crf_loop_forward, crf.crf_loop_backward, crf_arrays(rng, T, K), tags=TAGS[0])


@case("crf")
def crf_whole(rng: np.random.Generator) -> Problem:
    """Sentences of one length."""
    return pair_problem(crf.crf_forward, crf.crf_backward, crf_arrays(rng, N, T, K), tags=TAGS % K)


@case("crf/lengths")
def crf_lengths(rng: np.random.Generator) -> Problem:
    """An empty sentence among others, and tags in the padding that are none."""
    return pair_problem(crf.crf_forward, crf.crf_backward, crf_arrays(rng, N, T, K), tags=TAGS, lengths=LENGTHS)


@case("crf/wide")
def crf_wide(rng: np.random.Generator) -> Problem:
    """Transitions so far apart that a product of exponentials would underflow; the very high one is never worth taking."""
    arrays = crf_arrays(rng, N, T, K)
    arrays["transitions"][2, 1] = 1500
    arrays["emissions"][:, :, 2] -= 2500
    return pair_problem(crf.crf_forward, crf.crf_backward, arrays, tags=TAGS.clip(0, 1), lengths=LENGTHS)


@case("layer-crf")
def layer_crf(rng: np.random.Generator) -> Problem:
    """Emissions and the three parameters."""
    return layer_problem(
        crf.CRF(K),
        {"emissions": rng.standard_normal((N, T, K))},
        lambda layer, inputs, *fixed: layer.loss(inputs["emissions"], *fixed),
        {"tags": TAGS, "lengths": LENGTHS},
    )


# --- arcs and labels -------------------------------------------------------------------------------------------------


def vectors(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Vectors of the dependents and of the heads."""
    return {"x": rng.standard_normal((N, T, D)), "y": rng.standard_normal((N, S, D))}


@case("biaffine")
def arcs(rng: np.random.Generator) -> Problem:
    """Arc scores."""
    weights = {"U": rng.standard_normal((D, D)), "u": rng.standard_normal(D)}
    return pair_problem(biaffine.biaffine_forward, biaffine.biaffine_backward, {**vectors(rng), **weights})


@case("layer-biaffine")
def layer_biaffine(rng: np.random.Generator) -> Problem:
    """The layer."""
    return layer_problem(biaffine.Biaffine(D, rng=rng), vectors(rng))


@case("head-loss")
def head_loss(rng: np.random.Generator) -> Problem:
    """Sentences of one length."""
    heads = np.array([[2, 0, 2, 3], [0, 1, 1, 1], [4, 4, 4, 0], [0, 3, 1, 3], [3, 3, 0, 2]])
    return pair_problem(
        biaffine.head_loss_forward,
        biaffine.head_loss_backward,
        {"scores": rng.standard_normal((N, T + 1, T + 1))},
        heads=heads,
    )


@case("head-loss/lengths")
def head_loss_lengths(rng: np.random.Generator) -> Problem:
    """An empty sentence among others, and heads in the padding that are none."""
    return pair_problem(
        biaffine.head_loss_forward,
        biaffine.head_loss_backward,
        {"scores": rng.standard_normal((N, T + 1, T + 1))},
        heads=WORD_HEADS,
        lengths=LENGTHS,
    )


@case("head-loss/one-word", zero={"scores": "the root is the only possible head"})
def head_loss_of_one_word(rng: np.random.Generator) -> Problem:
    """Sentences of one word or none."""
    return pair_problem(
        biaffine.head_loss_forward,
        biaffine.head_loss_backward,
        {"scores": rng.standard_normal((3, 2, 2))},
        heads=np.zeros((3, 1), dtype=int),
        lengths=np.array([1, 1, 0]),
    )


@case("label-scores")
def labels(rng: np.random.Generator) -> Problem:
    """Heads with several dependents, and heads with none."""
    shapes = {"V": (D, LABELS, D), "A": (D, LABELS), "B": (D, LABELS), "b": (LABELS,)}
    weights = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    arrays = {**vectors(rng), **weights}
    return pair_problem(biaffine.label_scores_forward, biaffine.label_scores_backward, arrays, heads=HEADS)


@case("layer-label-scores")
def layer_label_scores(rng: np.random.Generator) -> Problem:
    """The layer."""
    return layer_problem(biaffine.LabelScores(D, LABELS, rng=rng), vectors(rng), fixed=(HEADS,))
