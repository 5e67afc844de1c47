"""The CUDA kernels of the recurrent layers, on a CPU: the same numbers as the array path.

Each CUDA thread is emulated by a fiber; between barriers, fibers run one at a time in random order (``emulated_device.h``).
Needs a C++ compiler. What this cannot show: speed, and the memory model of a GPU.
"""

import dataclasses

import numpy as np
import pytest
from emulated import DeadlockError, EmulatedDevice, OutsideError, needs_compiler
from kernel_problems import NAMES, Problem, cells_of_thread, some_problems, worst_error

from scratchnn.backend.kernels import cells, launches

pytestmark = needs_compiler

PROBLEMS = {f"{cell}, {kind}": problem for cell in NAMES for kind, problem in some_problems(cell).items()}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())
def test_kernels_equal_the_array_path(problem):
    """All results and gradients, random sizes and splits, arrays that start as NaN."""
    found, used = problem.kernels()
    error, name = worst_error(found, problem.exact())
    assert error < 1e-6, name
    assert all((split is None) == (problem.blocks == 0) for split in used)
    assert problem.blocks < 2 or all(split.frame.S >= 2 for split in used)


def test_splits_of_all_kinds_are_among_them():
    """Several groups, rows that are no multiple of 4, a last block with fewer units, several copies and rounds at once."""
    used = [(problem, split) for problem in PROBLEMS.values() if problem.blocks for split in problem.kernels()[1]]
    frames = [split.frame for _, split in used]
    lanes = [part for _, split in used for part in split.lanes if split.frame.S > 1]
    assert all(split.frame.G > 1 and split.frame.S > 1 for problem, split in used if problem.groups > 1)
    assert all(cells_of_thread(split.frame) > 1 for problem, split in used if problem.most > 1)
    assert any(frame.R % 4 for frame in frames)
    assert any(frame.R * frame.G > problem.N for problem, _ in used for frame in frames)
    assert any(frame.S > 1 and frame.H % frame.S for frame in frames)
    assert any(part.CHUNKS > part.STAGES > 1 for part in lanes)
    assert any(part.ROUND < part.WK * part.LK for part in lanes)
    alone = [part for _, split in used for part in split.lanes if split.frame.S == 1]
    assert any(part.ROUND == 1 < part.WK * part.LK for part in alone)
    assert any(part.KP % 8 for part in alone)
    assert {frame.WARPS for frame in frames} == {4, 8, 16}


@pytest.mark.parametrize("cell", NAMES)
def test_the_order_of_the_threads_does_not_change_a_bit(cell):
    problem = some_problems(cell)["several blocks"]
    first, second = (problem.kernels(problem.device())[0] for problem in (problem, problem))
    device = problem.device()
    device.seed += 1000
    other, _ = problem.kernels(device)
    for name, array in first.items():
        assert np.array_equal(array, second[name])
        assert np.array_equal(array, other[name])


def test_a_kernel_serves_smaller_batches():
    """The kernel made for 6 rows computes 4 and 3 rows, so that a last, smaller batch compiles nothing."""
    large = Problem("lstm", 6, 3, 2, 7, 1, multiprocessors=3)
    with large.random_splits() as used:
        device = EmulatedDevice(3)
        made = launches.all_steps(device, "lstm", 6, 7, backward=False)
        for N in (4, 3):
            assert launches.all_steps(device, "lstm", N, 7, backward=False) is made
        assert launches.all_steps(device, "lstm", 2, 7, backward=False) is not made
        assert launches.all_steps(device, "lstm", 7, 7, backward=False) is not made
        small = dataclasses.replace(large, N=4)
        found, _ = small.kernels(device)
    assert len(used) == 3
    assert worst_error(found, small.exact())[0] < 1e-6


def test_one_step_of_one_sequence():
    """The smallest shapes, as in decoding word by word."""
    problem = Problem("lstm", 1, 1, 1, 1, 1, seed=3)
    assert worst_error(problem.kernels()[0], problem.exact())[0] < 1e-6


def test_padded_steps_are_not_read():
    """NaN in padded inputs and in padded gradients reaches no result."""
    problem = some_problems("gru-reset-before")["lengths and mask"]
    clean, dirty = problem.draw(), problem.draw()
    padded = np.arange(problem.T) >= np.array(problem.lengths)[:, None]
    dirty[0]["x"][padded] = np.nan
    dirty[3][padded] = np.nan
    results = []
    for drawn in (clean, dirty):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Problem, "draw", lambda self, drawn=drawn: drawn)
            results.append(problem.kernels()[0])
    for name, array in results[0].items():
        assert np.array_equal(array, results[1][name]), name


