"""``python -m scratchnn gradcheck --break NAME``: a fault that the check detects, a question, an answer, an exit status."""

import io
import math
import re

import numpy as np
import pytest

from scratchnn.cli import main
from scratchnn.gradcheck import measure, select
from scratchnn.lesson import quiz


@pytest.fixture
def run(capsys):
    """Runs the command in this process: status, output, error output."""

    def call(*arguments):
        status = main(["gradcheck", *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def planted(name, seed):
    """The fault planted by the command."""
    cases = select([name])
    references = [measure(one.problem()) for one in cases]
    return quiz.plant(cases, references, np.random.default_rng(seed))


@pytest.fixture
def answer(monkeypatch):
    """Sets the lines that the reader types; the input ends after them."""

    def prepare(*replies):
        typed = io.StringIO("".join(f"{reply}\n" for reply in replies))
        monkeypatch.setattr("sys.stdin", typed)
        return typed

    return prepare


@pytest.mark.parametrize("name", ["lstm/step", "layer-norm", "gru-simplified/lengths", "softmax"])
def test_planted_fault_runs_and_is_refused(name):
    for seed in range(3):
        mutant = planted(name, seed)
        assert mutant.equations
        with mutant.apply():
            found = [f for one in select([name]) for f in one.check()]
        wrong = [f for f in found if not f.ok]
        assert wrong
        assert all(math.isfinite(f.error) for f in wrong)


def test_right_answer(run, answer):
    number = planted("layer-norm", 3).equations[0]
    answer(f"({number})")
    status, output, error = run("--break", "layer-norm", "--seed", 3)
    report, _, answer_text = output.partition("Which equation of scratchnn/layers/layer_norm.py is wrong?")
    assert (status, error) == (0, "")
    assert "FAIL" in report
    assert "layer_norm.py:" not in report  # the report does not say where
    assert re.search(r"^wrong arrays: \w+ \(1 of 1\)", report, re.MULTILINE)
    assert "Right!" in answer_text
    assert re.search(rf"scratchnn/layers/layer_norm\.py:\d+, equation \({number}\): \w+", answer_text)
    assert re.search(r"^  - .*# \(\d\)$", answer_text, re.MULTILINE)
    assert re.search(r"^  \+ .*# \(\d\)$", answer_text, re.MULTILINE)
    assert run("layer-norm")[0] == 0  # and the right code is back


def test_wrong_answers_and_hints(run, answer):
    mutant = planted("lstm/step", 1)
    wrong = [n for n in range(1, 17) if n not in mutant.equations][:3]
    typed = answer(wrong[0], "no idea", "99", *wrong[1:], mutant.equations[0])
    status, output, _ = run("--break", "lstm/step", "--seed", 1)
    assert status == 1
    assert (
        typed.read() == f"{mutant.equations[0]}\n"
    )  # three wrong answers end the lesson; replies that are no equation do not count
    assert output.count("The equations of this file have the numbers 1 to 16.") == 2
    assert f"No, equation ({wrong[0]}) is correct. Look at lstm_step_backward." in output
    assert f"The kind of fault is: {mutant.kind}." in output
    assert mutant.mutated in output


@pytest.mark.parametrize("replies", [(), ("",)])
def test_giving_up(run, answer, replies):
    answer(*replies)
    status, output, _ = run("--break", "softmax", "--seed", 0, "--method", "complex")
    assert status == 1
    assert "scratchnn/functions.py:" in output
    assert "softmax(x) = exp(x_k) / sum_j exp(x_j) dx = y (dy - sum_j dy_j y_j) (4)" in " ".join(output.split())


def test_same_seed_same_fault():
    assert planted("lstm/step", 5).name == planted("lstm/step", 5).name
    assert len({planted("lstm/step", seed).name for seed in range(4)}) > 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--break", "lsmt"], "no gradient check named 'lsmt'; did you mean lstm?"),
        (["softmax", "--break", "lstm"], "--break takes one name and no other options but --method and --seed"),
        (["softmax", "--seed", "1"], "--seed needs --break NAME"),
        (["--break", "lstm", "--seed", "-1"], "--seed must be 0 or more, got -1"),
        (["--break", "mean_absolute_error"], "no line of its backward pass has an equation number"),
    ],
)
def test_bad_lesson(run, arguments, expected):
    status, output, error = run(*arguments)
    assert (status, output) == (2, "")
    assert expected in error


# --- the named layer, on one page ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("lstm/step", "scratchnn/recurrent/lstm.py"),
        ("layer-norm", "scratchnn/layers/layer_norm.py"),
        ("stacked/dropout", "scratchnn/recurrent/stacked.py"),
        ("bidirectional/sum", "scratchnn/recurrent/bidirectional.py"),
        ("nnlm", "scratchnn/word2vec/nnlm.py"),
        ("template", "scratchnn/your_layer/template.py"),
        ("softmax", "scratchnn/functions.py"),
    ],
)
def test_the_fault_is_in_the_named_layer(name, file):
    assert {planted(name, seed).file for seed in range(3)} == {file}


def test_a_layer_of_layers_without_numbered_lines_breaks_in_one_of_them():
    assert planted("sequential/rnn", 0).file == "scratchnn/recurrent/rnn.py"
    assert planted("language-model/rnn", 0).file == "scratchnn/recurrent/rnn.py"


@pytest.mark.parametrize("name", ["lstm", "stacked/bidirectional", "layer-norm"])
def test_the_report_fits_a_page(run, answer, name):
    answer("")
    status, output, _ = run("--break", name, "--seed", 1, "--method", "complex")
    before = output.partition("Which equation of ")[0].splitlines()
    assert status == 1
    assert len(before) < quiz.PAGE == 24
    assert max(map(len, before)) <= 80
    assert re.match(r"case, array +shape +complex at$", before[0])
    assert before[1].endswith("FAIL")
    assert "arrays: " in "".join(before)
