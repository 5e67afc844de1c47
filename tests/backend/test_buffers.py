"""Buffers that are reused: never two owners at once, never more of them than were in use together, no leak."""

import contextlib
import gc
import platform
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import BufferPool
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD
from scratchnn.recurrent import GRU, LSTM, RNN, LSTMPeephole


def gru(form):
    return lambda *sizes, **options: GRU(*sizes, form=form, **options)


CELLS = [RNN, LSTM, LSTMPeephole, gru("simplified"), gru("reset_before"), gru("reset_after")]
each_cell = pytest.mark.parametrize("cell", CELLS, ids=["rnn", "lstm", "lstm-peephole", "simplified", "before", "after"])


def free_buffers(pool, dtype):
    return pool._free.get(("numpy", np.dtype(dtype)), [])


@given(
    st.lists(
        st.tuples(st.sampled_from(["lease", "take", "end"]), st.integers(0, 12), st.sampled_from(["float32", "float64"])),
        max_size=60,
    )
)
@settings(deadline=None)
def test_no_two_owners_and_no_more_buffers_than_were_in_use(jobs):
    pool, leases, most = BufferPool(), [], {"float32": 0, "float64": 0}  # each lease with its arrays
    for number, (job, size, dtype) in enumerate(jobs):
        if job == "lease":
            leases.append((pool.lease(), []))
        elif leases and job == "take":
            lease, arrays = leases[number % len(leases)]
            array = lease.take(np, (2, size), dtype)
            assert array.shape == (2, size)
            assert array.dtype == dtype
            assert size == 0 or array.ctypes.data % 64 == 0
            array[...] = number
            arrays.append((array, number))
            in_use = [array for _, arrays in leases for array, _ in arrays]
            most[dtype] = max(most[dtype], sum(array.dtype == dtype for array in in_use))
        elif leases:
            leases.pop(size % len(leases))[0].end()
        assert all((array == number).all() for _, arrays in leases for array, number in arrays)
        for dtype, count in most.items():
            assert len(free_buffers(pool, dtype)) <= count


def test_the_smallest_buffer_that_is_large_enough_is_taken():
    pool = BufferPool()
    with pool.lease() as lease:
        arrays = [lease.take(np, (size,), "float64") for size in (10, 30, 20)]
    assert pool.lease().take(np, (3, 5), "float64").base is arrays[2].base


def test_a_buffer_that_is_too_small_is_replaced_by_a_larger_one():
    pool = BufferPool()
    with pool.lease() as lease:
        small = lease.take(np, (10,), "float64")
    assert pool.lease().take(np, (11,), "float64").base.size == small.base.size + 1
    assert free_buffers(pool, "float64") == []


def test_copy_and_product():
    array = np.arange(6.0).reshape(2, 3).T
    with BufferPool().lease() as lease:
        copied = lease.copy(array)
        assert copied.flags.c_contiguous
        np.testing.assert_array_equal(copied, array)
        np.testing.assert_array_equal(lease.product(array, np.array([1.0, 2.0])), array * [1, 2])


# --- the life of a lease ---------------------------------------------------------------------------------------------


def test_a_block_gives_back_everything_even_after_an_error():
    pool = BufferPool()
    with contextlib.suppress(ZeroDivisionError), pool.lease() as outer:
        outer.take(np, (10,), "float64")
        with pool.lease() as inner:
            inner.take(np, (20,), "float64")
            inner.take(np, (30,), "float64")
        assert len(free_buffers(pool, "float64")) == 2
        raise ZeroDivisionError
    assert len(free_buffers(pool, "float64")) == 3


@pytest.mark.parametrize(
    "use",
    [
        lambda lease: lease.take(np, (2,), "float64"),
        lambda lease: lease.copy(np.ones(2)),
        lambda lease: lease.product(np.ones(2), np.ones(2)),
        lambda lease: lease.end(),
    ],
    ids=["take", "copy", "product", "end"],
)
def test_a_lease_that_has_ended_is_refused(use):
    lease = BufferPool().lease()
    taken = lease.take(np, (2,), "float64")
    lease.end()
    with pytest.raises(RuntimeError, match=r"this lease has ended.*take arrays from a new lease"):
        use(lease)
    assert free_buffers(lease.pool, "float64") == [taken.base]  # once


@pytest.mark.parametrize("end", [lambda lease: lease.end(), lambda lease: None], ids=["ended", "dropped"])
def test_a_dropped_lease_is_garbage_and_an_ended_one_is_not(end):
    pool = BufferPool()
    tracemalloc.start()
    try:
        lease = pool.lease()
        lease.take(np, (1 << 17,), "float64")
        end(lease)
        kept = len(free_buffers(pool, "float64"))
        del lease
        gc.collect()
        assert (tracemalloc.get_traced_memory()[0] > 1 << 20) == bool(kept)
    finally:
        tracemalloc.stop()


# --- layers that use them --------------------------------------------------------------------------------------------


