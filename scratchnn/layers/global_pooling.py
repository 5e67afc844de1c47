"""Global pooling: the maximum or the average of all real steps of a sequence, one vector for each sequence.

Each of the D features by itself, over the L real steps j = 0 .. L - 1:

    m    = the first j at which x_j is largest                                                                     (1)
    y    = x_m                                            maximum                                                  (2)
    dx_m = dy,  all other dx_j = 0                                                                                 (3)

    y    = (1 / L) sum_j x_j                              average                                                  (4)
    dx_j = dy / L  for j < L,  else 0                                                                              (5)

At a tie, the whole gradient of the maximum goes to the first of the largest steps. NaN counts as largest, so that it is not
lost. Padded steps have no effect, whatever they contain. For an empty sequence (L = 0), y and dx are zero.

Shapes: x (N, T, D), y (N, D). Collobert et al., "Natural language processing (almost) from scratch" (2011), maximum over
time; Lin, Chen and Yan, "Network in network" (2014), global average.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scratchnn.backend import Array, array_module, floating
from scratchnn.core import Layer
from scratchnn.layers.sequences import check_lengths, check_sequences, real_steps

# --- the plain loop over sequences -----------------------------------------------------------------------------------


def global_pool_loop_forward(x: Array, lengths: list[int], step: Callable) -> tuple[Array, tuple]:
    """What the functions below compute, one sequence after the other.

    Args:
        x: inputs (N, T, D).
        lengths: N whole numbers.
        step: ``pooling.max_step`` or ``pooling.average_step``, for which all real steps are one window.

    Returns:
        Outputs (N, D) and the cache for ``global_pool_loop_backward``.
    """
    x = floating(x, "global pooling: input")
    N, _, D = x.shape
    y, caches = array_module(x).zeros((N, D), dtype=x.dtype), []
    for n, L in enumerate(lengths):
        cache = None
        if L:
            y[n : n + 1], cache = step(x[n : n + 1, :L])  # (2), (4)
        caches.append(cache)
    return y, (caches, lengths, x.shape)


def global_pool_loop_backward(dy: Array, cache: tuple, step_backward: Callable) -> Array:
    """Backward through ``global_pool_loop_forward``, with the other half of ``step``: dx (N, T, D)."""
    caches, lengths, shape = cache
    dx = array_module(dy).zeros(shape, dtype=dy.dtype)
    for n, L in enumerate(lengths):
        if L:
            dx[n : n + 1, :L] = step_backward(dy[n : n + 1], caches[n])  # (3), (5)
    return dx


# --- all sequences at once -------------------------------------------------------------------------------------------


def global_max_pool1d_forward(x: Array, lengths: Array | None = None) -> tuple[Array, tuple]:
    """Equations (1) and (2): ``x`` (N, T, D) and ``lengths`` (N,), T if None, give (N, D) and the cache."""
    x = floating(x, "GlobalMaxPool1D: input")
    xp = array_module(x)
    N, T, D = x.shape
    real = real_steps(lengths, T)
    if T == 0:
        return xp.zeros((N, D), dtype=x.dtype), (xp.zeros((N, 1, D), dtype="int64"), real, T)
    m = (x.real if real is None else xp.where(real, x.real, -xp.inf)).argmax(axis=1)[:, None]  # (1)  (N, 1, D)
    y = xp.take_along_axis(x, m, axis=1)[:, 0]  # (2)
    return y if lengths is None else xp.where(lengths[:, None] > 0, y, 0), (m, real, T)


def global_max_pool1d_backward(dy: Array, cache: tuple) -> Array:
    """Equation (3): dx (N, T, D)."""
    m, real, T = cache
    xp = array_module(dy)
    N, D = dy.shape
    dx = xp.zeros((N, T, D), dtype=dy.dtype)
    if T:
        dy = dy if real is None else xp.where(real[:, 0], dy, 0)  # an empty sequence has no step m
        dx[xp.arange(N)[:, None], m[:, 0], xp.arange(D)] = dy  # (3)
    return dx


def global_average_pool1d_forward(x: Array, lengths: Array | None = None) -> tuple[Array, tuple]:
    """Equation (4): ``x`` (N, T, D) and ``lengths`` (N,), T if None, give (N, D) and the cache."""
    x = floating(x, "GlobalAveragePool1D: input")
    xp = array_module(x)
    N, T, _ = x.shape
    real = real_steps(lengths, T)
    L = xp.full((N,), T) if lengths is None else lengths
    scale = 1 / xp.maximum(L, 1).astype(x.real.dtype)[:, None]  # (N, 1); for an empty sequence the sum is zero
    total = (x if real is None else xp.where(real, x, 0)).sum(axis=1)
    return total * scale, (scale, real, T)  # (4)


def global_average_pool1d_backward(dy: Array, cache: tuple) -> Array:
    """Equation (5): dx (N, T, D)."""
    scale, real, T = cache
    xp = array_module(dy)
    share = (dy * scale)[:, None]  # (5)  (N, 1, D)
    return xp.repeat(share, T, axis=1) if real is None else xp.where(real, share, 0)  # (5)


# --- the layers ------------------------------------------------------------------------------------------------------


class GlobalPool1D(Layer):
    """Base of the layers that pool whole sequences, (N, T, D) -> (N, D)."""

    takes_lengths = True
    run: Callable[..., tuple[Array, tuple]]
    run_backward: Callable[..., Array]

    def forward(self, x: Array, lengths: Any = None) -> Array:
        """Outputs (N, D) for ``x`` (N, T, D) and ``lengths`` (N,), T if None."""
        check_sequences(x, type(self).__name__)
        y, cache = self.run(x, check_lengths(lengths, x, type(self).__name__))
        self.push(cache, y)
        return y

    def out_lengths(self, lengths: Array) -> None:
        """None: the outputs have no steps."""

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x (N, T, D)."""
        return self.run_backward(dy, self.pop(dy))


class GlobalMaxPool1D(GlobalPool1D):
    """Maximum of all real steps."""

    run = staticmethod(global_max_pool1d_forward)
    run_backward = staticmethod(global_max_pool1d_backward)


class GlobalAveragePool1D(GlobalPool1D):
    """Average of all real steps."""

    run = staticmethod(global_average_pool1d_forward)
    run_backward = staticmethod(global_average_pool1d_backward)
