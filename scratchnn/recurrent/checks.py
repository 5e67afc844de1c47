"""Gradient checks of the recurrent pairs and layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn import recurrent
from scratchnn.core import Layer
from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem

N, T, D, H = 3, 4, 2, 3
LENGTHS = np.array([4, 2, 0])


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Entries of a size at which nothing saturates."""
    return 0.7 * rng.standard_normal(shape)


def register_pairs(
    family: str, step: tuple[Callable, Callable], sequence: tuple[Callable, Callable], states: list[str], weights: dict
) -> None:
    """The one-step pair, and the whole-sequence pair in every variant.

    Args:
        family: name of the cases.
        step: one-step forward and backward.
        sequence: whole-sequence forward and backward.
        states: names of the states, in the order of the arguments.
        weights: shapes by name, in the order of the arguments.
    """

    def arrays(rng: np.random.Generator, *x_shape: int) -> dict[str, np.ndarray]:
        found = {"x": normal(rng, *x_shape)}
        found |= {name: normal(rng, N, H) for name in states}
        return found | {name: normal(rng, *shape) for name, shape in weights.items()}

    @case(f"{family}/step")
    def one_step(rng: np.random.Generator) -> Problem:
        return pair_problem(*step, arrays(rng, N, D))

    def mask(rng: np.random.Generator) -> np.ndarray:
        return np.array([[2.0, 0, 2], [0, 2, 2], [2, 2, 0]])

    for variant in ("", "/lengths", "/mask", "/lengths+mask"):

        @case(family + variant)
        def whole(rng: np.random.Generator, variant: str = variant) -> Problem:
            options: dict[str, Any] = {"lengths": LENGTHS} if "lengths" in variant else {}
            if "mask" in variant:
                options["mask_h"] = mask(rng)
            return pair_problem(*sequence, arrays(rng, N, T, D), **options)


WEIGHTS = {"Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,)}
LSTM_STEP = recurrent.lstm_step, recurrent.lstm_step_backward
register_pairs("lstm", LSTM_STEP, (recurrent.lstm_forward, recurrent.lstm_backward), ["h", "c"], WEIGHTS)


def lstm_with_peepholes(*arrays: Any, lengths: Any = None, mask_h: Any = None) -> tuple:
    """``lstm_forward`` with p as the last array."""
    x, h0, c0, Wx, Wh, b, p = arrays
    return recurrent.lstm_forward(x, h0, c0, Wx, Wh, b, lengths, p, mask_h)


register_pairs(
    "lstm-peephole", LSTM_STEP, (lstm_with_peepholes, recurrent.lstm_backward), ["h", "c"], {**WEIGHTS, "p": (3, H)}
)


# --- layers ----------------------------------------------------------------------------------------------------------


def call_with_state(layer: Layer, inputs: dict, lengths: np.ndarray | None = None) -> tuple:
    """The layer from a given state, which stands among the inputs."""
    x, *state = inputs.values()
    return layer.forward(x, tuple(state) if len(state) > 1 else state[0], lengths)


def register_layer(name: str, make: Callable[[np.random.Generator, dict], Layer], states: list[str]) -> None:
    """A recurrent layer with both dropouts, with the last output alone, and with lengths."""
    variants: dict[str, dict] = {
        "": {},
        "/last-output": {"return_sequences": False},
        "/dropouts": {"dropout": 0.4, "recurrent_dropout": 0.4},
    }
    for variant, options in variants.items():
        for lengths in (None, LENGTHS):

            @case(name + variant + ("" if lengths is None else "/lengths"))
            def build(rng: np.random.Generator, options: dict = options, lengths: np.ndarray | None = lengths) -> Problem:
                inputs = {"x": normal(rng, N, T, D)} | {state: normal(rng, N, H) for state in states}
                fixed = () if lengths is None else (lengths,)
                return layer_problem(make(rng, options), inputs, call_with_state, fixed)


register_layer("layer-lstm", lambda rng, options: recurrent.LSTM(D, H, rng=rng, **options), ["h", "c"])
register_layer(
    "layer-lstm-peephole", lambda rng, options: recurrent.LSTM(D, H, rng=rng, peepholes=True, **options), ["h", "c"]
)
