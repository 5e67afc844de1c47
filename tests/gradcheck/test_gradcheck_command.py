"""``python -m scratchnn gradcheck``: printed lines, exit status, files."""

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest

from scratchnn import functions as F
from scratchnn.cli import main
from scratchnn.commands import gradcheck as command
from scratchnn.gradcheck import Finding, select
from scratchnn.gradcheck.figure import DRAWN_INFINITY, DRAWN_ZERO, plot_findings
from scratchnn.gradcheck.report import (
    COLUMNS,
    case_lines,
    document,
    family_table,
    summary,
)
from scratchnn.lesson.faults import mutants


@pytest.fixture
def run(capsys):
    """Runs the command in this process: status, output, error output."""

    def call(*arguments):
        status = main(["gradcheck", *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def broken_softmax():
    """A softmax whose backward pass lacks a term."""
    mutant = next(m for m in mutants(F.softmax_backward) if m.mutated == "return y * (dy)  # (4)")
    with mutant.apply():
        yield


# --- the table -------------------------------------------------------------------------------------------------------


def test_right_gradients(run):
    status, output, error = run("softmax", "lstm/step")
    lines = output.splitlines()
    assert (status, error) == (0, "")  # no progress bar without a terminal
    assert lines[0].split() == ["case,", "array", "shape", "central", "at", "complex", "at"]
    assert lines[1] == "softmax"
    assert re.fullmatch(r"  x +\(3,2,4\) +\S+e-\d\d \[\d,\d,\d\] +\S+e-1\d \[\d,\d,\d\] +ok", lines[2])
    assert lines[3] == "lstm/step"
    assert [line.split()[0] for line in lines[4:10]] == ["x", "h", "c", "Wx", "Wh", "b"]
    assert re.fullmatch(r"2 cases, 7 arrays, 0 FAIL in \S+ s", lines[-2])
    assert re.fullmatch(r"largest error: central \S+ \(limit 1e-06\), complex \S+ \(limit 1e-11\)", lines[-1])
    assert max(map(len, lines)) <= COLUMNS == 80


@pytest.mark.parametrize(("method", "other"), [("central", "complex"), ("complex", "central")])
def test_one_method(run, method, other):
    status, output, _ = run("softmax", "--method", method)
    assert status == 0
    assert method in output
    assert other not in output


def test_wrong_gradient(run, broken_softmax):
    status, output, _ = run("softmax", "tanh")
    lines = output.splitlines()
    assert status == 1
    assert lines[1] == "tanh"
    assert re.match(r"  x .* ok$", lines[2])
    assert re.fullmatch(r"softmax +FAIL", lines[3])
    assert re.match(r"  x .* FAIL$", lines[4])
    assert lines[3].index("FAIL") == lines[4].index("FAIL")
    text = " ".join(output.split())
    assert re.search(r"central, complex: analytic \S+, numeric \S+ at \[\d,\d,\d\]; \d+ of 24 entries wrong", text)
    assert lines[-2].startswith("2 cases, 2 arrays, 1 FAIL in ")
    assert max(map(len, lines)) <= COLUMNS


def finding(**changes):
    """A finding with some values changed."""
    values = {"array": "x", "shape": (3, 4), "method": "complex", "error": 1e-15, "where": (0, 1), "analytic": 1.0}
    return Finding(**{**values, "numeric": 1.0, "ok": True, **changes})


def test_long_names_fit_the_line():
    name = "layer-with-a-very-long-name/last-output/lengths+mask+dropouts"
    for shape, where in (((3, 4), (0, 1)), ((2, 3, 4, 5, 12), (1, 2, 3, 4, 11))):
        found = [
            finding(array="layers.0.forward_layer.between.output.W", shape=shape, where=where, method=method)
            for method in ("central", "complex")
        ]
        heading, line = case_lines(name, found)
        assert heading == name
        assert len(line) <= COLUMNS
        assert ".W " in line
    (heading,) = case_lines(name * 2, [])
    assert len(heading) <= COLUMNS
    assert heading.endswith("/lengths+mask+dropouts")


def test_reason_for_a_zero_gradient_is_given_once():
    found = [finding(method=method, error=0.0, note="zero: a reason") for method in ("central", "complex")]
    assert [line.strip() for line in case_lines("a", found)[2:]] == ["zero: a reason"]


# --- files -----------------------------------------------------------------------------------------------------------


def test_json(run, tmp_path):
    path = tmp_path / "found.json"
    assert run("dense", "--json", path)[0] == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["cases"], found["failed"], found["device"]) == (5, 0, "numpy")
    assert found["arrays"] * 2 == len(found["findings"])
    first = found["findings"][0]
    assert first.keys() == {
        "case", "array", "shape", "method", "error", "where", "analytic", "numeric", "ok", "note"
    }  # fmt: skip
    assert (first["case"], first["array"], first["shape"], first["ok"]) == ("dense", "x", [2, 3, 4], True)
    assert [file.name for file in tmp_path.iterdir()] == ["found.json"]


def test_json_has_no_nan_or_infinity():
    findings = [("a", finding(error=math.inf, analytic=math.nan, numeric=-math.inf, ok=False))]
    text = json.dumps(document(findings, ("complex",), "numpy", 1.0), allow_nan=False)
    assert json.loads(text)["findings"][0]["error"] is None
    assert json.loads(text)["failed"] == 1


def test_plot(run, tmp_path):
    path = tmp_path / "found.png"
    assert run("dense", "relu", "--plot", path)[0] == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_figure_shows_every_finding():
    found = [(one.name, f) for one in select(["relu", "dense", "softmax"]) for f in one.check()]
    found.append(("softmax", finding(error=math.inf, ok=False)))
    figure = plot_findings(found)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["softmax", "relu", "dense"]
    drawn = np.concatenate([points.get_offsets()[:, 0] for points in axes.collections])
    assert len(drawn) == len(found) + 1  # the one that fails is marked as well
    assert drawn.min() == DRAWN_ZERO  # ReLU by the complex step is exact
    assert drawn.max() == DRAWN_INFINITY
    assert "exactly 0 is drawn at 1e-17" in axes.get_xlabel()
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        "central", "complex", "fails", "limit, central: 1e-06", "limit, complex: 1e-11"
    }  # fmt: skip
    low, high = axes.get_xlim()
    assert low < DRAWN_ZERO
    assert high >= DRAWN_INFINITY


