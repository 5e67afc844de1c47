"""Optimizers and gradient clipping against PyTorch, step for step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.core import Parameter, RowGradient
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, RMSprop, clip_by_norm, clip_by_value, global_norm

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity

SHAPES = st.lists(st.lists(st.integers(1, 5), min_size=0, max_size=3).map(tuple), min_size=1, max_size=3)
SEEDS = st.integers(0, 2**32 - 1)
STEPS = 20

# The first pair of each uses all defaults of both libraries; in the others, large rates make a wrong eps visible.
PAIRS = {
    "sgd": (lambda p: SGD(p, 0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum": (lambda p: SGD(p, 0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    "nesterov": (
        lambda p: SGD(p, 0.1, momentum=0.8, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.8, nesterov=True),
    ),
    "adagrad": (AdaGrad, torch.optim.Adagrad),
    "adagrad-eps": (lambda p: AdaGrad(p, 0.5, eps=1e-4), lambda p: torch.optim.Adagrad(p, 0.5, eps=1e-4)),
    "rmsprop": (RMSprop, torch.optim.RMSprop),
    "rmsprop-alpha": (lambda p: RMSprop(p, 0.5, 0.6, 1e-3), lambda p: torch.optim.RMSprop(p, 0.5, 0.6, 1e-3)),
    "adam": (Adam, torch.optim.Adam),
    "adam-betas": (lambda p: Adam(p, 0.5, 0.7, 0.8, 1e-3), lambda p: torch.optim.Adam(p, 0.5, (0.7, 0.8), 1e-3)),
    "adamw": (AdamW, torch.optim.AdamW),
    "adamw-decay": (
        lambda p: AdamW(p, 0.5, 0.7, 0.8, 1e-3, 0.3),
        lambda p: torch.optim.AdamW(p, 0.5, (0.7, 0.8), 1e-3, 0.3),
    ),
}


def random_gradient(rng, shape, size_of_entries):
    return rng.standard_normal(shape) * size_of_entries


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-4)])
@pytest.mark.parametrize("name", PAIRS)
@given(shapes=SHAPES, seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_optimizer_equals_torch(name, dtype, tolerance, shapes, seed):
    """Entries of very different sizes (eps matters for the small ones), missing gradients, a new rate halfway."""
    rng = np.random.default_rng(seed)
    ours = [Parameter(np.asarray(rng.standard_normal(shape), dtype=dtype)) for shape in shapes]
    theirs = [torch.nn.Parameter(torch.tensor(parameter.data)) for parameter in ours]
    make_ours, make_theirs = PAIRS[name]
    our_optimizer, their_optimizer = make_ours(ours), make_theirs(theirs)
    sizes = [10.0 ** rng.uniform(-9, 1, shape) for shape in shapes]
    for step in range(STEPS):
        if step == STEPS // 2:
            our_optimizer.lr *= 0.5
            their_optimizer.param_groups[0]["lr"] *= 0.5
        for parameter, tensor, size in zip(ours, theirs, sizes, strict=True):
            parameter.grad = tensor.grad = None
            if rng.random() < 0.8:
                parameter.grad = np.asarray(random_gradient(rng, parameter.shape, size), dtype=dtype)
                tensor.grad = torch.tensor(parameter.grad)
        our_optimizer.step()
        their_optimizer.step()
        for parameter, tensor in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(parameter.data, tensor.detach().numpy(), rtol=tolerance, atol=tolerance)
            assert parameter.data.dtype == dtype


ROW_PAIRS = {
    "sgd": (lambda p: SGD(p, 0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "adagrad": (lambda p: AdaGrad(p, 0.5), lambda p: torch.optim.Adagrad(p, 0.5)),
    "adam": (Adam, torch.optim.SparseAdam),
    "adam-betas": (lambda p: Adam(p, 0.5, 0.7, 0.8, 1e-3), lambda p: torch.optim.SparseAdam(p, 0.5, (0.7, 0.8), 1e-3)),
}


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize("name", ROW_PAIRS)
@given(V=st.integers(1, 6), D=st.integers(1, 4), seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_rows_equal_torch_sparse_optimizers(name, V, D, seed):
    """Repeated ids, and steps without ids."""
    rng = np.random.default_rng(seed)
    ours = Parameter(rng.standard_normal((V, D)))
    theirs = torch.nn.Parameter(torch.tensor(ours.data))
    make_ours, make_theirs = ROW_PAIRS[name]
    our_optimizer, their_optimizer = make_ours([ours]), make_theirs([theirs])
    size = 10.0 ** rng.uniform(-9, 1, (V, 1))
    for _ in range(STEPS):
        ids = rng.integers(0, V, rng.integers(0, 2 * V + 1))
        rows = random_gradient(rng, (ids.size, D), size[ids])
        ours.grad = RowGradient(ids, rows, (V, D))
        theirs.grad = torch.sparse_coo_tensor(torch.tensor(ids)[None], torch.tensor(rows), (V, D))
        our_optimizer.step()
        their_optimizer.step()
        np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-10, atol=1e-10)


def random_gradients(shapes, seed, dtype="float64"):
    """Parameters with gradients, one of them a set of rows with repeats, and torch tensors with the same."""
    rng = np.random.default_rng(seed)
    ours = [Parameter(np.zeros(shape, dtype=dtype)) for shape in [*shapes, (4, 3), (2, 2)]]
    for parameter in ours[:-1]:
        parameter.grad = np.asarray(rng.standard_normal(parameter.shape), dtype=dtype)
    ours[-2].grad = RowGradient(rng.integers(0, 4, 9), rng.standard_normal((9, 3)).astype(dtype), (4, 3))
    theirs = [torch.nn.Parameter(torch.tensor(parameter.data)) for parameter in ours]
    for parameter, tensor in zip(ours[:-1], theirs[:-1], strict=True):  # the last one has no gradient
        tensor.grad = torch.tensor(parameter.dense_gradient().copy())
    return ours, theirs


def assert_same_gradients(ours, theirs, tolerance):
    assert ours[-1].grad is None
    for parameter, tensor in zip(ours[:-1], theirs[:-1], strict=True):
        np.testing.assert_allclose(parameter.dense_gradient(), tensor.grad.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@given(shapes=SHAPES, seed=SEEDS, max_norm=st.floats(1e-3, 20.0))
@settings(max_examples=30, deadline=None)
def test_clip_by_norm_equals_torch(dtype, tolerance, shapes, seed, max_norm):
    ours, theirs = random_gradients(shapes, seed, dtype)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    np.testing.assert_allclose(global_norm(ours), expected.numpy(), rtol=tolerance)
    np.testing.assert_allclose(clip_by_norm(ours, max_norm), expected.numpy(), rtol=tolerance)
    assert_same_gradients(ours, theirs, tolerance)
    assert all(parameter.dense_gradient().dtype == dtype for parameter in ours)


@given(shapes=SHAPES, seed=SEEDS, limit=st.floats(1e-3, 4.0))
@settings(max_examples=30, deadline=None)
def test_clip_by_value_equals_torch(shapes, seed, limit):
    ours, theirs = random_gradients(shapes, seed)
    torch.nn.utils.clip_grad_value_(theirs, limit)
    clip_by_value(ours, limit)
    assert_same_gradients(ours, theirs, 1e-12)


def test_coefficient_just_above_the_limit_is_that_of_torch():
    """With a norm of 1 and a maximum of 1, the 1e-6 in equation (2) shrinks the gradient slightly."""
    ours, theirs = Parameter(np.zeros(1)), torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    ours.grad, theirs.grad = np.ones(1), torch.ones(1, dtype=torch.float64)
    clip_by_norm([ours], 1.0)
    torch.nn.utils.clip_grad_norm_([theirs], 1.0)
    assert ours.grad[0] == theirs.grad[0].item() < 1
