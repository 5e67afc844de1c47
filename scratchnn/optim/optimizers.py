"""Optimizers: how a parameter w is updated, given the gradient g of the loss with respect to w and the learning rate lr.

    SGD        w <- w - lr g                                                                                       (1)
    momentum   v <- mu v + g                           w <- w - lr v                                               (2)
    Nesterov   v <- mu v + g                           w <- w - lr (g + mu v)                                      (3)
    AdaGrad    s <- s + g^2                            w <- w - lr g / (sqrt(s) + eps)                             (4)
    RMSprop    r <- alpha r + (1 - alpha) g^2          w <- w - lr g / (sqrt(r) + eps)                             (5)
    Adam       m <- beta1 m + (1 - beta1) g            v <- beta2 v + (1 - beta2) g^2                              (6)
               c1 = 1 - beta1^t,  c2 = 1 - beta2^t     w <- w - lr (m / c1) / (sqrt(v / c2) + eps)                 (7)
               rows only                               w <- w - lr (m / c1) / ((sqrt(v) + eps) / sqrt(c2))         (8)
    AdamW      w <- (1 - lr lambda) w                  then (6) and (7)                                            (9)

v, s, r and m start at zero; t counts the steps of this parameter, from 1. The averages in (6) are biased towards their
initial value zero; dividing by c1 and c2 corrects that. The v in (3) is the new one: Nesterov's step looks one step of the
velocity ahead.

Every optimizer computes what PyTorch does, with the same defaults: AdaGrad eps 1e-10; RMSprop alpha 0.99, eps 1e-8; Adam
and AdamW beta1 0.9, beta2 0.999, eps 1e-8; AdamW lambda 0.01.

A ``RowGradient`` contains the gradient of a few rows of a table; the gradient of all other rows is zero. Rows that occur
more than once are summed first. SGD (1) and AdaGrad (4) do not change a row whose gradient is zero, so they update these
rows only, and the result is the same to the last bit. Adam would change the other rows too, because their m decays; here it
leaves them, their m and their v unchanged, and uses (8). This is PyTorch's ``SparseAdam``: cheaper than Adam and slightly
different from it. Momentum, RMSprop and AdamW fill the table with zeros and take their usual step. State and step count are
the same in both cases, so a parameter may have rows in one step and a whole gradient in the next.

Robbins and Monro (1951) for (1); Polyak (1964) for (2); Nesterov (1983) in the form of Sutskever et al. (2013) for (3);
Duchi, Hazan and Singer (2011) for (4); Tieleman and Hinton (2012), lecture 6.5, for (5); Kingma and Ba (2015), algorithm 1,
for (6) and (7), end of section 2 for (8); Loshchilov and Hutter (2019) for (9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from scratchnn.backend import Array, array_module, backend_name, blocks, move, to_numpy
from scratchnn.core import Parameter, RowGradient
from scratchnn.errors import CheckpointError, DataError
from scratchnn.optim.device_update import update_on_device


def distinct(parameters: Iterable[Parameter]) -> list[Parameter]:
    """Each parameter once, by identity, in the order given."""
    return list({id(parameter): parameter for parameter in parameters}.values())


class Optimizer:
    """Base of all optimizers: selects the parameters to update, as rows or as a whole table; saves and loads state.

    A parameter that is frozen (``trainable`` is false) or has no gradient is not changed. Values change in place; gradients
    are never written to. State belongs to a parameter by its position in the list, and is on the device of its values.

    Attributes:
        parameters: the parameters that are optimized, each once.
        lr: learning rate; it may be set at any time.
    """

    slot_names: tuple[str, ...] = ()  # the state arrays of a parameter, by their names in the equations
    by_rows = False  # whether a RowGradient is used as it is; if false, it is filled with zeros

    def __init__(self, parameters: Iterable[Parameter], lr: float):
        self.parameters = distinct(parameters)
        self.lr = check_range(lr, 0, np.inf, type(self).__name__, "lr")
        self._slots: list[list[Array]] = [[] for _ in self.parameters]  # empty until a parameter's first step
        self._steps = [0] * len(self.parameters)

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        self.lr = float(self.lr)  # a NumPy number would turn float32 arithmetic into float64
        for k, parameter in enumerate(self.parameters):
            w, gradient = parameter.data, parameter.grad
            if gradient is None or not parameter.trainable:
                continue
            self._steps[k] += 1
            slots = self._slots_of(k)
            if update_on_device(self, parameter, slots, self._steps[k]):
                continue
            if isinstance(gradient, RowGradient) and self.by_rows:
                gradient = gradient.coalesce()
                ids = gradient.ids
                w_rows, slot_rows = w[ids], [slot[ids] for slot in slots]
                self._update(w_rows, gradient.rows, slot_rows, self._steps[k], rows=True)
                w[ids] = w_rows
                for slot, changed in zip(slots, slot_rows, strict=True):
                    slot[ids] = changed
            else:
                for w_block, g_block, *slot_blocks in blocks(w, parameter.dense_gradient(), *slots):
                    self._update(w_block, g_block, slot_blocks, self._steps[k], rows=False)

    def _update(self, w: Array, g: Array, slots: list[Array], t: int, rows: bool) -> None:
        """Change ``w`` and ``slots`` in place; all arrays, and the gradient ``g``, are of one shape.

        Args:
            w, g, slots: a block of the parameter, or some of its rows, with its gradient and its state.
            t: number of this step, from 1.
            rows: whether these are only the rows with a gradient.
        """
        raise TypeError(f"{type(self).__name__} does not define _update")

    def _slots_of(self, k: int) -> list[Array]:
        """State arrays of parameter ``k``: zeros at its first step; later moved if its values have moved."""
        w = self.parameters[k].data
        if self._steps[k] == 1:
            self._slots[k] = [array_module(w).zeros_like(w) for _ in self.slot_names]
        self._slots[k] = [move(slot, backend_name(w)) for slot in self._slots[k]]
        return self._slots[k]

    def state_dict(self) -> dict[str, Array]:
        """All state as arrays: ``"lr"``, and for each updated parameter ``"0.t"``, ``"0.m"`` ... by its position.

        The arrays are those of the optimizer, not copies; the next step writes to them.
        """
        state: dict[str, Array] = {"lr": np.asarray(self.lr, dtype="float64")}
        for k, t in enumerate(self._steps):
            if t:
                state[f"{k}.t"] = np.asarray(t)
                state.update({f"{k}.{name}": slot for name, slot in zip(self.slot_names, self._slots[k], strict=True)})
        return state

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Copy saved state; every name and shape must agree, and nothing is changed unless all do."""
        who = type(self).__name__
        expected: dict[str, tuple[int, ...]] = {"lr": ()}
        for k, parameter in enumerate(self.parameters):
            shapes = {f"{k}.t": ()} | {f"{k}.{name}": parameter.shape for name in self.slot_names}
            if any(name in state for name in shapes):
                expected.update(shapes)
        if missing := [name for name in expected if name not in state]:
            raise CheckpointError(f"{who}: the saved state lacks {missing[0]!r} ({len(missing)} missing)")
        if extra := [name for name in state if name not in expected]:
            raise CheckpointError(f"{who}: the saved state has an unknown entry {extra[0]!r} ({len(extra)} unknown)")
        for name, shape in expected.items():
            if tuple(state[name].shape) != shape:
                raise CheckpointError(
                    f"{who}: {name!r} has shape {tuple(state[name].shape)} in the saved state, {shape} here"
                )
            if state[name].dtype.kind not in ("iu" if name.endswith(".t") else "f"):
                raise CheckpointError(f"{who}: {name!r} has dtype {state[name].dtype} in the saved state")
        self.lr = float(to_numpy(state["lr"]))
        for k, parameter in enumerate(self.parameters):
            self._steps[k] = int(to_numpy(state[f"{k}.t"])) if f"{k}.t" in expected else 0
            self._slots[k] = []
            if self._steps[k]:
                w = parameter.data
                saved = [move(state[f"{k}.{name}"], backend_name(w)) for name in self.slot_names]
                self._slots[k] = [array_module(w).array(slot, dtype=w.dtype) for slot in saved]


