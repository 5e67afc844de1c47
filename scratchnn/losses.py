"""Losses and their gradients. Classification losses act on logits, which do not saturate.

With one non-negative weight w_n per target (1 by default, 0 if masked), each loss is a weighted mean:

    L = sum_n w_n l_n / W,   W = sum_n w_n   (L = 0 if W = 0)                                                      (1)

    softmax cross-entropy   l = logsumexp(z) - z_target      dL/dz = (softmax(z) - onehot(target)) w / W           (2)
    sigmoid cross-entropy   l = softplus(z) - z t            dL/dz = (sigmoid(z) - t) w / W                        (3)
    squared error (MSE)     l = (y - t)^2                    dL/dy = 2 (y - t) w / W                               (4)
    absolute error (MAE)    l = |y - t|                      dL/dy = sign(y - t) w / W                             (5)
    quantile error          l = mean_q max(q (t - y_q), (q - 1) (t - y_q))                                         (6)
                            dL/dy_q = -(q - 1/2 + sign(t - y_q) / 2) w / (W Q)                                     (7)

The quantile error, also called pinball loss, is smallest in the mean if a part q of all targets is below y_q (Koenker and
Bassett, 1978). With the one quantile q = 1/2 it is half the absolute error.

softplus(z) = log(1 + exp(z)) is computed as max(z, 0) + log1p(exp(-|z|)), which cannot overflow.

A weight is the product of up to three factors: ``mask`` (if false, the target does not count, whatever its value),
``step_weights`` (one number per target), and, for the softmax, ``class_weights`` (one number per class).
PyTorch's ``cross_entropy`` divides by the summed weights as well. The leading axes are arbitrary: (N,), (N, T) ...
For the squared and absolute errors and the sigmoid, every entry of (...) is one target. Integers, booleans and float16 are
promoted to float32 or wider (``scratchnn.backend.arrays``), class ids excepted.
"""

from __future__ import annotations

from scratchnn.backend import Array, array_module, blocks, check_array, check_ids, floating
from scratchnn.backend.kernels import cross_entropy_on, kernel_device
from scratchnn.errors import ShapeError
from scratchnn.functions import sigmoid

ENTRIES = 1 << 17  # logits per block: half a megabyte in float32, which stays in the CPU's cache


def _weights(like: Array, mask: Array | None, step_weights: Array | None, owner: str) -> tuple[Array | None, Array]:
    """The weight of each target (``None`` if all are 1) and 1 / W, both in the real dtype of ``like``."""
    xp = array_module(like)
    dtype = like.real.dtype
    for name, given in (("mask", mask), ("step_weights", step_weights)):
        if given is not None:
            check_array(given, f"{owner}: {name}")
            if given.shape != like.shape:
                raise ShapeError(f"{owner}: {name} has shape {tuple(given.shape)}, targets have {tuple(like.shape)}")
    if mask is None and step_weights is None:
        return None, xp.asarray(1.0 / max(like.size, 1), dtype=dtype)
    weights = xp.ones(like.shape, dtype=dtype) if step_weights is None else step_weights.astype(dtype)
    if mask is not None:
        weights = xp.where(mask, weights, 0)
    return weights, _inverse(weights.sum())


def _inverse(total: Array) -> Array:
    """1 / ``total``, or 0 if the total is 0."""
    xp = array_module(total)
    return xp.where(total > 0, 1 / xp.where(total > 0, total, 1), 0).astype(total.dtype)


def _weighted_mean(losses: Array, weights: Array | None, scale: Array) -> Array:
    """Equation (1). A masked entry is replaced by zero, not multiplied by zero: it may be infinite."""
    if weights is not None:
        losses = array_module(losses).where(weights != 0, losses, 0) * weights
    return losses.sum() * scale


# --- softmax cross-entropy -------------------------------------------------------------------------------------------


