"""The step of an optimizer on one parameter by a GPU kernel (``backend/kernels/optimizers.cu``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scratchnn.backend import Array
from scratchnn.backend.kernels import kernel_device, update_on
from scratchnn.core import Parameter, RowGradient

# For each optimizer: the kernel's rule, its numbers as in optimizers.cu, and the part of w that weight decay leaves.
Rule = tuple[str, tuple[float, ...], float]
RULES: dict[str, Callable[[Any, int, bool], Rule]] = {
    "SGD": lambda o, t, rows: (
        "sgd" if not o.momentum else "nesterov" if o.nesterov else "momentum",
        (o.lr, o.momentum),
        1.0,
    ),
    "AdaGrad": lambda o, t, rows: ("adagrad", (o.lr, o.eps), 1.0),
    "RMSprop": lambda o, t, rows: ("rmsprop", (o.lr, o.eps, o.alpha, 1 - o.alpha), 1.0),
    "Adam": lambda o, t, rows: ("adam", _adam(o, t, rows), 1.0),
    "AdamW": lambda o, t, rows: ("adam", _adam(o, t, rows), 1 - o.lr * o.weight_decay),
}


def _adam(o: Any, t: int, rows: bool) -> tuple[float, ...]:
    return (*o.corrected(t, rows), o.beta1, 1 - o.beta1, o.beta2, 1 - o.beta2)


def update_on_device(optimizer: Any, parameter: Parameter, slots: list[Array], t: int) -> bool:
    """Take step ``t`` (from 1) of a parameter, if its device has a kernel for it; returns whether the step was taken.

    Classes derived from the package's optimizers have none: their equations may be others.
    """
    w, gradient = parameter.data, parameter.grad
    device = kernel_device(w, *slots)
    kind = type(optimizer)
    if device is None or kind.__module__ != "scratchnn.optim.optimizers" or not w.flags.c_contiguous:
        return False
    ids = None
    rows = isinstance(gradient, RowGradient) and optimizer.by_rows
    if isinstance(gradient, RowGradient) and rows:
        merged = gradient.merge()
        values, ids = merged.rows, merged.ids
    else:
        values = parameter.dense_gradient()
    if values.dtype != device.dtype:
        return False
    name, numbers, keep = RULES[kind.__name__](optimizer, t, rows)
    update_on(device, name, numbers, keep, w, values, slots, ids)
    return True