def check_range(value: float, low: float, high: float, owner: str, name: str) -> float:
    """``value`` itself if ``low`` <= value < ``high``; a ``DataError`` otherwise."""
    if not low <= value < high:
        raise DataError(f"{owner}: {name} must be {low} or more and below {high}, got {value}")
    return float(value)


class SGD(Optimizer):
    """Stochastic gradient descent, equation (1); with ``momentum`` mu (2), and with ``nesterov`` as well (3)."""

    def __init__(self, parameters: Iterable[Parameter], lr: float, momentum: float = 0.0, nesterov: bool = False):
        super().__init__(parameters, lr)
        self.momentum = check_range(momentum, 0, 1, "SGD", "momentum")
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise DataError("SGD: nesterov needs a momentum above 0")
        self.slot_names = ("v",) if momentum else ()
        self.by_rows = not momentum

    def _update(self, w: Array, g: Array, slots: list[Array], t: int, rows: bool) -> None:
        if not self.momentum:
            w -= self.lr * g  # (1)
            return
        (v,) = slots
        v *= self.momentum
        v += g  # (2), (3)
        w -= self.lr * (g + self.momentum * v) if self.nesterov else self.lr * v  # (3), (2)


class AdaGrad(Optimizer):
    """AdaGrad, equation (4): the more an entry has been updated, the smaller its next steps."""

    slot_names = ("s",)
    by_rows = True

    def __init__(self, parameters: Iterable[Parameter], lr: float = 0.01, eps: float = 1e-10):
        super().__init__(parameters, lr)
        self.eps = check_range(eps, 0, np.inf, "AdaGrad", "eps")

    def _update(self, w: Array, g: Array, slots: list[Array], t: int, rows: bool) -> None:
        (s,) = slots
        s += g * g  # (4)
        w -= self.lr * g / (array_module(w).sqrt(s) + self.eps)  # (4)


