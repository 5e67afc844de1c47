"""One process for each measurement, what happens in it, and the text that word vectors are trained on."""

from __future__ import annotations

import gzip
import os
import time

import pytest

from benchmarks.measure import LEAST, MOST, WARM_UP, measure, peak_memory
from benchmarks.processes import environment, run_job
from benchmarks.text import default_text, write_text
from scratchnn.errors import DataError

SETTINGS = {"device": "cpu", "threads": 1, "seconds": 0.001}


# --- measuring -------------------------------------------------------------------------------------------------------


def test_repeats():
    steps, waits = [], []
    found = measure(lambda: steps.append(1), {"seconds": 0.5}, lambda: waits.append(1))
    assert found["repeats"] == MOST
    assert len(steps) == len(waits) >= MOST + WARM_UP
    assert measure(lambda: time.sleep(0.01), {"seconds": 0.1})["repeats"] <= 10
    assert measure(lambda: None, {"seconds": 0.0})["repeats"] == LEAST
    assert 0 < found["value"] < 1  # milliseconds


def test_peak_memory_grows():
    before = peak_memory()
    block = bytearray(int(before) + 64 << 20)  # more than earlier tests had
    block[::4096] = b"x" * len(block[::4096])
    assert peak_memory() - before > 32


@pytest.fixture
def contestants(tmp_path, monkeypatch):
    """A module of contestants that the children can import."""
    (tmp_path / "contestants.py").write_text(
        "import os, signal\n"
        "def threads(case, settings):\n"
        "    print('noise')\n"
        "    return {'value': os.environ['OPENBLAS_NUM_THREADS'], 'pid': os.getpid(), **case}\n"
        "def die(case, settings):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "def fail(case, settings):\n"
        "    raise KeyError('a fault of ours')\n"
        "def refuse(case, settings):\n"
        "    from scratchnn.errors import DataError\n"
        "    raise DataError('cannot use this')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_each_job_has_a_process(contestants):
    first, second = (run_job("contestants:threads", {"number": k}, {**SETTINGS, "threads": 3}) for k in range(2))
    assert first["value"] == second["value"] == "3"
    assert (first["number"], second["number"]) == (0, 1)
    assert len({first["pid"], second["pid"], os.getpid()}) == 3


def test_what_children_say(contestants):
    with pytest.raises(DataError, match="killed by signal 9"):
        run_job("contestants:die", {}, SETTINGS)
    with pytest.raises(DataError, match="cannot use this"):
        run_job("contestants:refuse", {}, SETTINGS)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        run_job("contestants:fail", {}, SETTINGS)


def test_environment_has_no_tf32():
    assert environment(5)["OMP_NUM_THREADS"] == "5"
    assert environment(5)["CUPY_TF32"] == "0"


# --- texts -----------------------------------------------------------------------------------------------------------


def test_text_is_cut(tmp_path):
    source, out = tmp_path / "source.txt.gz", tmp_path / "out.txt"
    source.write_bytes(gzip.compress(b"a  b\tc\r\n\nd e\n" + b"x " * 10_001))
    assert write_text(source, out, 4) == 4
    assert out.read_text().split("\n")[0] == "a b c"
    assert out.read_text().split() == ["a", "b", "c", "d"]
    assert write_text(source, out) == 10_006
    assert [len(line.split()) for line in out.read_text().splitlines() if line][-2:] == [10_000, 1]


def test_text_that_python_carries(tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    assert default_text() is None
    assert write_text(None, tmp_path / "out.txt", 1000) == 1000
    (tmp_path / "train.txt").write_text("a b")
    assert default_text() == tmp_path / "train.txt"