def softmax_cross_entropy_forward(
    logits: Array,
    targets: Array,
    mask: Array | None = None,
    class_weights: Array | None = None,
    step_weights: Array | None = None,
    out: Array | None = None,
) -> tuple[Array, tuple]:
    """Mean negative log-likelihood, in nats, of the targets.

    Args:
        logits: scores (..., V).
        targets: class ids (...); masked ones may be any integer.
        mask: booleans (...), true if the target counts.
        class_weights: weights (V,).
        step_weights: weights (...).
        out: a C-contiguous array (..., V) of the logits' dtype for the gradient with respect to the logits; it may be the
            logits themselves if they are not needed any longer.

    Returns:
        The loss, an array of shape (), and the cache: the gradient with respect to the logits for ``dloss`` = 1, in ``out``
        if given. It is computed here, block by block, while the exponentials are still in the processor's cache.
    """
    owner = "softmax_cross_entropy"
    logits = floating(logits, f"{owner}: logits")
    check_array(targets, f"{owner}: targets")
    xp = array_module(logits)
    V = logits.shape[-1]
    if targets.shape != logits.shape[:-1]:
        remedy = "; for one-hot targets pass targets.argmax(axis=-1)" if targets.shape == logits.shape else ""
        raise ShapeError(f"{owner}: targets have shape {tuple(targets.shape)}, logits {tuple(logits.shape)}{remedy}")
    if out is not None and not (out.shape == logits.shape and out.dtype == logits.dtype and out.flags.c_contiguous):
        raise ShapeError(
            f"{owner}: out must be a C-contiguous {logits.dtype} array of shape {tuple(logits.shape)}, "
            f"got {out.dtype} {tuple(out.shape)}{'' if out.flags.c_contiguous else ', not contiguous'}"
        )
    if mask is not None:
        check_array(mask, f"{owner}: mask")
        targets = xp.where(mask, targets, 0) if mask.shape == targets.shape else targets
    check_ids(targets, V, owner)
    rows = logits.reshape(-1, V)  # (M, V)
    ids = targets.reshape(-1)
    gradient = xp.empty_like(rows) if out is None else out.reshape(-1, V)
    losses = xp.empty(targets.shape, dtype=rows.dtype)
    if class_weights is not None:
        class_weights = floating(class_weights, f"{owner}: class_weights")
        if class_weights.shape != (V,):
            raise ShapeError(f"{owner}: class_weights have shape {tuple(class_weights.shape)}, expected {(V,)}")
        by_class = class_weights[targets]
        step_weights = by_class if step_weights is None else floating(step_weights, f"{owner}: step_weights") * by_class
    weights, scale = _weights(losses, mask, step_weights, owner)
    factor = xp.broadcast_to(scale if weights is None else weights * scale, targets.shape).reshape(-1)  # w / W  (M,)
    _cross_entropy_of_rows(rows, ids, factor, gradient, losses.reshape(-1))
    if weights is not None:
        gradient[weights.reshape(-1) == 0] = 0  # zero times infinity is not zero
    return _weighted_mean(losses, weights, scale), (gradient.reshape(logits.shape),)


def _cross_entropy_of_rows(rows: Array, ids: Array, factor: Array, gradient: Array, losses: Array) -> None:
    """Equation (2) for logits (M, V), with w / W in ``factor`` (M,): into ``gradient`` (M, V) and ``losses`` (M,)."""
    xp = array_module(rows)
    device = kernel_device(rows, gradient)
    if device is not None:
        cross_entropy_on(device, rows, ids, factor, gradient, losses)  # (2)
        return
    for z, e, ids_z, factor_z, losses_z in blocks(rows, gradient, ids, factor, losses, entries=ENTRIES):
        picked = xp.arange(ids_z.size), ids_z
        xp.subtract(z, z.real.max(axis=1, keepdims=True), out=e)
        xp.negative(e[picked], out=losses_z)
        xp.exp(e, out=e)
        total = e.sum(axis=1)
        losses_z += xp.log(total)  # (2)
        e *= (factor_z / total)[:, None]  # (2), softmax(z) = e / total
        e[picked] -= factor_z  # (2), one entry per row, so no repeats


def softmax_cross_entropy_backward(dloss: Array | float, cache: tuple) -> Array:
    """The gradient with respect to the logits (..., V), from the gradient ``dloss`` with respect to the loss."""
    (gradient,) = cache
    if not isinstance(dloss, float | int) and dloss.shape:
        raise ShapeError(f"softmax_cross_entropy: dloss must be a number or an array (), got shape {dloss.shape}")
    return gradient * array_module(gradient).asarray(dloss, dtype=gradient.dtype)


# --- sigmoid cross-entropy -------------------------------------------------------------------------------------------


def sigmoid_cross_entropy_forward(
    logits: Array, targets: Array, mask: Array | None = None, step_weights: Array | None = None
) -> tuple[Array, tuple]:
    """Mean negative log-likelihood, in nats, of independent yes/no targets in 0 .. 1; all arrays of one shape (...)."""
    logits, targets = _same_shape(logits, targets, "sigmoid_cross_entropy")
    xp = array_module(logits)
    away = xp.where(logits.real > 0, -logits, logits)  # -|z|, by the real part
    softplus = logits * (logits.real > 0) + xp.log1p(xp.exp(away))
    losses = softplus - logits * targets  # (3)
    weights, scale = _weights(losses, mask, step_weights, "sigmoid_cross_entropy")
    return _weighted_mean(losses, weights, scale), (logits, targets, weights, scale)


