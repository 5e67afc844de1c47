"""The kernels on a GPU: the numbers of the array path, and the same bits from run to run. Skipped if there is no GPU.

The problems of the emulation (``tests/backend/test_kernels_emulated.py``), some larger ones, and the rest of a step.
"""

import numpy as np
import pytest
from kernel_problems import NAMES, Problem, some_problems, worst_error

from scratchnn.backend import merge_rows, move, sum_rows, to_numpy
from scratchnn.backend.arrays import load_backend
from scratchnn.backend.kernels import kernel_device
from scratchnn.core import Parameter
from scratchnn.errors import BackendError
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, RMSprop, global_norm

try:
    cupy = load_backend("cupy")
    REASON = ""
except BackendError as error:
    REASON = str(error)

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(bool(REASON), reason=REASON)]

SMALL = {f"{cell}, {kind}": problem for cell in NAMES for kind, problem in some_problems(cell).items()}
LARGE = {
    f"{cell}, {N} x {T} x {H}": Problem(cell, N, T, H, H, 1)
    for cell in NAMES
    for N, T, H in ((20, 35, 200), (64, 64, 256), (32, 50, 64))
}


def device():
    """The current GPU; the test is skipped if it is too old."""
    found = kernel_device(cupy.zeros(1, dtype=cupy.float32))
    if found is None:
        pytest.skip("this GPU has no kernels")
    return found


@pytest.mark.parametrize("problem", SMALL.values(), ids=SMALL.keys())
def test_small_problems_with_random_splits(problem):
    found, _ = problem.kernels(device(), cupy.asarray)
    error, name = worst_error(found, problem.exact())
    assert error < 1e-6, name


@pytest.mark.parametrize("problem", LARGE.values(), ids=LARGE.keys())
def test_large_problems_with_the_split_for_this_gpu(problem):
    """Within 3e-6 of float64, or three times the error of NumPy where rounding errors grow; the same bits twice."""
    first, second = (problem.kernels(device(), cupy.asarray, random=False)[0] for _ in range(2))
    exact = problem.exact()
    error, name = worst_error(first, exact)
    assert error < max(3e-6, 3 * worst_error(problem.exact("f"), exact)[0]), name
    for name, array in first.items():
        assert np.array_equal(array, second[name]), name


def test_the_rest_of_a_step():
    """Loss, sums of rows, norm and every optimizer."""
    device()
    rng = np.random.default_rng(0)
    logits, ids = rng.standard_normal((70, 1000), dtype=np.float32) * 5, rng.integers(0, 1000, 70)
    both = [softmax_cross_entropy_forward(place(logits), place(ids)) for place in (lambda a: a, cupy.asarray)]
    np.testing.assert_allclose(to_numpy(both[1][0]), both[0][0], rtol=1e-6)
    np.testing.assert_allclose(to_numpy(both[1][1][0]), both[0][1][0], rtol=1e-5, atol=1e-9)
    few = rng.integers(0, 9, 70)
    for width in (300, 20, 300):  # one kernel, with more and with less shared memory
        rows = rng.standard_normal((70, width), dtype=np.float32)
        distinct, sums = map(to_numpy, merge_rows(move(few, "cupy"), move(rows, "cupy")))
        order = np.argsort(distinct[distinct >= 0])
        np.testing.assert_allclose(sums[distinct >= 0][order], sum_rows(few, rows)[1], rtol=1e-5, atol=1e-6)
    for make in (SGD, lambda p, lr: SGD(p, lr, 0.8, nesterov=True), AdaGrad, RMSprop, Adam, AdamW):
        held = [Parameter(place(rows.copy())) for place in (lambda a: a, cupy.asarray)]
        for parameter in held:
            optimizer = make([parameter], 0.1)
            for factor in (1.0, -0.5):
                parameter.grad = parameter.data * factor + 1
                optimizer.step()
        np.testing.assert_allclose(to_numpy(held[1].data), held[0].data, rtol=1e-5, atol=1e-6)
        held[1].grad = held[1].data
        held[0].grad = to_numpy(held[1].data)
        np.testing.assert_allclose(to_numpy(global_norm(held[1:])), global_norm(held[:1]), rtol=1e-6)
