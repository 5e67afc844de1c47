"""The state of an optimizer: through a file, into another optimizer, and to a GPU."""

from __future__ import annotations

import io

import numpy as np
import pytest
from optimizer_cases import MAKERS, every_optimizer, parameter, random_rows, same_bits

from scratchnn.errors import BackendError, CheckpointError
from scratchnn.optim import Adam


def train(optimizer, rng, steps):
    """Random steps: a matrix, a table with row and whole gradients alternating, a vector that never has a gradient."""
    matrix, table, _ = optimizer.parameters
    for step in range(steps):
        matrix.grad = rng.standard_normal((3, 2)).astype("float32")
        table.grad = rng.standard_normal((4, 2)).astype("float32") if step % 3 == 0 else random_rows(rng, 4, 2, "float32")
        optimizer.step()


def fresh(make, seed=5):
    rng = np.random.default_rng(seed)
    return make([parameter(rng, *shape, dtype="float32") for shape in ((3, 2), (4, 2), (3,))]), rng


def through_a_file(state):
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return dict(np.load(file, allow_pickle=False))


@every_optimizer
def test_resumed_run_has_the_same_bits(make):
    whole, rng = fresh(make)
    train(whole, rng, 4)
    whole.lr *= 0.3
    saved = through_a_file(whole.state_dict())
    resumed, _ = fresh(make, seed=6)
    for mine, theirs in zip(resumed.parameters, whole.parameters, strict=True):
        mine.data = theirs.data.copy()
    resumed.load_state_dict(saved)
    assert resumed.lr == whole.lr
    for optimizer in (whole, resumed):
        train(optimizer, np.random.default_rng(8), 5)
    assert all(same_bits(p.data, q.data) for p, q in zip(whole.parameters, resumed.parameters, strict=True))
    assert all(same_bits(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


@every_optimizer
def test_state_is_copied_on_loading_and_replaces_what_was_there(make):
    source, rng = fresh(make)
    train(source, rng, 2)
    copy = {name: value.copy() for name, value in source.state_dict().items()}
    target, rng = fresh(make, seed=9)
    target.load_state_dict(source.state_dict())
    train(target, rng, 1)
    assert all(same_bits(value, copy[name]) for name, value in source.state_dict().items())
    target.load_state_dict(fresh(make)[0].state_dict())
    assert list(target.state_dict()) == ["lr"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("lr"), "Adam: the saved state lacks 'lr'"),
        (lambda s: s.pop("0.v"), "Adam: the saved state lacks '0.v'"),
        (lambda s: s.pop("1.t"), "Adam: the saved state lacks '1.t'"),
        (lambda s: s.update({"0.s": s["0.m"]}), "Adam: the saved state has an unknown entry '0.s'"),
        (lambda s: s.update({"7.m": s["0.m"]}), "Adam: the saved state has an unknown entry '7.m'"),
        (
            lambda s: s.update({"1.m": np.zeros((4, 3))}),
            r"Adam: '1.m' has shape \(4, 3\) in the saved state, \(4, 2\) here",
        ),
        (lambda s: s.update({"lr": np.zeros(1)}), r"Adam: 'lr' has shape \(1,\)"),
        (lambda s: s.update({"0.t": np.asarray(1.5)}), "Adam: '0.t' has dtype float64"),
        (lambda s: s.update({"lr": np.asarray("fast")}), "Adam: 'lr' has dtype <U4"),
    ],
)
def test_damaged_state_is_refused_and_changes_nothing(change, message):
    source, rng = fresh(Adam)
    train(source, rng, 2)
    state = dict(source.state_dict(), lr=np.asarray(0.5))
    change(state)
    target, rng = fresh(Adam, seed=10)
    train(target, rng, 1)
    before = {name: value.copy() for name, value in target.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        target.load_state_dict(state)
    assert all(same_bits(value, before[name]) for name, value in target.state_dict().items())


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in ("adam", "adamw", "momentum", "nesterov")])
def test_state_of_another_optimizer_is_refused(name):
    source, rng = fresh(MAKERS[name])
    train(source, rng, 1)
    for other in MAKERS.keys() - {name}:
        with pytest.raises(CheckpointError):
            fresh(MAKERS[other])[0].load_state_dict(source.state_dict())


@pytest.mark.gpu
@every_optimizer
def test_gpu_step_equals_cpu_step_and_state_follows_the_parameter(make):
    pytest.importorskip("cupy")
    results = []
    for name in ("numpy", "cupy"):
        optimizer, rng = fresh(make)
        train(optimizer, rng, 2)
        try:
            for p in optimizer.parameters:
                p.to(name)
        except BackendError as error:
            pytest.skip(str(error))
        for _ in range(3):
            matrix, table, _ = optimizer.parameters
            for p, gradient in ((matrix, rng.standard_normal((3, 2)).astype("float32")), (table, random_rows(rng, 4, 2))):
                p.grad = None
                p.accumulate(gradient)
                p.to(name)
            optimizer.step()
        for p in optimizer.parameters:
            p.to("numpy")
        results.append([p.data for p in optimizer.parameters])
    for cpu, gpu in zip(*results, strict=True):
        np.testing.assert_allclose(gpu, cpu, rtol=1e-5, atol=1e-6)
