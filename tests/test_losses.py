"""Losses with extreme or masked values, and values known by hand."""

import numpy as np
import pytest

from scratchnn import losses
from scratchnn.errors import ShapeError
from scratchnn.functions import log_softmax, one_hot, relu, sigmoid, sigmoid_backward, softmax, tanh, tanh_backward

PAIRS = {
    "softmax": (losses.softmax_cross_entropy_forward, losses.softmax_cross_entropy_backward),
    "sigmoid": (losses.sigmoid_cross_entropy_forward, losses.sigmoid_cross_entropy_backward),
    "squared": (losses.mean_squared_error_forward, losses.mean_squared_error_backward),
    "absolute": (losses.mean_absolute_error_forward, losses.mean_absolute_error_backward),
}


def example(name, rng):
    """Predictions and targets for four steps, in float32."""
    if name == "softmax":
        return rng.standard_normal((4, 3)).astype(np.float32), np.array([0, 2, 1, 1])
    return rng.standard_normal(4).astype(np.float32), rng.uniform(0, 1, 4).astype(np.float32)


def test_the_median_has_half_the_absolute_error_and_a_quantile_is_the_best_constant():
    rng = np.random.default_rng(0)
    y, targets = rng.standard_normal((2, 50))
    half, cache = losses.quantile_error_forward(y[:, None], targets, np.array([0.5]))
    whole, other = losses.mean_absolute_error_forward(y, targets)
    assert half == pytest.approx(whole / 2)
    slopes = losses.quantile_error_backward(1.0, cache)[:, 0]
    np.testing.assert_allclose(slopes, losses.mean_absolute_error_backward(0.5, other))
    levels = np.array([0.1, 0.8])
    sample = rng.standard_normal(999)
    best = np.quantile(sample, levels)
    errors = []
    for shift in (-0.05, 0.0, 0.05):
        constant = np.broadcast_to(best + shift, (999, 2))
        errors.append(float(losses.quantile_error_forward(constant, sample, levels)[0]))
    assert errors[1] == min(errors)


def test_the_quantile_error_of_masked_and_wrong_arrays():
    y, targets, levels = (
        np.zeros((4, 2), dtype="float32"),
        np.ones(4, dtype="float32"),
        np.array([0.1, 0.9], dtype="float32"),
    )
    mask = np.array([True, False, True, True])
    y[1] = np.nan
    loss, cache = losses.quantile_error_forward(y, targets, levels, mask=mask)
    gradient = losses.quantile_error_backward(1.0, cache)
    assert (loss.dtype, gradient.dtype) == (np.dtype("float32"), np.dtype("float32"))
    assert float(loss) == pytest.approx(0.5)
    np.testing.assert_allclose(gradient, [[-1 / 60, -9 / 60], [0, 0], [-1 / 60, -9 / 60], [-1 / 60, -9 / 60]], rtol=1e-6)
    loss, cache = losses.quantile_error_forward(y, targets, levels, mask=np.zeros(4, dtype=bool))
    assert float(loss) == 0
    assert not losses.quantile_error_backward(1.0, cache).any()
    shapes = r"targets have shape \(4,\), predictions \(4, 2\), levels \(3,\)"
    with pytest.raises(ShapeError, match=f"quantile_error: {shapes}"):
        losses.quantile_error_forward(y, targets, np.array([0.1, 0.5, 0.9]))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_masked_may_be_anything(name, bad):
    forward, backward = PAIRS[name]
    predictions, targets = example(name, np.random.default_rng(0))
    mask = np.array([True, True, False, True])
    expected, cache = forward(predictions[mask], targets[mask])
    gradient = backward(1.0, cache)
    predictions[2] = bad
    if name == "softmax":
        targets[2] = -100
    with np.errstate(invalid="ignore"):
        loss, cache = forward(predictions, targets, mask=mask)
        found = backward(1.0, cache)
    assert loss == pytest.approx(expected)
    np.testing.assert_allclose(found[mask], gradient, rtol=1e-6)
    assert not found[2].any()


@pytest.mark.parametrize("name", PAIRS)
def test_an_all_masked_batch_is_zero_not_nan(name):
    forward, backward = PAIRS[name]
    predictions, targets = example(name, np.random.default_rng(0))
    loss, cache = forward(predictions, targets, mask=np.zeros(4, dtype=bool))
    assert float(loss) == 0
    assert not backward(1.0, cache).any()


@pytest.mark.parametrize("name", PAIRS)
def test_inputs_and_caches_are_not_written_to(name):
    forward, backward = PAIRS[name]
    predictions, targets = example(name, np.random.default_rng(0))
    copies = predictions.copy(), targets.copy()
    _, cache = forward(predictions, targets, step_weights=np.array([1, 2, 3, 4.0]))
    first = backward(1.0, cache)
    np.testing.assert_array_equal(backward(1.0, cache), first)
    np.testing.assert_array_equal(predictions, copies[0])
    np.testing.assert_array_equal(targets, copies[1])


def test_shapes_that_disagree_are_named():
    with pytest.raises(ShapeError, match=r"targets have shape \(3,\), logits \(4, 3\)"):
        losses.softmax_cross_entropy_forward(np.zeros((4, 3)), np.zeros(3, dtype=int))
    with pytest.raises(ShapeError, match=r"mask has shape \(3,\), targets have \(4,\)"):
        losses.mean_squared_error_forward(np.zeros(4), np.zeros(4), mask=np.ones(3, dtype=bool))