def sigmoid_cross_entropy_backward(dloss: Array | float, cache: tuple) -> Array:
    """The gradient with respect to the logits, from the gradient ``dloss`` with respect to the loss."""
    logits, targets, weights, scale = cache
    return _spread(sigmoid(logits) - targets, dloss, weights, scale)  # (3)


# --- errors of real numbers ------------------------------------------------------------------------------------------


def mean_squared_error_forward(
    y: Array, targets: Array, mask: Array | None = None, step_weights: Array | None = None
) -> tuple[Array, tuple]:
    """Mean of (y - target)^2 in the squared unit of y; all arrays of one shape (...)."""
    y, targets = _same_shape(y, targets, "mean_squared_error")
    error = y - targets
    weights, scale = _weights(error, mask, step_weights, "mean_squared_error")
    return _weighted_mean(error * error, weights, scale), (error, weights, scale)  # (4)


def mean_squared_error_backward(dloss: Array | float, cache: tuple) -> Array:
    """The gradient with respect to y, from the gradient ``dloss`` with respect to the loss."""
    error, weights, scale = cache
    return _spread(2 * error, dloss, weights, scale)  # (4)


def mean_absolute_error_forward(
    y: Array, targets: Array, mask: Array | None = None, step_weights: Array | None = None
) -> tuple[Array, tuple]:
    """Mean of |y - target| in the unit of y; all arrays of one shape (...)."""
    y, targets = _same_shape(y, targets, "mean_absolute_error")
    error = y - targets
    sign = array_module(y).sign(error.real)
    weights, scale = _weights(error, mask, step_weights, "mean_absolute_error")
    return _weighted_mean(error * sign, weights, scale), (sign, weights, scale)  # (5)


def mean_absolute_error_backward(dloss: Array | float, cache: tuple) -> Array:
    """The gradient with respect to y, from the gradient ``dloss`` with respect to the loss."""
    sign, weights, scale = cache
    return _spread(sign, dloss, weights, scale)  # (5)


def quantile_error_forward(
    y: Array, targets: Array, levels: Array, mask: Array | None = None, step_weights: Array | None = None
) -> tuple[Array, tuple]:
    """Equation (6), in the unit of y.

    Args:
        y: one prediction for each quantile (..., Q).
        targets: (...).
        levels: q, between 0 and 1 (Q,).
        mask, step_weights: as for the other losses (...).

    Returns:
        The loss, an array of shape (), and the cache.
    """
    owner = "quantile_error"
    y, targets, levels = (
        floating(part, f"{owner}: {name}") for part, name in ((y, "predictions"), (targets, "targets"), (levels, "levels"))
    )
    if y.shape[:-1] != targets.shape or y.shape[-1:] != levels.shape:
        raise ShapeError(
            f"{owner}: targets have shape {tuple(targets.shape)}, "
            f"predictions {tuple(y.shape)}, levels {tuple(levels.shape)}"
        )
    xp = array_module(y)
    error = targets[..., None] - y  # (..., Q)
    slope = (levels - 0.5 + 0.5 * xp.sign(error.real)).astype(y.real.dtype)
    losses = (slope * error).mean(axis=-1)  # (6)  (..., Q) -> (...)
    weights, scale = _weights(losses, mask, step_weights, owner)
    return _weighted_mean(losses, weights, scale), (slope, weights, scale)


def quantile_error_backward(dloss: Array | float, cache: tuple) -> Array:
    """The gradient with respect to y (..., Q), from the gradient ``dloss`` with respect to the loss."""
    slope, weights, scale = cache
    weights = None if weights is None else array_module(slope).broadcast_to(weights[..., None], slope.shape)
    return _spread(-slope / slope.shape[-1], dloss, weights, scale)  # (7)


def _spread(slope: Array, dloss: Array | float, weights: Array | None, scale: Array) -> Array:
    """The gradient with respect to each prediction; a masked entry gets zero even if its slope is NaN."""
    if not isinstance(dloss, float | int) and dloss.shape:
        raise ShapeError(f"dloss must be a number or an array (), got shape {dloss.shape}")
    if weights is None:
        return slope * (dloss * scale)
    return array_module(slope).where(weights != 0, slope, 0) * (weights * (dloss * scale))


def _same_shape(y: Array, targets: Array, owner: str) -> tuple[Array, Array]:
    """Both arrays in float32 or wider; a ``ShapeError`` unless they have one shape."""
    y, targets = floating(y, f"{owner}: predictions"), floating(targets, f"{owner}: targets")
    if y.shape != targets.shape:
        raise ShapeError(f"{owner}: targets have shape {tuple(targets.shape)}, predictions {tuple(y.shape)}")
    return y, targets
