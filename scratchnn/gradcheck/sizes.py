"""Problems of any size for ``gradcheck NAME --shape ... --directions K``: what is trained, at the shapes it is trained at.

Inputs are normal, states half as large, and weights have a variance of 1 / (number of inputs), so that nothing saturates at
any size. Peepholes are small: larger ones would let a change of the cell state grow from step to step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from scratchnn import layers, losses, recurrent
from scratchnn.errors import DataError
from scratchnn.gradcheck.problems import Arrays, Problem, layer_problem, pair_problem
from scratchnn.gradcheck.registry import Case, select
from scratchnn.structured import biaffine, crf

Sizes = tuple[int, ...]
Build = Callable[..., Problem]  # from a generator and the sizes

SMALLER = {"h": 0.5, "c": 0.5, "p": 0.1}
VECTORS = ("u", "v")  # multiplied by an input, like a matrix with one column


@dataclass(frozen=True)
class Sized:
    """How to build a problem from a generator and as many sizes as ``axes`` has letters.

    ``complex_only`` is the reason why central differences cannot be used, or ``""``.
    """

    axes: str
    build: Build
    complex_only: str = ""


def sized_pair(axes: str, forward: Callable, backward: Callable, arrays: dict[str, str], **ids: str) -> Sized:
    """A pair of functions.

    Args:
        axes: the letters of the sizes, in the order of ``--shape``.
        forward, backward: the pair.
        arrays: the axes of each array by name, such as ``"D 4H"``; those of inputs and states begin with N.
        ids: the same for arrays of ids, which have no gradient, and after a colon the size that the ids are less than.
    """

    def build(rng: np.random.Generator, *sizes: int) -> Problem:
        by_letter = dict(zip(axes.split(","), sizes, strict=True))
        drawn: Arrays = {name: draw(rng, name, own, by_letter) for name, own in arrays.items()}
        fixed: dict[str, Any] = {}
        for name, text in ids.items():
            own, _, below = text.partition(":")
            fixed[name] = rng.integers(0, by_letter[below], shape_of(own, by_letter))
        return pair_problem(forward, backward, drawn, **fixed)

    return Sized(axes, build)


def shape_of(axes: str, sizes: dict[str, int]) -> Sizes:
    """``"D 4H"`` as numbers, with the sizes of the letters."""
    return tuple(int(a) if a.isdecimal() else int(a[:-1] or 1) * sizes[a[-1]] for a in axes.split())


def draw(rng: np.random.Generator, name: str, axes: str, sizes: dict[str, int]) -> np.ndarray:
    """An array of these axes: a state, another input, or weights and biases."""
    shape = shape_of(axes, sizes)
    if axes.startswith("N") or name in SMALLER:
        return SMALLER.get(name, 1) * rng.standard_normal(shape)
    inputs = shape[0] if name in VECTORS else math.prod(shape[:-1])  # 1 for a bias
    return rng.standard_normal(shape) / math.sqrt(inputs)


def embedding(rng: np.random.Generator, N: int, T: int, V: int, D: int) -> Problem:
    """The layer, because the gradient that its pair returns is a set of rows."""
    return layer_problem(layers.Embedding(V, D, rng=rng), {}, fixed=(rng.integers(0, V, (N, T)),))


L, R, B = layers, recurrent, biaffine
_kernel = {"x": "N T D", "W": "K D H", "b": "H"}
_attention = {"x": "N T D", "W": "D A", "b": "A", "v": "A"}
_labels = {"x": "N T D", "y": "N S D", "V": "D R D", "A": "D R", "B": "D R", "b": "R"}
_crf = {"emissions": "N T K", "transitions": "K K", "start": "K", "end": "K"}
_cross_entropy = losses.softmax_cross_entropy_forward, losses.softmax_cross_entropy_backward
SIZED: dict[str, Sized] = {
    "softmax_cross_entropy": sized_pair("N,T,V", *_cross_entropy, {"logits": "N T V"}, targets="N T:V"),
    "dense": sized_pair("N,D,H", L.dense_forward, L.dense_backward, {"x": "N D", "W": "D H", "b": "H"}),
    "layer-norm": sized_pair("N,D", L.layer_norm_forward, L.layer_norm_backward, {"x": "N D", "g": "D", "b": "D"}),
    "embedding": Sized("N,T,V,D", embedding),
    "conv1d": sized_pair("N,T,D,H,K", L.conv1d_forward, L.conv1d_backward, _kernel),
    "attention-pool": sized_pair("N,T,D,A", L.attention_pool_forward, L.attention_pool_backward, _attention),
}
for _name, _forward, _backward, _blocks, _states, _more in (
    ("rnn", R.rnn_forward, R.rnn_backward, "", ("h",), {}),
    ("rnn-relu", partial(R.rnn_forward, activation="relu"), R.rnn_backward, "", ("h",), {}),
    ("gru-simplified", R.gru_simplified_forward, R.gru_simplified_backward, "2", ("h",), {}),
    ("gru-reset-before", R.gru_reset_before_forward, R.gru_reset_before_backward, "3", ("h",), {}),
    ("gru-reset-after", R.gru_reset_after_forward, R.gru_reset_after_backward, "3", ("h",), {"bh": "H"}),
    ("lstm", R.lstm_forward, R.lstm_backward, "4", ("h", "c"), {}),
    ("lstm-peephole", R.lstm_peephole_forward, R.lstm_peephole_backward, "4", ("h", "c"), {"p": "3 H"}),
):
    _arrays = {"x": "N T D", **dict.fromkeys(_states, "N H")}
    _arrays |= {"Wx": f"D {_blocks}H", "Wh": f"H {_blocks}H", "b": f"{_blocks}H", **_more}
    SIZED[_name] = sized_pair("N,T,D,H", _forward, _backward, _arrays)
SIZED["rnn-relu"] = replace(SIZED["rnn-relu"], complex_only="A step of central differences crosses kinks of ReLU.")
SIZED |= {
    "crf": sized_pair("N,T,K", crf.crf_forward, crf.crf_backward, _crf, tags="N T:K"),
    "biaffine": sized_pair(
        "N,T,S,D", B.biaffine_forward, B.biaffine_backward, {"x": "N T D", "y": "N S D", "U": "D D", "u": "D"}
    ),
    "label-scores": sized_pair("N,T,S,D,R", B.label_scores_forward, B.label_scores_backward, _labels, heads="N T:S"),
}


def sized_cases(names: list[str], sizes: Sizes) -> list[Case]:
    """The cases of these names, or groups of names such as ``gru``, at the given sizes, named ``lstm (20,35,650,650)``.

    Raises:
        DataError: for an unknown name, a name without a sized problem, or the wrong number of sizes.
    """
    if not names:
        raise DataError(f"--shape needs a name: {', '.join(SIZED)}")
    cases = []
    for name in names:
        own = [name] if name in SIZED else [key for key in SIZED if key.startswith(name + "-")]
        if not own:
            select([name])  # raises for an unknown name, and suggests a similar one
            raise DataError(f"{name} has a fixed shape; --shape works for {', '.join(SIZED)}")
        for key in own:
            sized = SIZED[key]
            if len(sizes) != len(sized.axes.split(",")):
                raise DataError(f"{key} takes --shape {sized.axes}, got {len(sizes)} size(s)")
            title = f"{key} ({','.join(map(str, sizes))})"
            cases.append(Case(title, partial(build_sized, key, sizes), complex_only=sized.complex_only))
    return cases


def build_sized(name: str, sizes: Sizes, rng: np.random.Generator) -> Problem:
    """The problem of that name and those sizes."""
    return SIZED[name].build(rng, *sizes)
