"""Any cell over whole sequences: a plain loop over its step, forward and backward through time.

A cell is a pair of functions for one step. The state is one array (N, H), or several in nested tuples, such as (h, c) for
an LSTM; the first array is also the output of the step:

    *next_state, cache = step(x_t, *state, *weights)
    dx_t, *dstate, *dweights = step_backward(*dnext_state, cache)

Forward: each step starts from the state that the previous one returned. Beyond its length a sequence keeps its state, and
its outputs are zero.

Backward: from the last step to the first. Two gradients arrive at an output: dy_t from the layer above, and what step t + 1
passes back. Every step uses the same weights, so their gradients add up. A padded step passes the gradient with respect to
the state on unchanged and contributes nothing else.

The whole-sequence functions of the cells compute the same in fewer and larger operations. Tests compare them with this
loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scratchnn.backend import Array, array_module
from scratchnn.core.nested import Nested, flatten, or_zeros, rebuild


def loop_forward(
    step: Callable[..., tuple],
    x: Array,
    state: Nested,
    weights: Sequence[Array],
    lengths: Array | None = None,
    **options: Any,
) -> tuple[Array, Nested, list]:
    """Run ``step`` over whole sequences.

    Args:
        step: forward function of one step.
        x: inputs (N, T, D), T at least 1.
        state: state before the first step; each array (N, H).
        weights: the step's weights, in the order of its arguments.
        lengths: number of real steps of each sequence (N,); T if None.
        options: passed to every step, such as ``mask_h=``.

    Returns:
        Outputs (N, T, H), final state, and a list with one cache per step for ``loop_backward``.
    """
    xp = array_module(x)
    N, T = x.shape[:2]
    lengths = xp.full(N, T) if lengths is None else lengths
    parts = flatten(state)
    outputs, caches = [], []
    for t in range(T):
        real = (t < lengths)[:, None]  # (N, 1)
        *next_parts, cache = step(x[:, t], *parts, *weights, **options)
        parts = [xp.where(real, after, before) for before, after in zip(parts, next_parts, strict=True)]
        outputs.append(xp.where(real, parts[0], 0))
        state = rebuild(state, iter(parts))
        caches.append((cache, real, state))
    return xp.stack(outputs, axis=1), state, caches


def loop_backward(
    step_backward: Callable[..., tuple], dy: Array | None, dstate: Nested, caches: list
) -> tuple[Array, Nested, list[Array]]:
    """Backpropagation through time.

    Args:
        step_backward: backward function of one step.
        dy: gradient with respect to the outputs (N, T, H).
        dstate: gradient with respect to the final state.
        caches: from ``loop_forward``.

    Returns:
        dx (N, T, D), the gradient with respect to the first state, and a list with that of each weight.
    """
    *_, (_, real, last) = caches  # of the last step
    xp = array_module(real)
    dparts, sums = flatten(or_zeros(dstate, last)), None
    dxs: list[Array] = []
    for t in reversed(range(len(caches))):
        cache, real, _ = caches[t]
        dh_carried, *dothers = [xp.where(real, part, 0) for part in dparts]
        dh = dh_carried if dy is None else dh_carried + xp.where(real, dy[:, t], 0)  # h_t reaches the loss in two ways
        dx, *rest = step_backward(dh, *dothers, cache)
        dbefore, dweights = rest[: len(dparts)], rest[len(dparts) :]
        dparts = [xp.where(real, before, after) for before, after in zip(dbefore, dparts, strict=True)]
        dxs.insert(0, dx)
        sums = dweights if sums is None else [a + b for a, b in zip(sums, dweights, strict=True)]
    return xp.stack(dxs, axis=1), rebuild(last, iter(dparts)), sums or []
