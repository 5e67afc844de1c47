"""Losses against PyTorch: loss and gradient, float64, random shapes, masks and weights; and cases that PyTorch lacks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import losses
from scratchnn.errors import DataError, ShapeError

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=2).map(tuple)  # (N,), (N, T)
SEEDS = st.integers(0, 2**32 - 1)
many = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def random_mask(rng, shape):
    """At least one target counts; other tests are for the case of none."""
    mask = rng.random(shape) < 0.6
    mask.flat[0] = True
    return mask


def equal(ours, theirs):
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


# --- softmax cross-entropy -------------------------------------------------------------------------------------------


@pytest.mark.parity
@given(
    shape=SHAPES, V=st.integers(1, 6), masked=st.booleans(), weighted=st.booleans(), scale=st.floats(0.1, 50), seed=SEEDS
)
@many
def test_softmax_cross_entropy(torch, shape, V, masked, weighted, scale, seed):
    """Ignored targets and class weights: the mean is by the summed weights of the targets that count."""
    rng = np.random.default_rng(seed)
    logits, targets = scale * rng.standard_normal((*shape, V)), rng.integers(0, V, shape)
    mask = random_mask(rng, shape) if masked else None
    class_weights = rng.uniform(0.1, 3, V) if weighted else None
    dloss = rng.standard_normal()
    if masked:
        targets[~mask] = rng.integers(-100, 100)  # their values must not matter

    their_logits = torch.tensor(logits, requires_grad=True)
    their_targets = torch.tensor(np.where(mask, targets, -100) if masked else targets)
    expected = torch.nn.functional.cross_entropy(
        their_logits.reshape(-1, V),
        their_targets.reshape(-1),
        weight=torch.tensor(class_weights) if weighted else None,
        ignore_index=-100,
    )
    expected.backward(torch.tensor(dloss, dtype=torch.float64))
    loss, cache = losses.softmax_cross_entropy_forward(logits, targets, mask, class_weights)
    equal(np.asarray(loss), expected)
    equal(losses.softmax_cross_entropy_backward(dloss, cache), their_logits.grad)


@pytest.mark.parity
@given(shape=SHAPES, V=st.integers(1, 6), masked=st.booleans(), both=st.booleans(), seed=SEEDS)
@many
def test_softmax_cross_entropy_with_step_weights(torch, shape, V, masked, both, seed):
    """PyTorch has no weights per target: its unreduced losses, weighted and averaged by hand. Some weights are zero."""
    rng = np.random.default_rng(seed)
    logits, targets = rng.standard_normal((*shape, V)), rng.integers(0, V, shape)
    step_weights = rng.uniform(0, 2, shape) * (rng.random(shape) < 0.7)
    step_weights.flat[0] = 1.0
    mask = random_mask(rng, shape) if masked else None
    class_weights = rng.uniform(0.1, 3, V) if both else None

    their_logits = torch.tensor(logits, requires_grad=True)
    each = torch.nn.functional.cross_entropy(
        their_logits.reshape(-1, V), torch.tensor(targets.reshape(-1)), reduction="none"
    ).reshape(shape)
    weights = step_weights * (mask if masked else 1) * (class_weights[targets] if both else 1)
    expected = (each * torch.tensor(weights)).sum() / weights.sum()
    expected.backward()
    loss, cache = losses.softmax_cross_entropy_forward(logits, targets, mask, class_weights, step_weights)
    equal(np.asarray(loss), expected)
    equal(losses.softmax_cross_entropy_backward(1.0, cache), their_logits.grad)


@pytest.mark.parity
def test_softmax_cross_entropy_on_extreme_logits(torch):
    """Logits of +-1e4 in float32: finite, and the values of PyTorch."""
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [-1e4, -1e4, -1e4]], dtype="float32")
    targets = np.array([1, 2, 0])
    their_logits = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(their_logits, torch.tensor(targets))
    expected.backward()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, cache = losses.softmax_cross_entropy_forward(logits, targets)
        dlogits = losses.softmax_cross_entropy_backward(1.0, cache)
    assert (loss.dtype, dlogits.dtype) == (np.dtype("float32"), np.dtype("float32"))
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-6)
    np.testing.assert_allclose(dlogits, their_logits.grad.numpy(), rtol=1e-6, atol=1e-7)


# --- the losses of one number per target -----------------------------------------------------------------------------

PAIRS = {
    "sigmoid_cross_entropy": "binary_cross_entropy_with_logits",
    "mean_squared_error": "mse_loss",
    "mean_absolute_error": "l1_loss",
}


def pair(name):
    return getattr(losses, f"{name}_forward"), getattr(losses, f"{name}_backward")


@pytest.mark.parity
@pytest.mark.parametrize("name", PAIRS)
@given(shape=SHAPES, masked=st.booleans(), weighted=st.booleans(), scale=st.floats(0.1, 50), seed=SEEDS)
@many
def test_losses_of_one_number_per_target(torch, name, shape, masked, weighted, scale, seed):
    rng = np.random.default_rng(seed)
    y, targets = scale * rng.standard_normal(shape), rng.random(shape)
    y.flat[-1] = targets.flat[-1]  # where |y - t| has no derivative, PyTorch uses zero
    mask = random_mask(rng, shape) if masked else None
    step_weights = rng.uniform(0.1, 2, shape) if weighted else None
    dloss = rng.standard_normal()

    their_y, theirs = torch.tensor(y, requires_grad=True), getattr(torch.nn.functional, PAIRS[name])
    if masked or weighted:
        weights = np.ones(shape) * (mask if masked else 1) * (step_weights if weighted else 1)
        each = theirs(their_y, torch.tensor(targets), reduction="none")
        expected = (each * torch.tensor(weights)).sum() / weights.sum()
    else:
        expected = theirs(their_y, torch.tensor(targets))
    expected.backward(torch.tensor(dloss, dtype=torch.float64))
    forward, backward = pair(name)
    loss, cache = forward(y, targets, mask, step_weights)
    equal(np.asarray(loss), expected)
    equal(backward(dloss, cache), their_y.grad)


@pytest.mark.parity
@given(shape=SHAPES, Q=st.integers(1, 4), masked=st.booleans(), weighted=st.booleans(), seed=SEEDS)
@many
def test_quantile_error(torch, shape, Q, masked, weighted, seed):
    """PyTorch has no such loss: its definition, differentiated by PyTorch."""
    rng = np.random.default_rng(seed)
    y, targets, levels = rng.standard_normal((*shape, Q)), rng.standard_normal(shape), rng.uniform(0.05, 0.95, Q)
    mask = random_mask(rng, shape) if masked else None
    step_weights = rng.uniform(0.1, 2, shape) if weighted else None
    dloss = rng.standard_normal()
    their_y, q = torch.tensor(y, requires_grad=True), torch.tensor(levels)
    error = torch.tensor(targets)[..., None] - their_y
    each = torch.maximum(q * error, (q - 1) * error).mean(-1)
    weights = np.ones(shape) * (mask if masked else 1) * (step_weights if weighted else 1)
    expected = (each * torch.tensor(weights)).sum() / weights.sum()
    expected.backward(torch.tensor(dloss, dtype=torch.float64))
    loss, cache = losses.quantile_error_forward(y, targets, levels, mask, step_weights)
    equal(np.asarray(loss), expected)
    equal(losses.quantile_error_backward(dloss, cache), their_y.grad)


@pytest.mark.parity
def test_sigmoid_cross_entropy_on_extreme_logits(torch):
    logits = np.array([1e4, 1e4, -1e4, -1e4, 100.0, 0.0], dtype="float32")
    targets = np.array([0, 1, 0, 1, 0.5, 1], dtype="float32")
    their_logits = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(their_logits, torch.tensor(targets))
    expected.backward()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, cache = losses.sigmoid_cross_entropy_forward(logits, targets)
        dlogits = losses.sigmoid_cross_entropy_backward(1.0, cache)
    assert (loss.dtype, dlogits.dtype) == (np.dtype("float32"), np.dtype("float32"))
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-6)
    np.testing.assert_allclose(dlogits, their_logits.grad.numpy(), rtol=1e-6, atol=1e-7)


# --- masks -----------------------------------------------------------------------------------------------------------


def softmax_problem(rng):
    return rng.standard_normal((2, 3, 4)), rng.integers(0, 4, (2, 3))


def number_problem(rng):
    return rng.standard_normal((2, 3)), rng.random((2, 3))


EVERY = [("softmax_cross_entropy", softmax_problem), *((name, number_problem) for name in PAIRS)]
every_loss = pytest.mark.parametrize(("name", "problem"), EVERY, ids=[name for name, _ in EVERY])


@every_loss
def test_a_batch_without_targets_is_zero_not_nan(name, problem):
    y, targets = problem(np.random.default_rng(0))
    forward, backward = pair(name)
    for mask, step_weights in ((np.zeros((2, 3), dtype=bool), None), (None, np.zeros((2, 3)))):
        loss, cache = forward(y, targets, mask=mask, step_weights=step_weights)
        assert loss == 0
        assert (backward(1.0, cache) == 0).all()


@every_loss
def test_the_value_at_a_masked_step_does_not_matter(name, problem):
    """Not even if it is 1e4 or infinite: 0 * inf would be NaN."""
    y, targets = problem(np.random.default_rng(1))
    mask = np.ones((2, 3), dtype=bool)
    mask[0, 1] = mask[1, 2] = False
    forward, backward = pair(name)
    expected_loss, cache = forward(y, targets, mask=mask)
    expected = backward(1.0, cache)
    for junk in (1e4, -1e4, np.inf):
        if name == "softmax_cross_entropy" and junk == np.inf:
            continue  # inf - inf: a row of logits needs a finite maximum
        y[~mask] = junk
        with np.errstate(invalid="ignore"):
            loss, cache = forward(y, targets, mask=mask)
            found = backward(1.0, cache)
        np.testing.assert_array_equal(loss, expected_loss)
        np.testing.assert_array_equal(found, expected)
        assert (found[~mask] == 0).all()


@every_loss
def test_wrong_shapes_are_named(name, problem):
    y, targets = problem(np.random.default_rng(2))
    forward, _ = pair(name)
    with pytest.raises(ShapeError, match=rf"{name}: targets have shape \(2, 2\)"):
        forward(y, targets[:, :2])
    with pytest.raises(ShapeError, match=rf"{name}: mask has shape \(2,\), targets have \(2, 3\)"):
        forward(y, targets, mask=np.ones(2, dtype=bool))
    with pytest.raises(ShapeError, match=rf"{name}: step_weights has shape \(3,\)"):
        forward(y, targets, step_weights=np.ones(3))


def test_bad_target_ids_are_named():
    with pytest.raises(DataError, match="softmax_cross_entropy: id 4 is out of range"):
        losses.softmax_cross_entropy_forward(np.ones((2, 4)), np.array([0, 4]))
    with pytest.raises(ShapeError, match="softmax_cross_entropy: ids must be integers"):
        losses.softmax_cross_entropy_forward(np.ones((2, 4)), np.array([0.0, 1.0]))


@every_loss
def test_inputs_and_cache_are_not_written_to(name, problem):
    """A second backward from the same cache gives the same bits."""
    y, targets = problem(np.random.default_rng(3))
    for array in (y, targets):
        array.flags.writeable = False
    forward, backward = pair(name)
    _, cache = forward(y, targets, mask=np.array([[True, True, False], [True, False, True]]))
    np.testing.assert_array_equal(backward(0.7, cache), backward(0.7, cache))