def test_figure_grows_with_the_families():
    few, many = (plot_findings([(f"family {k}", finding()) for k in range(n)]).get_figheight() for n in (3, 60))
    assert many > few + 10


def test_family_table():
    found = [(one.name, f) for one in select(["relu", "softmax_cross_entropy"]) for f in one.check()]
    lines = family_table(found).splitlines()
    assert re.fullmatch(r"relu +1 +1 +\S+e-\d\d +0\.0e\+00 +ok", lines[1])
    assert re.fullmatch(r"softmax_cross_entropy +6 +6 +\S+e-\d\d +\S+e-1\d +ok", lines[2])
    assert "FAIL" in family_table([("a", finding(ok=False))])


def test_summary_fits_the_line():
    found = [(f"case {k}", finding(array=f"array {k}", method=m)) for k in range(999) for m in ("central", "complex")]
    counts, errors = summary(found, ("central", "complex"), 59.94).splitlines()
    assert max(len(counts), len(errors)) <= COLUMNS
    assert counts == "999 cases, 999 arrays, 0 FAIL in 60 s"


@pytest.mark.parametrize(
    ("option", "name", "expected"),
    [
        ("--json", "missing/found.json", "no folder {}/missing for found.json; create it first"),
        ("--plot", "missing/found.png", "no folder {}/missing for found.png; create it first"),
        ("--json", "", "{} is a folder, not a file"),
        ("--plot", "found.pdf", "{}/found.pdf: figures are written as PNG; use a name that ends in .png"),
    ],
)
def test_bad_output_is_refused_before_any_work(run, tmp_path, monkeypatch, option, name, expected):
    monkeypatch.setattr(command, "check_cases", lambda *arguments, **options: pytest.fail("it ran"))
    status, output, error = run(option, tmp_path / name)
    assert (status, output) == (2, "")
    assert error == f"error: {expected.format(tmp_path)}\n"


# --- names, list, device ---------------------------------------------------------------------------------------------


def test_list(run):
    status, output, _ = run("--list")
    assert status == 0
    assert set(output.partition("\nnot checked:\n")[0].split()) == {one.name for one in select([])}
    assert "lengths: integers have no gradient" in output
    assert max(map(len, output.splitlines())) <= COLUMNS


def test_unknown_name(run):
    assert run("lsmt") == (2, "", "error: no gradient check named 'lsmt'; did you mean lstm?\n")


def test_unknown_option_exits_with_2(run):
    with pytest.raises(SystemExit) as caught:
        run("--method", "magic")
    assert caught.value.code == 2


def test_gpu_without_a_gpu(run):
    try:
        import cupy

        cupy.cuda.runtime.getDeviceCount()
    except (ImportError, RuntimeError):
        status, output, error = run("softmax", "--device", "gpu")
        assert (status, output) == (2, "")
        assert error.startswith("error: ")
        assert error.count("\n") == 1
    else:
        pytest.skip("there is a GPU")


def test_as_a_command_of_its_own():
    done = subprocess.run(
        [sys.executable, "-m", "scratchnn", "gradcheck", "tanh", "--method", "complex"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    counts, errors = done.stdout.splitlines()[-2:]
    assert counts.startswith("1 case, 1 array, 0 FAIL in ")
    assert errors.startswith("largest error: complex ")


def test_help_explains_the_exit_status(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["gradcheck", "--help"])
    assert caught.value.code == 0
    assert "exit status: 0 if all gradients are right" in capsys.readouterr().out
