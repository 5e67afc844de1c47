"""Gradient clipping, and the check for gradients that are NaN or infinite.

    norm = sqrt(sum of g^2 over all entries of all gradients)                                                      (1)
    g <- g min(1, max_norm / (norm + 1e-6))                                                                        (2)
    g <- min(max(g, -limit), limit)                                                                                (3)

(2) keeps the direction of the step and bounds its length: Pascanu, Mikolov and Bengio (2013), algorithm 1, with the 1e-6 of
PyTorch. (3) bounds every entry separately: Mikolov (2012).

The norm is summed in float64, in which the squares of float32 numbers cannot overflow. Rows of a ``RowGradient`` with the
same id are summed before they are squared or clipped, so that the result is that of the gradient of the whole table. Both
kinds of clipping raise an error for NaN and infinity: a NaN would pass any comparison, and (3) would turn infinity into an
ordinary gradient. Parameters that are frozen or have no gradient do not count; a parameter given twice counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

import numpy as np

from scratchnn.backend import Array, array_module, blocks, to_numpy
from scratchnn.backend.kernels import kernel_device, norm_on
from scratchnn.core import Parameter, RowGradient
from scratchnn.errors import DataError, NonFiniteError
from scratchnn.optim.optimizers import distinct

ENTRIES = 1 << 13  # squared at a time: 64 kilobytes in float64


def _learning(parameters: Iterable[Parameter]) -> list[Parameter]:
    """The parameters that the next step will change, each once."""
    return [p for p in distinct(parameters) if p.trainable and p.grad is not None]


def _entries(parameter: Parameter) -> Array:
    """The entries of the gradient, in any shape, without rows that are zero."""
    gradient: Array = parameter.grad
    return gradient.merge().rows if isinstance(gradient, RowGradient) else gradient


def global_norm(parameters: Iterable[Parameter]) -> Array:
    """Equation (1): a float64 array of shape (), on the device of the gradients."""
    gradients = [_entries(parameter) for parameter in _learning(parameters)]
    device = kernel_device(*gradients) if gradients else None
    if device is not None:
        return norm_on(device, gradients)
    xp = array_module(gradients[0]) if gradients else np
    total = xp.zeros((), dtype="float64")
    for gradient in gradients:
        for (block,) in blocks(gradient, entries=ENTRIES):
            wide = block.reshape(-1).astype(total.dtype)
            total += wide @ wide
    return xp.sqrt(total, out=total)  # (1)


def check_finite(named_parameters: Mapping[str, Parameter], norm: Array | float) -> None:
    """Raise ``NonFiniteError`` if the ``norm`` of the gradients is not finite; the message names the first such parameter.

    If the norm is finite, the gradients are not read.
    """
    norm = _number(norm)
    if isfinite(norm):
        return
    for name, parameter in named_parameters.items():
        for entries in (_entries(p) for p in _learning([parameter])):
            xp = array_module(entries)
            bad = int(to_numpy(xp.asarray((~xp.isfinite(entries)).sum())))
            if bad:
                raise NonFiniteError(
                    f"the gradient of parameter {name!r} of shape {parameter.shape} is NaN or infinite in {bad} of its "
                    "entries; lower the learning rate, clip gradients, or look for such numbers in the input"
                )
    raise NonFiniteError(
        f"the norm of the gradients is {norm}, but every entry is finite: the entries are too large to square"
    )


def scale_gradients(parameters: Iterable[Parameter], factor: float) -> None:
    """Multiply all gradients by ``factor``. Rows are replaced, because they may be a view of another array."""
    for parameter in _learning(parameters):
        gradient: Array = parameter.grad
        if isinstance(gradient, RowGradient):
            parameter.grad = RowGradient(gradient.ids, gradient.rows * float(factor), gradient.shape)
        else:
            gradient *= float(factor)
            parameter.grad = gradient


def clip_by_norm(parameters: Iterable[Parameter], max_norm: float, norm: Array | float | None = None) -> float:
    """Equation (2): scale all gradients by one factor so that their norm is at most ``max_norm``.

    Args:
        parameters: the parameters whose gradients are clipped.
        max_norm: largest norm, above 0.
        norm: ``global_norm(parameters)``, computed here if None.

    Returns:
        The norm before clipping.

    Raises:
        NonFiniteError: the norm is NaN or infinite.
    """
    _check_positive(max_norm, "clip_by_norm", "max_norm")
    parameters = distinct(parameters)
    norm = _finite_norm(parameters, norm)
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        scale_gradients(parameters, factor)  # (2)
    return norm


def clip_by_value(parameters: Iterable[Parameter], limit: float, norm: Array | float | None = None) -> float:
    """Equation (3): clip every entry to -``limit`` .. ``limit``; arguments, result and errors as for ``clip_by_norm``."""
    _check_positive(limit, "clip_by_value", "limit")
    parameters = distinct(parameters)
    norm = _finite_norm(parameters, norm)
    for parameter in _learning(parameters):
        gradient: Array = parameter.grad
        if isinstance(gradient, RowGradient):
            gradient = gradient.merge()
            parameter.grad = RowGradient(gradient.ids, gradient.rows.clip(-limit, limit), gradient.shape)  # (3)
        else:
            parameter.grad = gradient.clip(-limit, limit)  # (3)
    return norm


def _number(norm: Array | float) -> float:
    """``norm`` as a Python float, copied from the GPU if it is there."""
    return float(norm if isinstance(norm, (float, np.generic)) else to_numpy(norm))


def _finite_norm(parameters: list[Parameter], norm: Array | float | None) -> float:
    """``norm``, computed if None; an error that names the gradient by its position in the list if it is not finite."""
    norm = _number(global_norm(parameters) if norm is None else norm)
    check_finite({f"number {k}": parameter for k, parameter in enumerate(parameters)}, norm)
    return norm


def _check_positive(value: float, owner: str, name: str) -> None:
    if not value > 0:
        raise DataError(f"{owner}: {name} must be above 0, got {value}")
