"""The side-by-side timings: ratios, tables, the command and its errors; small sizes, one round."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from types import SimpleNamespace

import pytest
from small_text import assert_one_line, write_text

from benchmarks import cli, processes, waiting
from benchmarks.contest import Result, Row, compete, geometric_mean
from benchmarks.figure import plot_ratios
from benchmarks.measure import LEAST
from benchmarks.processes import check_installed
from benchmarks.recurrent import flops
from benchmarks.table import WIDTH, number, speed_table
from benchmarks.worker import work
from scratchnn.backend.arrays import load_backend
from scratchnn.errors import BackendError, DataError

SETTINGS = {"device": "cpu", "threads": 1, "seconds": 0.001}


def result(ours, theirs=(), unit="ms", flops=None, section="lstm", label="1, 2, 3, 4"):
    row = Row(section, label, {}, "m:ours", "m:theirs" if theirs else "", flops, unit)
    return Result(row, [{"value": v} for v in ours], [{"value": v} for v in theirs])


# --- ratios ----------------------------------------------------------------------------------------------------------


def test_ratio_of_times():
    part = result([1.0, 4.0, 2.0], [6.0, 4.0, 5.0])
    assert part.median("ours") == 2
    assert part.ratio == 2.5  # 5 / 2
    assert part.spread == (1.0, 6.0)


def test_ratio_of_rates():
    part = result([100.0, 300.0, 200.0], [400.0, 100.0, 100.0], unit="words/s")
    assert part.ratio == 2.0  # 200 / 100
    assert part.spread == (0.25, 3.0)


def test_alone():
    part = result([3.0], flops=6_000_000)
    assert math.isnan(part.ratio)
    assert part.gflops == 2.0  # 6 million in 3 ms
    assert part.document()["ratio"] is None
    assert part.document()["gflops"] == 2.0


def test_geometric_mean():
    assert geometric_mean([result([1.0], [2.0]), result([1.0], [0.5])]) == pytest.approx(1.0)
    assert geometric_mean([result([1.0], [8.0]), result([1.0], [2.0])]) == pytest.approx(4.0)


def test_contestants_alternate():
    calls = []

    def run(function, case, settings):
        calls.append((function, settings["threads"]))
        return {"value": float(len(calls))}

    rows = [Row("a", "1", {}, "m:ours", "m:theirs", 10), Row("b", "1", {}, "m:alone", threads=7)]
    results, peak = compete(rows, 2, SETTINGS, run)
    product, ours, theirs, alone = ("benchmarks.peak:product", 1), ("m:ours", 1), ("m:theirs", 1), ("m:alone", 7)
    assert calls == [product, ours, theirs, alone, product, theirs, ours, alone]
    assert peak == 5  # the best of both rounds
    assert [part["value"] for part in results[0].ours] == [2, 7]
    assert [part["value"] for part in results[0].theirs] == [3, 6]
    assert results[1].theirs == []


def test_no_peak_where_there_are_no_products():
    results, peak = compete([Row("a", "1", {}, "m:ours")], 1, SETTINGS, lambda *job: {"value": 1.0})
    assert math.isnan(peak)
    assert len(results) == 1


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_operations(cell, gates):
    """Three products of two operations a multiply-add."""
    assert flops({"cell": cell, "variation": "", "shape": [2, 3, 5, 7]}) == 2 * 3 * (2 * 3) * (5 + 7) * gates * 7


def test_operations_of_variations():
    plain, both, deep, short = (
        flops({"cell": "lstm", "variation": variation, "shape": [20, 35, 7, 7]})
        for variation in ("recurrent dropout", "two directions", "two layers", "lengths")
    )
    assert both == deep == 2 * plain
    assert 0.3 * plain < short < 0.7 * plain


# --- tables and figures ----------------------------------------------------------------------------------------------


def test_table_is_narrow():
    long = "a name that is much longer than the column that it has to fit"
    results = [
        result([123_456.7], [9_876_543.2], unit="words/s", section=long, label=long),
        result([0.5, 10.0], [9_999.0, 0.001], flops=10**10, section=long, label=long),
        result([12.0], section="alone"),
    ]
    lines = list(speed_table(results, 200.0))
    assert max(map(len, lines)) <= WIDTH
    assert any("geometric mean" in line for line in lines)
    assert lines[-1].split() == ["1,", "2,", "3,", "4", "12.0", "-", "-", "-", "-", "-"]


def test_table_holds_the_figures():
    lines = list(speed_table([result([2.0, 2.0], [3.0, 5.0], flops=200_000_000)], 400.0))
    assert lines[2].split() == "1, 2, 3, 4 2.00 4.00 2.00 1.50 .. 2.50 100 25%".split()
    assert len(lines) == 3  # no mean of one


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.012"), (1.2345, "1.23"), (12.345, "12.3"), (1234.5, "1,234"), (math.nan, "-")]
)
def test_numbers(value, text):
    assert number(value) == text


def test_figure(tmp_path):
    plot_ratios([result([1.0, 2.0], [2.0, 2.0]), result([1.0])], tmp_path / "ratios.png", "title")
    assert (tmp_path / "ratios.png").read_bytes().startswith(b"\x89PNG")


# --- the command -----------------------------------------------------------------------------------------------------


def in_this_process(words, input, **options):
    """What ``subprocess.run`` returns for a job of the benchmarks, which is done here."""
    assert words == [sys.executable, "-m", "benchmarks.worker"]
    return subprocess.CompletedProcess(words, 0, json.dumps(work(json.loads(input))), "")


def test_quick_run(tmp_path, capsys, monkeypatch):
    """Every contestant; that each runs in a process of its own is tested elsewhere."""
    monkeypatch.setattr(processes, "subprocess", SimpleNamespace(run=in_this_process))
    names = ["rnn", "gru", "lm", "classifier", "tagger", "parser", "seq2seq", "captioner", "forecaster", "softmax"]
    names += ["embedding", "music"]
    assert cli.main([*names, "--quick", "--json", str(tmp_path / "b.json")]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= WIDTH
    document = json.loads((tmp_path / "b.json").read_text())
    assert document["format"] == "scratchnn benchmarks 1"
    assert document["peak_gflops"] > 0
    settings = {"device": "cpu", "threads": 2, "seconds": cli.QUICK_SECONDS, "precision": "float32"}
    assert document["settings"] == {**settings, "rounds": 1}
    assert {"system", "cores", "python", "versions", "time"} <= document["machine"].keys()
    sections = {row["section"] for row in document["rows"]}
    gru = {"gru, reset after", "gru, reset before"}
    tasks = {"lm", "classifier", "tagger", "parser", "seq2seq", "captioner", "music", "forecaster"}
    families = {"rnn", *gru, *tasks, "softmax", "embedding"}
    assert sections == {*families, "classifier, predict", "parser, trees"}
    for row in document["rows"]:
        assert row["ours_median"] > 0
        assert row["ratio"] is None
        assert len(row["rounds"]["ours"]) == 1
        assert row["rounds"]["ours"][0]["repeats"] >= LEAST
        assert row["section"] in out


def test_shapes(tmp_path):
    command = ["lstm", "--quick", "--shapes", "1,2,3,4", "--json", str(tmp_path / "b.json")]
    assert cli.main(command) == 0
    rows = json.loads((tmp_path / "b.json").read_text())["rows"]
    assert [row["label"] for row in rows] == ["1, 2, 3, 4"] * 5
    assert [row["section"] for row in rows][:2] == ["lstm", "lstm, two directions"]


def test_waiting(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(waiting, "COMMANDS", {"python": ["-c", "pass"]})
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    assert cli.main(["waiting", "--quick", "--text", str(write_text(tmp_path / "t.txt"))]) == 0
    out = capsys.readouterr().out
    assert "IMDb is left out: no " in out
    for part in (
        "split, counted, 360 words",
        "batches of 100 reviews",
        "save a model",
        "load a model",
        "predict, one line",
    ):
        assert part in out


def status(*arguments):
    """Exit status of a command, those that the parser gives included."""
    try:
        return cli.main(list(arguments))
    except SystemExit as stop:
        return stop.code


ERRORS = {
    "unknown name 'sltm'": ["sltm"],
    "gensim has nothing to set against rnn": ["rnn", "--against", "gensim"],
    "--quality goes with word2vec or forecaster alone": ["--quality"],
    "options after -- go with forecaster --quality": ["forecaster", "--", "--epochs", "1"],
    "--against svd goes with word2vec alone": ["lstm", "--against", "svd"],
    "leave out --against torch": ["word2vec", "--quality", "--against", "torch"],
    "--plot draws ratios; name an opponent": ["lstm", "--plot", "x.png"],
    "there are none with --quality": ["word2vec", "--quality", "--plot", "x.png"],
    "there is no such folder": ["lstm", "--json", "missing/x.json"],
    "invalid shape value: '1,2,3'": ["lstm", "--shapes", "1,2,3"],
    "invalid shape value: '1,2,3,0'": ["lstm", "--shapes", "1,2,3,0"],
    "--shapes goes with": ["softmax", "--shapes", "1,2,3,4"],
    "--rounds must be a whole number of 1 or more": ["lstm", "--rounds", "0"],
    "--threads must be a whole number of 1 or more": ["lstm", "--threads", "0"],
    "--seeds names a seed twice": ["word2vec", "--seeds", "1", "1"],
    "cannot read missing.txt": ["word2vec", "--text", "missing.txt"],
    "fewer than 1,000,000": ["word2vec", "--text", "t.txt", "--words", "1000000"],
    "invalid choice: 'tf'": ["lstm", "--against", "tf"],
}


@pytest.mark.parametrize("message", ERRORS)
def test_one_line_of_error(message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes.importlib.util, "find_spec", lambda name: object())
    write_text(tmp_path / "t.txt")
    assert status(*ERRORS[message]) == 2
    assert_one_line(capsys, message)
    assert [path.name for path in tmp_path.iterdir()] == ["t.txt"]


@pytest.mark.parametrize(("library", "command"), [("torch", "pip install torch"), ("gensim", "pip install gensim")])
def test_missing_opponent(library, command, monkeypatch, capsys):
    monkeypatch.setattr(processes.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["--against", library]) == 2
    assert_one_line(capsys, "is not installed", command)
    with pytest.raises(DataError, match="scikit-learn is not installed"):
        check_installed("sklearn")


def test_no_gpu(capsys):
    try:
        load_backend("cupy")
    except BackendError as error:
        assert cli.main(["lstm", "--device", "gpu"]) == 2
        assert_one_line(capsys, str(error))
    else:
        pytest.skip("there is a GPU")
