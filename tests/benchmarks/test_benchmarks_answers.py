"""The programs that put a sequence-to-sequence model beside others: widths of the beam, n-grams, nearest sentences."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from small_text import command

from benchmarks import beams, by_epoch, by_sentences, nearest, ngrams
from benchmarks.ngrams import KneserNey
from benchmarks.processes import ROOT
from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.datasets.registry import data_set
from scratchnn.errors import DataError
from scratchnn.tasks import music
from scratchnn.tasks.trained import load

SIZES = ["--hidden", 8, "--embed", 4, "--epochs", 2, "--batch", 64]
pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with a small ``addition.txt``."""
    folder = tmp_path_factory.mktemp("data")
    lines = [f"{f'{a}+{b}':7}_{a + b:<4}\n" for a in range(20) for b in range(20)]
    (folder / "addition.txt").write_text("".join(lines))
    return folder


@pytest.fixture
def run(data, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCHNN_DATA", str(data))
    assert command("train", "seq2seq", "--data", "addition", *SIZES, "--out", tmp_path / "run") == 0
    return tmp_path / "run"


def test_kneser_ney_by_hand():
    """Texts ab, ab, ac; ^ is the start and $ the end. Counts of pairs: ^a 3, ab 2, b$ 2, ac 1, c$ 1, so d_2 = 2 / (2 + 4).

    Tokens that occur before each one: a 1, b 1, c 1, $ 2, so d_1 = 3 / (3 + 2).
    """
    a, b, c, end = range(4)
    model = KneserNey([[a, b, end], [a, b, end], [a, c, end]], order=2, vocabulary_size=4)
    assert model.discounts == pytest.approx([3 / 5, 2 / 6])
    below = (1 - 3 / 5 + 3 / 5 * 4 / 4) / 5  # p_1(b): one token comes before b, five kinds of pairs, four kinds of tokens
    assert model.probability((a, b)) == pytest.approx((2 - 1 / 3 + 1 / 3 * 2 * below) / 3)
    assert model.probability((end, b)) == pytest.approx(below)  # nothing is known after <eos>


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_probabilities_of_a_history_sum_to_one(order):
    texts = [[0, 1, 2, 0, 3], [1, 1, 3], [2, 3], [0, 1, 2, 3]]
    model = KneserNey(texts, order, vocabulary_size=5)
    for history in itertools.product((-1, *range(5)), repeat=order - 1):
        assert sum(model.probability((*history, token)) for token in range(5)) == pytest.approx(1)
    assert math.isfinite(model.loss([[4, 4, 3]]))


def test_widths_of_the_beam(run, capsys):
    pytest.importorskip("sacrebleu")
    capsys.readouterr()
    beams.main([str(run), "--data", "addition", "--widths", "1", "3", "--norms", "0", "1", "--limit", "6"])
    header, *rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert max(map(len, (header, *rows))) <= 80
    values = [list(map(float, row.split())) for row in rows]
    assert [row[:2] for row in values] == [[1, 0], [3, 0], [1, 1], [3, 1]]
    assert values[1][6] >= values[0][6]  # a wider beam finds more probable answers
    assert values[0][2:7] == values[2][2:7]  # greedy search has no use for a norm


def test_a_model_beside_ngrams(run, tmp_path, capsys):
    capsys.readouterr()
    ngrams.main([str(run), "--orders", "1", "2", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["order 1", "order 2", "order 3"]
    assert lines[3].startswith("test perplexity of order ")
    assert command("evaluate", run, "--data", "addition") == 0
    perplexity = float(capsys.readouterr().out.splitlines()[1].split()[1])
    assert float(lines[4].rpartition(" ")[2]) == pytest.approx(perplexity, abs=0.01)
    (tmp_path / "pairs.txt").write_text("a\tb\nb\ta\n")
    files = ["--data", tmp_path / "pairs.txt", "--valid", tmp_path / "pairs.txt"]
    assert command("train", "seq2seq", *files, *SIZES, "--out", tmp_path / "own") == 0
    with pytest.raises(DataError, match="an n-gram model needs the parts of a known set, and"):
        ngrams.main([str(tmp_path / "own")])


def test_tunes_beside_ngrams(tmp_path, monkeypatch, capsys):
    tunes = {part: generated_tunes(12, seed) for part, seed in (("train", 0), ("valid", 1), ("test", 2))}
    known = replace(data_set("music"), tunes=lambda part, folder: tunes[part])
    monkeypatch.setattr(music, "data_set", lambda name: known)
    sizes = ["--embed", 4, "--hidden", 6, "--epochs", 1, "--keys", 2]
    assert command("train", "music", "--data", "music", "--valid", "music:valid", *sizes, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    ngrams.main([str(tmp_path / "run"), "--orders", "1", "2", "3", "4"])
    *orders, best, network = capsys.readouterr().out.splitlines()
    found = {int(line.split()[1].rstrip(":")): float(line.split()[-1]) for line in orders}
    assert list(found) == [1, 2, 3, 4]
    assert min(found.values()) < found[1] - 0.3  # the tokens before help
    assert best.startswith(f"test bits per character of order {min(found, key=found.get)}: ")
    one = load(tmp_path / "run")
    figures = one.known_kind().evaluate(one.model, music.read_sources(["music"], "test"), one.settings, one.parts)
    assert network == f"test bits per character of {tmp_path / 'run'}: {figures['bits per character']:.3f}"


def test_the_nearest_sentence(data, tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.setenv("SCRATCHNN_DATA", str(data))
    nearest.main(["--data", "addition"])
    assert capsys.readouterr().out.startswith("exact match 0.")
    (tmp_path / "pairs.txt").write_text("one\teins\ntwo\tzwei\n")
    nearest.main(["--data", str(tmp_path / "pairs.txt")])  # the same pairs are known and asked for
    assert capsys.readouterr().out.startswith("exact match 1.0000\n")


def test_a_figure_by_epoch(run, tmp_path, capsys):
    by_epoch.main([str(tmp_path / "f.png"), f"one={run}", f"two={run}"])
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert len(by_epoch.values_by_epoch(run, "loss")) == 2
    with pytest.raises(DataError, match="has no validation accuracy in its history"):
        by_epoch.main([str(tmp_path / "g.png"), f"one={run}", "--figure", "accuracy"])


def test_f1_by_sentences(tmp_path, capsys):
    """The means and ranges of the seeds; runs that are none of a tagger, or not the same counts, are named."""
    folders = []
    for seed in (0, 1):
        folders.append(tmp_path / f"run{seed}")
        small = ["--limit", 30, "--hidden", 4, "--embed", 4, "--epochs", 1, "--seed", seed]
        assert command("train", "tagger", *small, "--out", folders[-1]) == 0
    f1 = [load(folder).evaluate("generated:test")["f1"] for folder in folders]
    capsys.readouterr()
    runs = [f"all:30={folders[0]}", f"all:30={folders[1]}", f"all:20={folders[1]}"]
    by_sentences.main([str(tmp_path / "f.png"), *runs, "--data", "generated:test"])
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["all", "30", *(f"{x:.4f}" for x in ((f1[0] + f1[1]) / 2, min(f1), max(f1)))]
    with pytest.raises(DataError, match="is no NAME:COUNT=DIR"):
        by_sentences.main([str(tmp_path / "g.png"), "all=x", "--data", "generated:test"])
    with pytest.raises(DataError, match="each name needs runs for the same numbers of sentences"):
        by_sentences.main([str(tmp_path / "g.png"), *runs[1:], f"few:20={folders[0]}", "--data", "generated:test"])


def test_f1_of_a_model_without_names(run, tmp_path):
    with pytest.raises(DataError, match="evaluate gives no F1"):
        by_sentences.main([str(tmp_path / "g.png"), f"all:20={run}", "--data", "addition"])


@pytest.mark.parametrize(
    ("program", "words", "message"),
    [
        ("by_epoch", ["{0}/f.png", "plain={0}"], "{0} has no history.csv; name a run folder of train as NAME=DIR"),
        ("by_epoch", ["{0}/no/f.png", "plain={0}"], "cannot write {0}/no/f.png: there is no folder {0}/no; make it first"),
        ("by_sentences", ["{0}/f.png", "plain", "--data", "x"], "'plain' is no NAME:COUNT=DIR"),
        ("by_sentences", ["{0}", "a:1=b", "--data", "x"], "{0} already exists; choose another OUT.png"),
        ("nearest", ["--data", "nowhere"], "cannot read nowhere: there is no such file, and no such data set"),
        ("ngrams", ["{0}/none"], "{0}/none"),
        ("beams", ["{0}/none", "--data", "addition"], "{0}/none"),
    ],
)
def test_bad_input_of_a_program_is_one_line(tmp_path, program, words, message):
    command_line = [sys.executable, "-m", f"benchmarks.{program}", *(word.format(tmp_path) for word in words)]
    child = subprocess.run(command_line, capture_output=True, text=True, cwd=ROOT)
    assert child.returncode == 2
    assert child.stderr.startswith("error: ")
    assert message.format(tmp_path) in child.stderr
    assert child.stderr.count("\n") == 1