def test_the_emulation_notices_barriers_that_not_all_threads_reach():
    device = EmulatedDevice()
    source = 'extern "C" __global__ void stuck(int n) { if (threadIdx.x < n) __syncthreads(); }'
    launch = device.compile(source, "stuck", 0)
    launch(1, 32, 32)
    with pytest.raises(DeadlockError):
        launch(1, 32, 31)


@pytest.mark.parametrize("place", [-1000, -1, 4, 1000])
def test_the_emulation_notices_what_is_written_beside_an_array(place):
    source = 'extern "C" __global__ void fill(real* x, int n) { x[n] = 1; }'
    for seed in range(4):  # arrays that begin, and arrays that end at a page that nothing may touch
        device = EmulatedDevice(seed=seed)
        launch = device.compile(source, "fill", 0)
        launch(1, 32, device.empty(4), 3)
        with pytest.raises(OutsideError, match="fill"):
            launch(1, 32, device.empty(4), place)


@pytest.mark.parametrize("place", [-1, 4])
def test_the_emulation_notices_what_is_read_beside_an_array(place):
    """As NaN, or because the page may not be touched; one of them at every place of the array, both of them sometimes."""
    source = 'extern "C" __global__ void take(const real* x, real* y, int n) { y[0] = x[n]; }'
    fates = []
    for seed in range(8):
        device = EmulatedDevice(seed=seed)
        launch, y = device.compile(source, "take", 0), device.empty(1)
        x = device.asarray(np.ones(4, dtype="f"))
        launch(1, 32, x, y, 3)
        assert y.get() == 1
        try:
            launch(1, 32, x, y, place)
            fates.append(str(y.get()[0]))
        except OutsideError:
            fates.append("outside")
    assert set(fates) == {"nan", "outside"}


@pytest.mark.parametrize("place", [-1, 32])
def test_the_emulation_notices_what_is_outside_shared_memory(place):
    """Shared memory ends at such a page in every other launch, and begins at one in the others."""
    device, x = EmulatedDevice(), EmulatedDevice().empty(2)
    source = """extern "C" __global__ void touch(real* x, int n) {
        SHARED_MEMORY(shared);
        if (threadIdx.x == 0) x[blockIdx.x] = shared[n];
    }"""
    launch = device.compile(source, "touch", 128)
    for inside in (0, 31):
        launch(2, 32, x, inside)
    outcomes = []
    for _ in range(4):
        try:
            launch(2, 32, x, place)
            outcomes.append("inside")
        except OutsideError:
            outcomes.append("outside")
    assert sorted(outcomes) == ["inside", "inside", "outside", "outside"]


def test_the_emulation_notices_what_is_counted_too_early():
    """Each block adds up what all blocks have written, if it is the last one that counts."""
    source = """extern "C" __global__ void last(real* x, real* sum, unsigned* count) {
        SHARED_MEMORY(shared);
        x[blockIdx.x * 32 + threadIdx.x] = 1;
        BARRIER
        if (threadIdx.x == 0) shared[0] = atomicAdd(count, 1);
        __syncthreads();
        if (shared[0] < 3 || threadIdx.x > 0) return;
        sum[0] = 0;
        for (int e = 0; e < 128; e++) sum[0] += x[e];
    }"""
    for barrier, right in (("__syncthreads();", True), ("", False)):
        sums = []
        for seed in range(4):
            device = EmulatedDevice(4, seed=seed)
            total, count = device.empty(1), device.empty(1, dtype="uint32")
            device.clear(count)
            device.compile(source.replace("BARRIER", barrier), "last", 128)(4, 32, device.empty(128), total, count)
            sums.append(float(total.get()[0]))
        assert all(np.equal(sums, 128)) == right


def test_the_emulation_notices_a_missing_barrier():
    device = EmulatedDevice()
    source = """extern "C" __global__ void turn(real* x) {
        SHARED_MEMORY(shared);
        shared[threadIdx.x] = threadIdx.x;
        BARRIER
        x[threadIdx.x] = shared[31 - threadIdx.x];
    }"""
    for barrier, right in (("__syncthreads();", True), ("", False)):
        x = device.empty(32)
        device.compile(source.replace("BARRIER", barrier), "turn", 128)(1, 32, x)
        assert np.array_equal(x.get(), np.arange(32)[::-1]) == right


def test_files_of_the_kernels_are_short():
    folder = cells.files(cells.__package__)
    lines = {file.name: file.read_text().splitlines() for file in folder.iterdir() if file.is_file()}
    lengths = {name: len(text) for name, text in lines.items()}
    assert {name: length for name, length in lengths.items() if length > 200} == {}
    assert {name for name, text in lines.items() if max(map(len, text)) > 124} == set()
    assert {name for name in lengths if name.endswith((".cu", ".cuh"))} >= {"lstm.cuh", "product.cuh", "lengths.cu"}
