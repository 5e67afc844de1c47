"""Chapter 15: what its text says is what its cells compute. Times are compared with wide margins only."""

import ast
from pathlib import Path

import numpy as np
import pytest
from book import ROOT, markdown, play

from benchmarks.recurrent import flops
from scratchnn.backend.kernels.cards import typical_card
from scratchnn.backend.kernels.split import BARRIER, best_split
from scratchnn.backend.threads import LARGE
from scratchnn.book.examples import ch15 as examples
from scratchnn.book.examples import ch15_machines as machines
from scratchnn.recurrent import lstm_backward, lstm_forward

pytestmark = pytest.mark.chapters

PACKAGE = lstm_forward, lstm_backward


@pytest.fixture(scope="module")
def chapter():
    return play("ch15")


@pytest.fixture(scope="module")
def text():
    return markdown("ch15")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 6
    assert not [line for line in lines if line.endswith("False")]


# --- the versions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_versions_give_the_results_of_the_package(chapter, dtype):
    for sizes in ((1, 1, 1, 1), (5, 6, 4, 3)):
        given = examples.lstm_arrays(*sizes, dtype, seed=3)
        expected = chapter.results(PACKAGE, *given)
        for pair in chapter.versions.values():
            found = chapter.results(pair, *given)
            assert {part.dtype for part in found} == {np.dtype(dtype)}
            assert chapter.apart(found, expected) < (1e-12 if dtype == np.float64 else 2e-5)


@pytest.mark.parametrize("lengths", [[6, 6, 6], [1, 6, 3], [0, 2, 2], [0, 0, 0]])
def test_packed_rows_with_any_lengths(chapter, lengths):
    given, lengths = examples.lstm_arrays(3, 6, 2, 4, np.float64, seed=4), np.array(lengths)
    expected = chapter.results(PACKAGE, *given, lengths)
    assert chapter.apart(chapter.results(chapter.packed_pair, *given, lengths), expected) < 1e-12
    x = given[0][0]
    real = np.arange(6) < lengths[:, None]
    assert np.array_equal(examples.unpack(examples.pack(x, lengths), lengths, 6), x * real[..., None])


def test_operations_are_those_of_the_products(chapter):
    for sizes in ((20, 35, 100, 100), (3, 4, 5, 6)):
        F = flops({"cell": "lstm", "variation": "", "shape": list(sizes)})
        assert chapter.operations(*sizes) == F
        for pair in chapter.versions.values():
            _, products = chapter.counted(pair, *examples.lstm_arrays(*sizes))
            assert sum(2 * m * k * n for (m, k), (_, n) in products) == F
    F = chapter.operations
    assert F(20, 35, 200, 200) == 4 * F(20, 35, 100, 100)  # "F grows four times"
    assert F(20, 35, 256, 256) == 1024 * F(20, 35, 8, 8)  # "a thousandth of the multiplications"


def test_numbers_of_products_and_calls(chapter, text):
    rows = chapter.account
    assert [row["products"] for row in rows.values()] == [24 * 35, 5 * 35 + 1, 2 * 35 + 4]
    assert "24 of them products: eight forward, sixteen backward" in text
    assert "$2 T + 4 = 74$, down from $24 T = 840$" in text
    assert rows["objects"]["calls"] / 35 > 100  # "more than a hundred calls per step"
    assert rows["placed"]["calls"] < rows["fused"]["calls"] < rows["objects"]["calls"]
    tiny = chapter.counted(chapter.versions["fused"], *chapter.one_number)
    assert tiny[0] == rows["fused"]["calls"]  # "it makes the same calls"


def test_counted_arrays_note_calls_and_products():
    def run(a, b):
        c = (a @ b.T)[1:]  # a view is not counted
        c += 1
        c[0] = 2
        c[:1] *= 3
        return np.concatenate([c, c]).sum(axis=0)

    a, b = np.ones((3, 4)), np.ones((5, 4))
    assert examples.count_calls(run, a, b) == (6, [((3, 4), (4, 5))])
    assert examples.Counted.calls == {"matmul": 1, "add": 2, "copy": 1, "multiply": 1, "concatenate": 1}
    assert np.array_equal(run(a, b), [22] * 5)


# --- times, with wide margins ----------------------------------------------------------------------------------------


