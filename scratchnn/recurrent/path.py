"""Which functions run a recurrent layer: its own, which are array operations, or the GPU kernels of ``backend/kernels``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scratchnn.backend import Array, Lease, array_module
from scratchnn.backend.kernels import backward_on, forward_on, kernel_device
from scratchnn.recurrent.steps import Steps

if TYPE_CHECKING:
    from scratchnn.recurrent.base import Recurrent, State

Run = Callable[..., "tuple[Array, State, Any]"]
RunBack = Callable[..., "tuple[Array, State]"]


def choose_path(
    layer: Recurrent, x: Array, state: State, lengths: Array | Steps | None, mask_h: Array | None
) -> tuple[Run, RunBack]:
    """The functions with the arguments and results of ``layer.run`` and ``layer.run_backward`` that are used for ``x``.

    Steps that are fed from outside (``Recurrent.forward``) are array operations: a kernel runs all of them in one launch.
    """
    if layer.kernel is None or isinstance(lengths, Steps):
        return layer.run, layer.run_backward
    device = kernel_device(x, *_parts(state), mask_h, *(parameter.data for parameter in layer.weights()))
    if device is None:
        return layer.run, layer.run_backward
    xp, name = array_module(x), layer.kernel

    def plain(arrays: Any) -> list[Array]:
        return [xp.ascontiguousarray(array) for array in arrays]

    def one_or_more(states: list[Array]) -> State:
        return tuple(states) if layer.state_parts > 1 else states[0]

    def run(x: Array, state: State, lengths: Array | None, mask_h: Array | None, lease: Lease) -> tuple[Array, State, Any]:
        weights = plain(parameter.data for parameter in layer.weights())
        mask = None if mask_h is None else xp.ascontiguousarray(mask_h)
        y, last, cache = forward_on(device, name, xp.ascontiguousarray(x), plain(_parts(state)), weights, lengths, mask)
        return y, one_or_more(last), cache

    def run_back(dy: Array, dstate: State, cache: Any) -> tuple[Array, State]:
        dy, *parts = plain(array.astype(device.dtype, copy=False) for array in (dy, *_parts(dstate)))
        dx, first, gradients = backward_on(device, dy, parts, cache)
        for parameter, gradient in zip(layer.weights(), gradients, strict=True):
            parameter.accumulate(gradient)
        return dx, one_or_more(first)

    return run, run_back


def _parts(state: State) -> tuple[Array, ...]:
    """The arrays of the state of one layer."""
    return state if isinstance(state, tuple) else (state,)
