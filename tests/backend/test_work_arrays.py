"""Arrays that are used again: never two owners at once, no more of them than were ever in use together, no leak."""

import platform
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import WorkArrays
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD
from scratchnn.recurrent import GRU, LSTM, RNN

CELLS = [RNN, LSTM, GRU]


def free_arrays(work, dtype):
    return work._free.get(("numpy", np.dtype(dtype)), [])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.sampled_from(["float32", "float64"])), max_size=40))
@settings(deadline=None)
def test_no_two_owners_and_no_more_arrays_than_were_in_use(jobs):
    work, lent, most = WorkArrays(), [], {"float32": 0, "float64": 0}
    for number, (take, size, dtype) in enumerate(jobs):
        if take:
            array = work.take(np, (2, size), dtype)
            assert array.shape == (2, size)
            assert array.dtype == dtype
            assert size == 0 or array.ctypes.data % 64 == 0
            array[...] = number
            lent.append((array, number))
            most[dtype] = max(most[dtype], sum(a.dtype == dtype for a, _ in lent))
        elif lent:
            work.give(lent.pop(size % len(lent))[0])
        assert all((array == number).all() for array, number in lent)
        for dtype, count in most.items():
            assert len(free_arrays(work, dtype)) <= count


def test_the_smallest_array_that_is_large_enough_is_taken():
    work = WorkArrays()
    arrays = [work.take(np, (size,), "float64") for size in (10, 30, 20)]
    work.give(*arrays)
    assert work.take(np, (3, 5), "float64").base is arrays[2].base


def test_an_array_too_small_makes_room_for_a_larger_one():
    work = WorkArrays()
    small = work.take(np, (10,), "float64")
    work.give(small)
    assert work.take(np, (11,), "float64").base.size == small.base.size + 1
    assert free_arrays(work, "float64") == []


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("training", [True, False])
def test_a_layer_that_has_worked_before_gives_the_same_as_a_new_one(cell, training):
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


@pytest.mark.parametrize("cell", CELLS)
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
        steps(200)
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
    assert recurrent < 10 * 20  # 10 steps; with the usual setting, a hundred a step
    assert loss < 10 * 50  # hundreds a step, where the pages of its two arrays of 28 MB are fresh
