"""Gradient checks of attention: the plain loop, scores, reading, the layers, and the decoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.attention import plain_loop, scores
from scratchnn.attention.decoder import AttentionDecoder
from scratchnn.attention.layers import AdditiveAttention, Attention, DotAttention, GeneralAttention
from scratchnn.core import Layer
from scratchnn.core.nested import flatten, rebuild
from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem
from scratchnn.recurrent import GRU, LSTM, SequenceLayer

N, T, S, Q, C, A, D = 5, 3, 4, 3, 2, 6, 2  # all different where they could be confused
LENGTHS, MEMORY_LENGTHS = np.array([2, 3, 1, 0, 3]), np.array([4, 2, 0, 1, 3])


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random entries."""
    return rng.standard_normal(shape)


# --- pairs of functions ----------------------------------------------------------------------------------------------


def register_plain(score: str, additive: bool) -> None:
    """One query, and the loop over all of them."""
    step, step_back = plain_loop.attention_step, plain_loop.attention_step_backward

    @case(f"attention/{score}-step")
    def of_one(rng: np.random.Generator) -> Problem:
        arrays = {"q": normal(rng, A), "k": normal(rng, S, A), "m": normal(rng, S, C)}
        return pair_problem(step, step_back, {**arrays, **({"v": normal(rng, A)} if additive else {})})

    @case(f"attention/{score}-loop")
    def of_all(rng: np.random.Generator) -> Problem:
        fixed = {
            "lengths": LENGTHS.tolist(),
            "memory_lengths": MEMORY_LENGTHS.tolist(),
            **({} if additive else {"v": None}),
        }
        back = plain_loop.attention_loop_backward
        arrays = whole(rng, {"v": normal(rng, A)} if additive else {})
        return pair_problem(plain_loop.attention_loop_forward, back, arrays, **fixed)


def whole(rng: np.random.Generator, others: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Queries, keys and memory by name, and the ``others``."""
    return {"q": normal(rng, N, T, A), "k": normal(rng, N, S, A), "m": normal(rng, N, S, C), **others}


register_plain("product", False)
register_plain("additive", True)


@case("attention/product-scores")
def product(rng: np.random.Generator) -> Problem:
    """Equation (1)."""
    arrays = {"q": normal(rng, N, T, A), "k": normal(rng, N, S, A)}
    return pair_problem(scores.product_scores_forward, scores.product_scores_backward, arrays)


@case("attention/additive-scores")
def additive(rng: np.random.Generator) -> Problem:
    """Equation (2)."""
    arrays = {"q": normal(rng, N, T, A), "k": normal(rng, N, S, A), "v": normal(rng, A)}
    return pair_problem(scores.additive_scores_forward, scores.additive_scores_backward, arrays)


@case("attention/read")
def read(rng: np.random.Generator) -> Problem:
    """Equations (3) and (4), with an empty memory among others."""
    arrays = {"s": normal(rng, N, T, S), "m": normal(rng, N, S, C)}
    real = (np.arange(S) < MEMORY_LENGTHS[:, None])[:, None]
    return pair_problem(scores.read_forward, scores.read_backward, arrays, real=real)


# --- layers ----------------------------------------------------------------------------------------------------------

MAKERS: dict[str, Callable[[np.random.Generator], Attention]] = {
    "dot": lambda rng: DotAttention(Q, Q),
    "general": lambda rng: GeneralAttention(Q, C, rng=rng),
    "additive": lambda rng: AdditiveAttention(Q, C, A, rng=rng),
}


def register_layer(score: str, variant: str, fixed: dict[str, np.ndarray]) -> None:
    """An attention layer for queries that are known."""

    @case(f"layer-attention/{score}{variant}")
    def build(rng: np.random.Generator) -> Problem:
        layer = MAKERS[score](rng)
        inputs = {"q": normal(rng, N, T, Q), "m": normal(rng, N, S, layer.memory_size)}
        return layer_problem(layer, inputs, fixed={name: lengths.copy() for name, lengths in fixed.items()})


for _score in MAKERS:
    register_layer(_score, "", {})
    register_layer(_score, "+lengths", {"lengths": LENGTHS, "memory_lengths": MEMORY_LENGTHS})


# --- the decoder -----------------------------------------------------------------------------------------------------


class Reading(Layer):
    """A decoder and the memory that it reads, from a given state."""

    def __init__(self, decoder: AttentionDecoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, x: Any, m: Any, *state_and_lengths: Any) -> Any:
        """Inputs (N, T, D), memory (N, S, C), arrays of the state, then both lengths, or none."""
        state = self.decoder.zero_state(x)
        count = len(flatten(state))
        parts, lengths = state_and_lengths[:count], state_and_lengths[count:] or (None, None)
        memory = self.decoder.attention.prepare(m, lengths[1])
        return self.decoder.forward(x, memory, rebuild(state, iter(parts)), lengths[0])

    def backward(self, dy: Any, dstate: Any = None) -> Any:
        """The gradients with respect to inputs, memory and state."""
        dx, dmemory, dstate = self.decoder.backward(dy, dstate)
        return dx, self.decoder.attention.prepare_backward(dmemory), dstate


def register_decoder(variant: str, score: str, cells: Callable[..., SequenceLayer], feeding: bool, lengths: bool) -> None:
    """A decoder of attention vectors of A entries."""

    @case(f"attention-decoder/{score}{variant}{'+lengths' if lengths else ''}")
    def build(rng: np.random.Generator) -> Problem:
        attention = MAKERS[score](rng)
        decoder = AttentionDecoder(cells(D, rng), attention, A, input_feeding=feeding, rng=rng)
        x = normal(rng, N, T, D)
        state = {f"state{k}": normal(rng, *part.shape) for k, part in enumerate(flatten(decoder.zero_state(x)))}
        inputs = {"x": x, "m": normal(rng, N, S, attention.memory_size), **state}
        fixed = {"lengths": LENGTHS.copy(), "memory_lengths": MEMORY_LENGTHS.copy()} if lengths else {}
        return layer_problem(Reading(decoder), inputs, fixed=fixed)


for _score in MAKERS:
    for _lengths in (False, True):
        register_decoder("", _score, lambda size, rng: GRU(size, Q, rng=rng), False, _lengths)
        register_decoder("+feeding", _score, lambda size, rng: LSTM(size, Q, rng=rng), True, _lengths)