def test_small_networks_are_far_above_the_limit(chapter, text):
    slow, fast, limit = (
        dict(zip(chapter.preview, column, strict=True))
        for column in zip(*map(dict.values, chapter.preview.values()), strict=True)
    )
    assert slow[8] > 20 * limit[8]
    assert fast[8] > 5 * limit[8]
    assert slow[8] > slow[256] / 100  # "far from a thousand times as fast"
    assert slow[8] / fast[8] > slow[256] / fast[256]  # "the gap has become narrower"
    assert "there are no more of them" in text


def test_fees(chapter):
    assert chapter.adds[100] < 10 * chapter.adds[1]
    assert chapter.adds[100_000] > 10 * chapter.adds[1]
    assert chapter.matmuls[256] > 50 * chapter.matmuls[1]
    assert chapter.fresh_ms > chapter.again_ms


def test_each_version_is_faster_than_the_one_before(chapter):
    objects, fused, placed = chapter.account.values()
    for name in ("ms", "fees"):
        assert objects[name] > fused[name] > placed[name]
    assert objects["fees"] / placed["fees"] > objects["alone"] / placed["alone"] > 1  # "the fees shrink faster still"
    assert objects["ms"] > 1.3 * placed["ms"]
    assert objects["MB"] > placed["MB"] > fused["MB"]
    assert chapter.wide_ms["packed"] < chapter.wide_ms["padded"]
    rates = {name: chapter.rows[name] / ms for name, ms in chapter.wide_ms.items()}
    assert rates["padded"] > 0.9 * rates["packed"]  # operations per second: "as good or better"


def test_amdahl(chapter, text):
    assert "$1 / (2/3 + 1/9) = 9/7$" in text
    assert chapter.amdahl(1 / 3, 3) == pytest.approx(9 / 7)
    assert chapter.amdahl(1 / 3, np.inf) == pytest.approx(3 / 2)


# --- threads, the graphics card --------------------------------------------------------------------------------------


def test_the_table_of_threads(chapter, text):
    header, *rows = machines.benchmark_rows("| products", *chapter.labels)
    assert [row[0] for row in rows] == list(chapter.labels)
    alone, busy = (k for k, name in enumerate(header) if name == "gain")
    assert [abs(float(row[alone]) - wanted) < 0.1 for row, wanted in zip(rows, (1.0, 1.5, 1.5), strict=True)] == [True] * 3
    assert max(float(row[busy]) for row in rows) < 1  # "it loses in every row"
    assert min(float(row[busy]) for row in rows) < 0.5  # "at worst more than half of the speed"
    assert "fewer than 24 million multiply-adds" in text
    assert LARGE == 24_000_000
    page = " ".join(machines.BENCHMARKS.read_text(encoding="utf-8").split())
    assert "takes 204 s with two threads and 129 s by the rule" in page
    assert "takes 204 s with two threads and 129 s by the rule" in text


def test_launches_and_arithmetic(chapter):
    arithmetic = chapter.F / chapter.peak
    assert 4e-6 < arithmetic < 6e-6  # "over in the time of one launch"
    assert chapter.account["objects"]["calls"] * chapter.LAUNCH > 1000 * arithmetic
    assert 400 < chapter.more / chapter.F < 500  # "hundreds of times as much arithmetic"
    assert chapter.launches > chapter.more / chapter.peak  # "the launches of the third version take longer"


def test_one_kernel_for_all_steps(chapter, text):
    h100 = typical_card((9, 0))
    forward, backward = (best_split(20, 100, "lstm", back, h100).cycles for back in (False, True))
    assert 3500 < forward < 4500
    assert forward / chapter.CLOCK == pytest.approx(2e-6, rel=0.05)  # "two microseconds"
    assert best_split(128, 1500, "lstm", False, h100) is None  # 36 MB do not fit
    steps = (forward + backward) * 35
    assert "about 140 of the 540 microseconds" in text
    assert steps / chapter.CLOCK == pytest.approx(140e-6, rel=0.1)
    _, smallest, _, largest = machines.benchmark_rows("N, T, D, H | LSTM: ours", *chapter.sizes)
    assert smallest[1] == "0.54 ms"
    assert chapter.F / chapter.peak / 540e-6 == pytest.approx(0.01, abs=0.003)  # "the arithmetic is about one percent"
    assert chapter.more / chapter.peak > 0.5 * float(largest[1].removesuffix(" ms")) / 1000  # "more than half"
    assert BARRIER == 3000
    assert "about 4000 clock cycles of an H100, two microseconds, and 3000 of them are the meeting" in text
    assert "together hold about 30 MB" in text
    assert 29e6 < h100.multiprocessors * h100.shared < 32e6
    docstring = ast.get_docstring(
        ast.parse((ROOT / "scratchnn/backend/kernels/step_by_step.py").read_text(encoding="utf-8"))
    )
    assert "about 30 microseconds of the host's time" in docstring