class RMSprop(Optimizer):
    """RMSprop, equation (5): AdaGrad with a moving average, whose weight on the past is ``alpha``."""

    slot_names = ("r",)

    def __init__(self, parameters: Iterable[Parameter], lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8):
        super().__init__(parameters, lr)
        self.alpha = check_range(alpha, 0, 1, "RMSprop", "alpha")
        self.eps = check_range(eps, 0, np.inf, "RMSprop", "eps")

    def _update(self, w: Array, g: Array, slots: list[Array], t: int, rows: bool) -> None:
        (r,) = slots
        r *= self.alpha
        r += (1 - self.alpha) * g * g  # (5)
        w -= self.lr * g / (array_module(w).sqrt(r) + self.eps)  # (5)


class Adam(Optimizer):
    """Adam, equations (6) and (7), and (8) if the gradient is a set of rows."""

    slot_names = ("m", "v")
    by_rows = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ):
        super().__init__(parameters, lr)
        owner = type(self).__name__
        self.beta1 = check_range(beta1, 0, 1, owner, "beta1")
        self.beta2 = check_range(beta2, 0, 1, owner, "beta2")
        self.eps = check_range(eps, 0, np.inf, owner, "eps")

    def _update(self, w: Array, g: Array, slots: list[Array], t: int, rows: bool) -> None:
        m, v = slots
        m *= self.beta1
        m += (1 - self.beta1) * g  # (6)
        v *= self.beta2
        v += (1 - self.beta2) * g * g  # (6)
        lr, eps = self.corrected(t, rows)
        w -= lr * m / (array_module(w).sqrt(v) + eps)  # (7), (8)

    def corrected(self, t: int, rows: bool) -> tuple[float, float]:
        """Lr and eps with the corrections of (7), or of (8) for ``rows``, at step ``t``."""
        c1, root_c2 = 1 - self.beta1**t, (1 - self.beta2**t) ** 0.5
        eps = self.eps if rows else self.eps * root_c2  # (7) is (8) with a smaller eps: one line serves both
        return self.lr * root_c2 / c1, eps


class AdamW(Adam):
    """AdamW, equation (9): before each step of Adam, weights shrink by the fraction lr * ``weight_decay`` (lambda)."""

    by_rows = False

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        super().__init__(parameters, lr, beta1, beta2, eps)
        self.weight_decay = check_range(weight_decay, 0, np.inf, "AdamW", "weight_decay")

    def _update(self, w: Array, g: Array, slots: list[Array], t: int, rows: bool) -> None:
        w *= 1 - self.lr * self.weight_decay  # (9)
        super()._update(w, g, slots, t, rows)