def test_class_weights_one_hot_targets_and_lists_are_one_line():
    z, ids = np.zeros((4, 3)), np.array([0, 1, 2, 0])
    with pytest.raises(ShapeError, match=r"^softmax_cross_entropy: class_weights have shape \(4,\), expected \(3,\)$"):
        losses.softmax_cross_entropy_forward(z, ids, class_weights=np.ones(4))
    with pytest.raises(
        ShapeError, match=r"shape \(4, 3\), logits \(4, 3\); for one-hot .* pass targets.argmax\(axis=-1\)$"
    ):
        losses.softmax_cross_entropy_forward(z, one_hot(ids, 3))
    with pytest.raises(ShapeError, match=r"^softmax_cross_entropy: ids must be integers, got dtype float64$"):
        losses.softmax_cross_entropy_forward(z, ids.astype(float))
    remedy = "must be a NumPy or CuPy array, got list; convert it with np.asarray$"
    softmax_loss, squared = losses.softmax_cross_entropy_forward, losses.mean_squared_error_forward
    for name, call in {
        "softmax_cross_entropy: logits": lambda: softmax_loss([[0.0, 1]], ids),
        "softmax_cross_entropy: targets": lambda: softmax_loss(z, [0, 1, 2, 0]),
        "softmax_cross_entropy: mask": lambda: softmax_loss(z, ids, mask=[True] * 4),
        "softmax_cross_entropy: class_weights": lambda: softmax_loss(z, ids, class_weights=[1, 2, 3]),
        "softmax_cross_entropy: step_weights": lambda: softmax_loss(z, ids, step_weights=[1, 2, 3, 4]),
        "sigmoid_cross_entropy: targets": lambda: losses.sigmoid_cross_entropy_forward(z, [[1, 0, 0]] * 4),
        "mean_squared_error: predictions": lambda: squared([1, 2], np.array([1, 2])),
        "mean_squared_error: mask": lambda: squared(np.ones(2), np.ones(2), mask=[1, 0]),
        "mean_absolute_error: targets": lambda: losses.mean_absolute_error_forward(np.array([1, 2]), [1, 2]),
        "softmax: x": lambda: softmax([1, 2]),
        "one_hot: ids": lambda: one_hot([1, 2], 3),
    }.items():
        with pytest.raises(ShapeError, match=rf"^{name} {remedy}"):
            call()


def test_out_is_filled_or_refused():
    """A view that is not contiguous used to stay as it was: the gradient went into a copy of it."""
    rng = np.random.default_rng(0)
    z, ids = rng.standard_normal((4, 5, 3)), rng.integers(0, 3, (4, 5))
    _, (expected,) = losses.softmax_cross_entropy_forward(z, ids)
    for out in (np.full((4, 5, 3), np.nan), np.full((8, 5, 3), np.nan)[2:6], z.copy()):
        _, (gradient,) = losses.softmax_cross_entropy_forward(z, ids, out=out)
        np.testing.assert_array_equal(out, expected)
        assert np.shares_memory(gradient, out)
    larger = np.zeros((4, 5, 6))
    views = [larger[:, :, ::2], larger[:, :, :3], np.zeros((4, 5, 3), order="F"), np.zeros((5, 4, 3)).swapaxes(0, 1)]
    for out in [*views, np.zeros((20, 3)), np.zeros((4, 5, 4)), np.zeros((4, 5, 3), "float32"), np.zeros((4, 5, 3), int)]:
        with pytest.raises(ShapeError, match=r"out must be a C-contiguous float64 array of shape \(4, 5, 3\), got "):
            losses.softmax_cross_entropy_forward(z, ids, out=out)
        assert not out.any()
    with pytest.raises(ShapeError, match=r"got float64 \(4, 5, 3\), not contiguous$"):
        losses.softmax_cross_entropy_forward(z, ids, out=views[0])


def test_softmax_of_the_textbook():
    """softmax(2.0, 1.0, 0.1), to three digits as in the lectures."""
    np.testing.assert_allclose(softmax(np.array([2.0, 1.0, 0.1])), [0.659, 0.242, 0.099], atol=5e-4)


def test_softmax_of_large_numbers_and_of_every_rank():
    x = np.array([1000.0, 999.0, -1000.0])
    np.testing.assert_allclose(softmax(x), softmax(x - 1000), rtol=1e-12)
    assert np.isfinite(log_softmax(x)).all()
    cube = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(softmax(cube)[1, 2], softmax(cube[1, 2]))
    np.testing.assert_allclose(softmax(cube).sum(axis=-1), 1)


def test_saturation_is_as_the_text_says():
    """Slopes: a quarter at most for the sigmoid, 1 for tanh, both nearly zero at both ends; zero for ReLU at x < 0."""
    x = np.linspace(-20, 20, 4001)
    slope = sigmoid_backward(np.ones_like(x), sigmoid(x))
    assert slope.max() == pytest.approx(0.25)
    assert slope[[0, -1]].max() < 1e-8
    assert tanh_backward(np.ones_like(x), tanh(x)).max() == pytest.approx(1)
    assert not relu(x[x < 0]).any()
    assert np.isfinite(sigmoid(np.array([-1e4, 1e4], dtype=np.float32))).all()


def test_one_hot():
    np.testing.assert_array_equal(one_hot(np.array([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])
    with pytest.raises(ShapeError, match="integers"):
        one_hot(np.array([1.0]), 3)