def buffer_addresses(pool):
    return sorted(buffer.ctypes.data for buffers in pool._free.values() for buffer in buffers)


@each_cell
@pytest.mark.parametrize("lengths", [None, np.array([3, 6, 2, 5])], ids=["", "lengths"])
def test_a_step_like_the_ones_before_makes_no_new_buffer(cell, lengths):
    layer = cell(3, 4, rng=np.random.default_rng(0), recurrent_dropout=0.5)
    x = np.random.default_rng(1).standard_normal((4, 6, 3), dtype=np.float32)
    found = []
    for _ in range(8):
        y, state = layer.forward(x, lengths=lengths)
        layer.backward(y, state)
        found.append(buffer_addresses(layer.pool))
    assert found[0] != []
    assert found[4] == found[5] == found[6] == found[7]
    layer.evaluate()
    layer.forward(x, lengths=lengths)
    assert buffer_addresses(layer.pool) == found[-1]


@each_cell
def test_discarded_caches_do_not_return_to_the_pool(cell):
    layer = cell(3, 4, rng=np.random.default_rng(0))
    x = np.ones((2, 5, 3), dtype=np.float32)
    layer.forward(x)
    scratch_only = len(buffer_addresses(layer.pool))
    layer.discard_caches()
    assert len(buffer_addresses(layer.pool)) == scratch_only
    y, _ = layer.forward(x)
    layer.backward(y)
    assert len(buffer_addresses(layer.pool)) > scratch_only


@each_cell
@pytest.mark.parametrize("training", [True, False])
def test_a_layer_used_before_gives_the_same_as_a_new_one(cell, training):
    rng = np.random.default_rng(0)
    used, new = cell(3, 4, rng=np.random.default_rng(1)), cell(3, 4, rng=np.random.default_rng(1))
    for layer in (used, new):
        layer.train(training)
    for N, T in ((2, 7), (5, 3), (3, 6)):  # leftovers of other shapes
        used.forward(np.full((N, T, 3), np.nan, dtype=np.float32))
        used.discard_caches()
        y, state = used.forward(rng.standard_normal((N, T, 3), dtype=np.float32))
        if training:
            used.backward(y, state)
    used.clear_gradients()
    x, dy = rng.standard_normal((4, 5, 3), dtype=np.float32), rng.standard_normal((4, 5, 4), dtype=np.float32)
    results = []
    for layer in (used, new):
        y, _ = layer.forward(x)
        dx = layer.backward(dy)[0] if training else y
        results.append([y, dx, *(p.grad for p in layer.parameters() if training)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@each_cell
def test_two_forward_calls_before_backward_do_not_share_arrays(cell):
    rng = np.random.default_rng(0)
    layer = cell(3, 4, rng=rng)
    x = [rng.standard_normal((2, 5, 3), dtype=np.float32) for _ in range(2)]
    alone = []
    for one in x:
        y, _ = layer.forward(one)
        alone.append(layer.backward(np.ones_like(y))[0])
    outputs = [layer.forward(one)[0] for one in x]
    both = [layer.backward(np.ones_like(y))[0] for y in reversed(outputs)][::-1]
    for ours, theirs in zip(both, alone, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_thousand_steps_leak_nothing():
    rng = np.random.default_rng(0)
    model = LanguageModel(30, embedding_size=8, hidden_size=8, layers=2, rng=rng)
    optimizer = SGD(model.parameters(), lr=0.1)
    state = None

    def steps(count):
        nonlocal state
        for _ in range(count):
            ids = rng.integers(0, 30, (4, rng.integers(2, 12) + 1))
            _, _, state = model.loss((ids[:, :-1], ids[:, 1:]), state)
            model.backward_loss()
            optimizer.step()
            model.clear_gradients()

    tracemalloc.start()
    try:
        steps(1000)  # until the free lists of the interpreter are full
        before = tracemalloc.get_traced_memory()[0]
        steps(1000)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 20_000  # bytes


PAGES = """
import resource
import numpy as np
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.recurrent import LSTM

layer, x = LSTM(100, 100, rng=np.random.default_rng(0)), np.ones((20, 35, 100), dtype=np.float32)
logits, targets = np.ones((700, 10_000), dtype=np.float32), np.zeros(700, dtype=int)

def recurrent():
    y, _ = layer.forward(x)
    layer.backward(y)
    layer.clear_gradients()

def loss():
    _, cache = softmax_cross_entropy_forward(logits, targets)
    softmax_cross_entropy_backward(1.0, cache)

for step in (recurrent, loss):
    faults = []
    for _ in range(15):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        step()
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    print(sum(faults[5:]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_steps_take_no_fresh_pages():
    found = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True, timeout=60)
    recurrent, loss = map(int, found.stdout.split())
    assert recurrent < 10 * 20  # 10 steps; a hundred per step with glibc's default setting
    assert loss < 10 * 50  # hundreds per step if the pages of its two arrays of 28 MB are fresh
