"""The commands ``similar``, ``analogy`` and ``evaluate-vectors``, as a user types them."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.cli import main
from scratchnn.word2vec import KeyedVectors, write_vectors

PLACES = {
    "paris": (9, 1),
    "france": (9, 0),
    "rome": (0, 10),
    "italy": (0, 9),
    "cat": (-5, 5),
    "왕": (-5, -5),
    "x" * 300: (-1, -9),
}


@pytest.fixture
def run_folder(tmp_path):
    """The file of a run folder that these commands read."""
    folder = tmp_path / "run"
    folder.mkdir()
    write_vectors(folder / "vectors.txt", KeyedVectors(list(PLACES), np.array([*PLACES.values()], dtype=np.float32)))
    return folder


@pytest.fixture
def command(capsys):
    """Run a command; returns its exit status, output lines and error lines, none longer than 100 columns."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert all(len(line) <= 100 for line in captured.out.splitlines())
        return status, captured.out.splitlines(), captured.err.splitlines()

    return run


def test_similar(run_folder, command):
    for source in (run_folder, run_folder / "vectors.txt"):
        status, lines, _ = command("similar", source, "paris", "--count", "2")
        assert status == 0
        assert lines == [
            "nearest to 'paris' among 7 words of 2 dimensions, by cosine",
            "   1   0.9939  france",
            "   2   0.1104  rome",
        ]
    _, lines, _ = command("similar", run_folder, "왕")
    assert len(lines) == 7
    assert any(line.endswith("x…") for line in lines)


@pytest.mark.parametrize(("method", "score"), [("add", "1.0000"), ("mul", "1.1082")])
def test_analogy(run_folder, command, method, score):
    """Rome is (0, 1): 3CosAdd is 1.11043 / |(-0.00612, 1.11043)|, 3CosMul 0.55522 * 1 / (0.5 + 0.001)."""
    status, lines, _ = command("analogy", run_folder, "france", "paris", "italy", "--method", method, "--count", 1)
    assert status == 0
    assert lines[0].startswith("france is to paris as italy is to ...")
    assert lines[1:] == [f"   1   {score}  rome"]


@pytest.fixture
def benchmarks(tmp_path):
    """A data folder for ``SCRATCHNN_DATA``."""
    folder = tmp_path / "data" / "wordsim"
    folder.mkdir(parents=True)
    (folder / "EN-MINE.txt").write_text("paris\tfrance\t9\nparis\trome\t5\nparis\tcat\t1\nparis\tdog\t1\n")
    (folder / "questions-words.txt").write_text(": capital\nfrance paris italy rome\n: gram1\ncat cats dog dogs\n")
    return folder


TABLE = """\
7 words of 2 dimensions

word similarity                    Spearman    pairs       of   covered
EN-MINE.txt                          1.0000        3        4     75.0%

analogies (3CosAdd)                accuracy  correct    asked       of   covered
capital                              1.0000        1        1        1    100.0%
gram1                                   nan        0        0        1      0.0%
semantic                             1.0000        1        1        1    100.0%
syntactic                               nan        0        0        1      0.0%
total                                1.0000        1        1        2     50.0%"""


def test_evaluate(run_folder, command, benchmarks, monkeypatch):
    similarity, questions = benchmarks / "EN-MINE.txt", benchmarks / "questions-words.txt"
    options = ("--similarity", similarity, "--analogies", questions)
    monkeypatch.delenv("SCRATCHNN_DATA", raising=False)
    assert command("evaluate-vectors", run_folder, *options) == (0, TABLE.splitlines(), [])
    assert command("evaluate-vectors", run_folder, *options[:2])[1] == TABLE.splitlines()[:4]
    monkeypatch.setenv("SCRATCHNN_DATA", str(benchmarks.parent))
    assert command("evaluate-vectors", run_folder) == (0, TABLE.splitlines(), [])
    _, lines, _ = command("evaluate-vectors", run_folder, "--restrict", 2)
    assert lines[3].split() == ["EN-MINE.txt", "nan", "1", "4", "25.0%"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("similar", "RUN", "pariss"), "'pariss' is not among the 7 words; closest spellings: paris"),
        (("similar", "RUN", "Paris"), "'Paris' is not among the 7 words; closest spellings: paris"),
        (("similar", "RUN", "paris", "--count", "0"), "count must be a whole number of 1 or more, got 0"),
        (("similar", "RUN/none", "paris"), "No such file"),
        (("similar", "RUN/..", "paris"), "contains no vectors.txt"),
        (("analogy", "RUN", "paris", "rom", "italy"), "'rom' is not among the 7 words; closest spellings: rome"),
        (("evaluate-vectors", "RUN"), "no benchmarks; pass --similarity FILE"),
        (("evaluate-vectors", "RUN", "--analogies", "RUN/none"), "No such file"),
        (("evaluate-vectors", "RUN", "--similarity", "RUN/vectors.txt"), "line 1: expected two words and a score"),
        (("evaluate-vectors", "RUN/none", "--similarity", "DATA/EN-MINE.txt"), "No such file"),
        (("evaluate-vectors", "RUN", "--similarity", "DATA/EN-MINE.txt", "--restrict", "0"), "--restrict must be"),
    ],
)
def test_bad_input(run_folder, command, benchmarks, monkeypatch, arguments, complaint):
    monkeypatch.delenv("SCRATCHNN_DATA", raising=False)
    arguments = [part.replace("RUN", str(run_folder)).replace("DATA", str(benchmarks)) for part in arguments]
    status, lines, errors = command(*arguments)
    assert (status, lines) == (2, [])
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert complaint in errors[0]


def test_empty_data_folder(run_folder, command, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    assert "contains no benchmarks; pass" in command("evaluate-vectors", run_folder)[2][0]