def test_blocks_that_wait_and_blocks_that_do_not(chapter):
    for seed in range(10):
        arrays, _ = examples.lstm_arrays(2, 9, 3, 7, np.float64, seed)
        y, _, _ = chapter.placed_forward(*arrays)
        for S in (1, 2, 7):
            assert abs(chapter.one_kernel(*arrays, S=S) - y).max() < 1e-12
        assert abs(chapter.one_kernel(*arrays, S=2, waiting=False) - y).max() > 1e-3


# --- measuring -------------------------------------------------------------------------------------------------------


def test_wrong_and_right_times(chapter):
    assert chapter.first > 0
    assert chapter.wall > 45
    assert chapter.processor < 25
    assert chapter.finished > 10 * chapter.too_early
    assert chapter.done > 10 * chapter.lazy
    assert chapter.interrupted.mean() > 1.5 * np.median(chapter.interrupted) == 15
    ratios = [np.median(times["B"]) / np.median(times["A"]) for times in chapter.contests.values()]
    assert ratios == pytest.approx([1.22, 1.0], abs=0.01)


def test_the_two_rows_of_the_readme(chapter, text):
    header, row, mean = machines.benchmark_rows("N, T, D, H | LSTM | LSTM, share", "20, 35, 100, 100", "geometric mean")
    assert header[1:3] == ["LSTM", "LSTM, share of the peak"]
    assert row[1:3] == ["0.79", f"{chapter.README_SHARE:.0%}".replace("%", " %")]
    assert mean[1] == "0.86"
    _, step = machines.benchmark_rows("| ratio | spread", "language model step, D = H = 100")
    assert step[1:] == ["1.13", "0.98 .. 1.30"]
    readme = machines.BENCHMARKS.read_text(encoding="utf-8")
    assert "by 22 % in the median row" in readme
    assert "| 100 | 60 % | 16 % | 7 % |" in readme
    assert "are more than half of the step, and those of the LSTM less than a tenth" in text
    for row in ("| 32, 200, 64, 64 | 0.61 |", "| 128, 100, 128, 128 | 1.13 |", "D = H = 200 | 1.02", "D = H = 650 | 1.09"):
        assert row in readme


def test_benchmarks_that_are_not_here(monkeypatch, capsys):
    monkeypatch.setattr(machines, "BENCHMARKS", Path("no such folder"))
    machines.print_benchmark("N, T, D, H", "20, 35, 100, 100")
    assert "benchmarks/README.md is not here" in capsys.readouterr().out


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_reused_buffers_train_but_worse(chapter):
    for good, bad in zip(*chapter.difference_losses.values(), strict=True):
        assert good[-50:].mean() < 0.02 < bad[-50:].mean()
        assert bad[-50:].mean() < bad[:20].mean()  # "it learns something"
        assert good[0] == bad[0]  # the same outputs
    assert chapter.checks == {"new buffers": (True, True), "the same buffers": (True, False)}


def test_states_of_the_wrong_steps(chapter, text):
    """The slip that (9) invites: only dWh is wrong."""
    assert "only $dW_h$ is wrong" in text
    arrays, cotangents = chapter.exact
    cache = chapter.placed_forward(*arrays)[2]
    right = chapter.placed_backward(cotangents[0], tuple(cotangents[1:]), cache)
    B = cache[0]
    T, N, H = B.tanh_c.shape
    shifted = B.h[1:].reshape(T * N, H).T @ B.da.reshape(T * N, 4 * H)
    assert not np.allclose(shifted, right[4])
    assert np.allclose(B.h[:-1].reshape(T * N, H).T @ B.da.reshape(T * N, 4 * H), right[4])
