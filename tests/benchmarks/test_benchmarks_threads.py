"""``python -m benchmarks threads`` and ``busy-tour``: the table, what is measured, the busy process."""

from __future__ import annotations

import json
import os
import time
from types import SimpleNamespace

import pytest

from benchmarks import cli, threads
from benchmarks.processes import THREADS, environment
from benchmarks.table import WIDTH
from scratchnn.backend.threads import LARGE

SETTINGS = {"device": "cpu", "threads": 1, "seconds": 0.001}


@pytest.fixture
def jobs(monkeypatch):
    """The jobs that would run: function, threads, whether the busy process runs. The time is 10 ms per thread and job."""
    found, busy = [], []

    class Busy:
        def __init__(self, command):
            busy.append(command)

        def kill(self):
            busy.pop()

        def wait(self):
            assert not busy

    def run_job(function, case, settings):
        found.append((function, settings["threads"], bool(busy)))
        size = {"small": 1e6, "large": LARGE, "none": None}[case["label"]]
        return {"value": 10.0 * (settings["threads"] or 7), "digest": str(settings["threads"] if size else 0), "size": size}

    monkeypatch.setattr(threads, "subprocess", SimpleNamespace(Popen=Busy))
    monkeypatch.setattr(threads, "run_job", run_job)
    trainings = [threads.Training(label, {"label": label}, 1) for label in ("small", "large", "none")]
    monkeypatch.setattr(threads, "TRAININGS", trainings)
    return found


def test_the_table(jobs, capsys, tmp_path):
    assert cli.main(["threads", "--rounds", "2", "--threads", "3", "--json", str(tmp_path / "t.json")]) == 0
    one_row = [(False, 1), (False, 3), (True, 1), (True, 3)]
    assert [(busy, count) for _, count, busy in jobs] == one_row * 3 + one_row[::-1] * 3
    out = capsys.readouterr().out.splitlines()
    assert max(map(len, out)) <= WIDTH
    assert [line.split() for line in out[-3:]] == [
        ["small", "10.0", "30.0", "0.33", "10.0", "30.0", "0.33", "1.00", "1", "differ"],
        ["large", "10.0", "30.0", "0.33", "10.0", "30.0", "0.33", "24.0", "all", "differ"],
        ["none", "10.0", "30.0", "0.33", "10.0", "30.0", "0.33", "-", "all", "same"],
    ]
    rows = json.loads((tmp_path / "t.json").read_text())["threads"]
    assert [(row["model"], row["busy"], row["threads"], len(row["rounds"])) for row in rows[:2]] == [
        ("small", False, 1, 2),
        ("small", False, 3, 2),
    ]


def test_the_tour_before_and_after(jobs, capsys, monkeypatch):
    monkeypatch.setattr(threads, "run_job", lambda function, case, s: jobs.append(s["threads"]) or {"value": 42_000.0})
    assert cli.main(["busy-tour", "--rounds", "1"]) == 0
    assert jobs == [2, None]
    assert capsys.readouterr().out.splitlines() == [
        "tour beside a busy process, 2 threads: 42 s",
        "tour beside a busy process, by the rule: 42 s",
    ]


@pytest.mark.parametrize("one", threads.QUICK, ids=lambda one: one.label)
def test_a_training(one):
    case = {**one.case, "steps": one.steps}
    first, second = (threads.training(case, SETTINGS) for _ in range(2))
    assert 0 < first["value"] < 10_000
    assert first["digest"] == second["digest"]
    assert first["digest"] != threads.training({**case, "steps": one.steps + 1}, SETTINGS)["digest"]
    assert (first["size"] is None) == (one.label == "conv")


def test_the_busy_process_ends():
    with threads.busy_process():
        time.sleep(0.1)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_the_rule_needs_an_environment_without_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert not set(THREADS) & environment(None).keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["threads", "lm"], "threads is measured by itself"),
        (["busy-tour", "threads"], "threads is measured by itself"),
        (["threads", "--against", "torch"], "threads is measured by itself"),
        (["threads", "--threads", "1"], "--threads must be 2 or more here"),
    ],
)
def test_one_line_of_error(arguments, message, capsys):
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
