"""Optimizers: rows and whole tables, and which parameters are updated. Equality with PyTorch: test_parity_optim.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_cases import MAKERS, every_optimizer, parameter, random_rows, same_bits

from scratchnn.backend import cache_blocks
from scratchnn.core import Parameter, RowGradient
from scratchnn.errors import DataError
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSprop

# --- rows and whole tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "adam"])  # Adam on rows is a different method
@given(V=st.integers(1, 7), D=st.integers(1, 4), dtype=st.sampled_from(["float32", "float64"]), seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_rows_give_exactly_the_dense_step(name, V, D, dtype, seed):
    rng = np.random.default_rng(seed)
    by_rows = parameter(rng, V, D, dtype=dtype)
    dense = Parameter(by_rows.data.copy())
    optimizer, twin = MAKERS[name]([by_rows]), MAKERS[name]([dense])
    for _ in range(5):
        by_rows.grad = random_rows(rng, V, D, dtype)
        dense.grad = by_rows.grad.to_dense()
        optimizer.step()
        twin.step()
        assert same_bits(by_rows.data, dense.data)


def test_adam_does_not_change_rows_without_a_gradient():
    rng = np.random.default_rng(0)
    table = parameter(rng, 5, 3)
    optimizer = Adam([table], 0.1)
    table.grad = rng.standard_normal((5, 3))
    optimizer.step()
    before = {name: value.copy() for name, value in optimizer.state_dict().items()} | {"w": table.data.copy()}
    table.grad = RowGradient(np.array([3, 1, 3]), rng.standard_normal((3, 3)), (5, 3))
    optimizer.step()
    after = optimizer.state_dict() | {"w": table.data}
    for name in ("w", "0.m", "0.v"):
        assert same_bits(after[name][[0, 2, 4]], before[name][[0, 2, 4]])
        assert (after[name][[1, 3]] != before[name][[1, 3]]).all()


@given(
    V=st.integers(1, 5),
    D=st.integers(1, 3),
    kinds=st.lists(st.booleans(), min_size=1, max_size=8),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_adam_alternating_between_rows_and_whole_tables(V, D, kinds, seed):
    """Equations (6) to (8), row by row: one state and one step count for both kinds of gradient."""
    rng = np.random.default_rng(seed)
    table = parameter(rng, V, D)
    optimizer = Adam([table], lr=0.2, beta1=0.8, beta2=0.9, eps=0.01)
    w, m, v = table.data.copy(), np.zeros((V, D)), np.zeros((V, D))
    for t, whole in enumerate(kinds, start=1):
        table.grad = rng.standard_normal((V, D)) if whole else random_rows(rng, V, D)
        g = table.dense_gradient()
        c1, c2 = 1 - 0.8**t, 1 - 0.9**t
        for row in range(V) if whole else set(table.grad.ids.tolist()):
            m[row] = 0.8 * m[row] + 0.2 * g[row]
            v[row] = 0.9 * v[row] + 0.1 * g[row] ** 2
            below = np.sqrt(v[row] / c2) + 0.01 if whole else (np.sqrt(v[row]) + 0.01) / np.sqrt(c2)
            w[row] -= 0.2 * (m[row] / c1) / below
        optimizer.step()
        np.testing.assert_allclose(table.data, w, rtol=1e-12, atol=1e-12)


@every_optimizer
@pytest.mark.parametrize("shape", [(50,), (10, 5), (1, 50), (5, 2, 5), ()])
def test_blocks_do_not_change_the_step(make, shape, monkeypatch):
    """A step on many small blocks has the bits of a step on the whole array, for a transposed gradient too."""
    found = []
    for block in (4, 1000):
        monkeypatch.setattr(cache_blocks, "BLOCK", block)
        rng = np.random.default_rng(1)
        w = Parameter(np.asarray(rng.standard_normal(shape)))
        optimizer = make([w])
        for _ in range(3):
            w.grad = np.asarray(rng.standard_normal(shape[::-1])).T
            optimizer.step()
        found.append(w.data)
    assert same_bits(*found)


# --- which parameters are updated ------------------------------------------------------------------------------------


@every_optimizer
def test_parameters_of_one_shape_do_not_share_state(make):
    """Two parameters in one optimizer change as each would alone, although one of them misses some steps."""
    rng = np.random.default_rng(2)
    together = [parameter(rng, 3, 2), parameter(rng, 3, 2)]
    alone = [Parameter(p.data.copy()) for p in together]
    optimizer, single = make(together), [make([p]) for p in alone]
    for step in range(6):
        for k in range(2):
            together[k].grad = alone[k].grad = rng.standard_normal((3, 2)) if k == 0 or step % 3 == 2 else None
            single[k].step()
        optimizer.step()
        assert all(same_bits(p.data, q.data) for p, q in zip(together, alone, strict=True))


@every_optimizer
def test_a_parameter_given_twice_moves_once(make):
    """By identity: a parameter with equal values is a different one."""
    rng = np.random.default_rng(3)
    tied, once = Parameter(np.ones(3)), Parameter(np.ones(3))
    tied.grad, once.grad = rng.standard_normal(3), None
    optimizer = make([tied, once, tied])
    assert optimizer.parameters == [tied, once]
    single = Parameter(np.ones(3))
    single.grad = tied.grad
    make([single]).step()
    optimizer.step()
    assert same_bits(tied.data, single.data)
    assert (once.data == 1).all()


@every_optimizer
def test_frozen_parameters_and_those_without_gradient_do_not_change(make):
    frozen, without = Parameter(np.ones(3), trainable=False), Parameter(np.ones(3))
    frozen.grad = np.ones(3)
    optimizer = make([frozen, without])
    optimizer.step()
    assert (frozen.data == 1).all()
    assert (without.data == 1).all()
    assert list(optimizer.state_dict()) == ["lr"]


@every_optimizer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_change_in_place_and_gradients_never(make, dtype):
    """The dtype stays too."""
    rng = np.random.default_rng(4)
    w, table = parameter(rng, 3, 2, dtype=dtype), parameter(rng, 4, 2, dtype=dtype)
    values = w.data
    optimizer = make([w, table])
    for _ in range(2):
        w.grad, table.grad = rng.standard_normal((3, 2)).astype(dtype), random_rows(rng, 4, 2, dtype)
        dense, rows, ids = w.grad.copy(), table.grad.rows.copy(), table.grad.ids.copy()
        for array in (w.grad, table.grad.rows, table.grad.ids):
            array.flags.writeable = False
        optimizer.step()
        assert same_bits(w.grad, dense)
        assert same_bits(table.grad.rows, rows)
        assert same_bits(table.grad.ids, ids)
    assert w.data is values
    slots = [value for name, value in optimizer.state_dict().items() if name != "lr" and not name.endswith(".t")]
    assert {array.dtype for array in [*slots, w.data, table.data]} == {np.dtype(dtype)}


@every_optimizer
def test_a_numpy_number_for_a_rate_gives_the_bits_of_a_python_number(make):
    """It would turn float32 arithmetic into float64, and a resumed run, whose rate is a Python number, would differ."""
    found = []
    for number in (float, np.float64):
        rng = np.random.default_rng(5)
        w = parameter(rng, 40, dtype="float32")
        optimizer = make([w])
        for _ in range(3):
            w.grad = rng.standard_normal(40).astype("float32")
            optimizer.lr = number(0.3)
            optimizer.step()
        found.append(w.data)
    assert same_bits(*found)


def test_nesterov_looks_one_step_of_the_velocity_ahead():
    """Two steps by hand, mu = 1/2, lr = 1: v = 2, then 1 + 4 = 5; w moves by 2 + 1, then by 4 + 2.5."""
    w = Parameter(np.array([10.0]))
    optimizer = SGD([w], 1.0, momentum=0.5, nesterov=True)
    for g, expected in ((2.0, 7.0), (4.0, 0.5)):
        w.grad = np.array([g])
        optimizer.step()
        assert w.data[0] == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, -0.1), "SGD: lr must be 0 or more and below inf, got -0.1"),
        (lambda p: SGD(p, float("nan")), "SGD: lr must be"),
        (lambda p: SGD(p, 0.1, momentum=1.0), "SGD: momentum must be 0 or more and below 1"),
        (lambda p: SGD(p, 0.1, nesterov=True), "SGD: nesterov needs a momentum"),
        (lambda p: AdaGrad(p, eps=-1.0), "AdaGrad: eps"),
        (lambda p: RMSprop(p, alpha=1.0), "RMSprop: alpha"),
        (lambda p: RMSprop(p, eps=-1.0), "RMSprop: eps"),
        (lambda p: Adam(p, beta1=1.0), "Adam: beta1"),
        (lambda p: Adam(p, beta2=-0.1), "Adam: beta2"),
        (lambda p: AdamW(p, eps=-1.0), "AdamW: eps"),
        (lambda p: AdamW(p, weight_decay=-1.0), "AdamW: weight_decay"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(DataError, match=message):
        make([])


def test_the_base_class_says_what_is_missing():
    w = Parameter(np.ones(1))
    w.grad = np.ones(1)
    with pytest.raises(TypeError, match="Optimizer does not define _update"):
        Optimizer([w], 0.1).step()
