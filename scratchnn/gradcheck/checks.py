"""Gradient checks of the shared functions and of the losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn import functions as F
from scratchnn import losses
from scratchnn.gradcheck import Problem, case, function_problem, pair_problem

BY_OUTPUT: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (F.sigmoid, F.sigmoid_backward),
    "tanh": (F.tanh, F.tanh_backward),
    "softmax": (F.softmax, F.softmax_backward),
    "log_softmax": (F.log_softmax, F.log_softmax_backward),
}
BY_INPUT: dict[str, tuple[Callable, Callable]] = {
    "relu": (F.relu, F.relu_backward),
    "logsumexp": (F.logsumexp, F.logsumexp_backward),
}


def register_function(name: str, function: Callable, backward: Callable) -> None:
    """Register a function of one array; ``backward`` takes (dy, y, x)."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return function_problem(function, backward, {"x": rng.standard_normal((3, 2, 4))})


for _name, (_function, _backward) in BY_OUTPUT.items():
    register_function(_name, _function, lambda dy, y, x, backward=_backward: backward(dy, y))
for _name, (_function, _backward) in BY_INPUT.items():
    register_function(_name, _function, lambda dy, y, x, backward=_backward: backward(dy, x))


@case("clip")
def clip(rng: np.random.Generator) -> Problem:
    """Some entries are below, some between and some above the bounds."""
    return function_problem(
        lambda x: F.clip(x, -0.5, 0.8),
        lambda dy, y, x: F.clip_backward(dy, x, -0.5, 0.8),
        {"x": rng.standard_normal((3, 4))},
    )


@case("cosine_similarity")
def cosine(rng: np.random.Generator) -> Problem:
    """With respect to both arguments."""
    return function_problem(
        F.cosine_similarity,
        lambda dy, y, a, b: F.cosine_similarity_backward(dy, a, b),
        {"a": rng.standard_normal((2, 3, 4)), "b": rng.standard_normal((2, 3, 4))},
    )


# --- losses ----------------------------------------------------------------------------------------------------------

MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)  # (N, T)


def loss_options(rng: np.random.Generator, classes: bool) -> dict[str, dict[str, Any]]:
    """Named combinations of masks and weights for targets of shape (3, 4)."""
    steps = {"step_weights": rng.uniform(0.2, 2.0, MASK.shape)}
    options: dict[str, dict[str, Any]] = {"": {}, "/mask": {"mask": MASK}, "/step-weights": steps}
    if classes:
        by_class = {"class_weights": rng.uniform(0.2, 2.0, 5)}
        options |= {"/class-weights": by_class, "/mask+weights": {"mask": MASK, **steps, **by_class}}
    else:
        options["/mask+weights"] = {"mask": MASK, **steps}
    return options


def register_loss(name: str, forward: Callable, backward: Callable, classes: bool) -> None:
    """Register one case for each combination of masks and weights."""
    for variant in loss_options(np.random.default_rng(0), classes):

        @case(name + variant)
        def build(rng: np.random.Generator, variant: str = variant) -> Problem:
            options = loss_options(rng, classes)[variant]
            if classes:
                return pair_problem(
                    forward,
                    backward,
                    {"logits": rng.standard_normal((3, 4, 5))},
                    targets=rng.integers(0, 5, (3, 4)),
                    **options,
                )
            y, targets = rng.standard_normal((3, 4)), rng.uniform(0, 1, (3, 4))
            return pair_problem(forward, backward, {"y": y}, targets=targets, **options)


register_loss(
    "softmax_cross_entropy", losses.softmax_cross_entropy_forward, losses.softmax_cross_entropy_backward, classes=True
)
register_loss(
    "sigmoid_cross_entropy", losses.sigmoid_cross_entropy_forward, losses.sigmoid_cross_entropy_backward, classes=False
)
register_loss("mean_squared_error", losses.mean_squared_error_forward, losses.mean_squared_error_backward, classes=False)
register_loss("mean_absolute_error", losses.mean_absolute_error_forward, losses.mean_absolute_error_backward, classes=False)


for _variant in loss_options(np.random.default_rng(0), classes=False):

    @case("quantile_error" + _variant)
    def quantile_error(rng: np.random.Generator, variant: str = _variant) -> Problem:
        """Two quantiles of each target."""
        y, targets = rng.standard_normal((3, 4, 2)), rng.standard_normal((3, 4))
        options = {"levels": np.array([0.1, 0.8]), **loss_options(rng, classes=False)[variant]}
        pair = losses.quantile_error_forward, losses.quantile_error_backward
        return pair_problem(*pair, {"y": y}, targets=targets, **options)


@case("mean_squared_error/masked-nan")
def masked_nan(rng: np.random.Generator) -> Problem:
    """A masked prediction has no effect even if it is NaN, neither forward nor backward."""
    return pair_problem(
        losses.mean_squared_error_forward,
        losses.mean_squared_error_backward,
        {"y": np.where(MASK, rng.standard_normal(MASK.shape), np.nan)},
        targets=rng.standard_normal(MASK.shape),
        mask=MASK,
    )


@case("softmax_cross_entropy/masked-nan")
def masked_nan_logits(rng: np.random.Generator) -> Problem:
    """The same for logits, where a single NaN makes its whole row NaN."""

    def forward(*arrays: Any, **options: Any) -> tuple:
        with np.errstate(invalid="ignore"):  # NumPy warns about NaN in complex arrays only
            return losses.softmax_cross_entropy_forward(*arrays, **options)

    return pair_problem(
        forward,
        losses.softmax_cross_entropy_backward,
        {"logits": np.where(MASK[..., None], rng.standard_normal((3, 4, 5)), np.nan)},
        targets=rng.integers(0, 5, (3, 4)),
        mask=MASK,
    )
