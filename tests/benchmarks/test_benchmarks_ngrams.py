"""The n-gram model beside a network: which runs it is for, and the figures of small ones."""

from __future__ import annotations

import math

import pytest
from small_text import command

from benchmarks import beams, ngrams
from scratchnn.errors import DataError

SMALL = ["--hidden", 4, "--embed", 4, "--epochs", 1]


def run(folder, kind, *options):
    assert command("train", kind, *SMALL, *options, "--out", folder) == 0
    return str(folder)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return run(tmp_path_factory.mktemp("pairs") / "run", "seq2seq", "--data", "generated:numbers")


def test_probabilities_of_every_history_sum_to_one():
    model = ngrams.KneserNey([[0, 1, 2], [0, 2, 2], [1, 2]], 3, 4)
    for history in ((-1, -1), (-1, 0), (0, 1), (3, 3)):
        assert math.isclose(sum(model.probability((*history, token)) for token in range(4)), 1)


def test_a_run_on_pairs(pairs, capsys):
    capsys.readouterr()
    ngrams.main([pairs, "--orders", "1", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.rsplit(" ", 1)[0] for line in lines] == [
        "order 1: validation perplexity",
        "order 3: validation perplexity",
        "test perplexity of order 3:",
        f"test perplexity of {pairs}:",
    ]


def test_a_run_on_tunes_without_named_data(tmp_path, capsys):
    """The data are generated tunes, of which the network has not read a tenth."""
    folder = run(tmp_path / "run", "music")
    capsys.readouterr()
    ngrams.main([folder, "--orders", "2"])
    default = capsys.readouterr().out.splitlines()[:2]
    ngrams.main([run(tmp_path / "named", "music", "--data", "generated", "--valid", "generated:valid"), "--orders", "2"])
    named = capsys.readouterr().out
    assert default[1].startswith("test bits per character of order 2: ")
    assert default[1] not in named  # all tunes of the training part


@pytest.mark.parametrize("orders", [["0"], ["-1"], ["2", "-1"]])
def test_orders_are_one_or_more(pairs, orders):
    with pytest.raises(DataError, match=f"^--orders must be a whole number of 1 or more, got {orders[-1]}$"):
        ngrams.main([pairs, "--orders", *orders])


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("seq2seq", [], "was trained on pairs that are not split into parts"),
        ("seq2seq", ["--data", "generated:numbers:test"], "was trained on generated:numbers:test"),
        ("music", ["--data", "generated:train"], "was trained on generated:train"),
        ("classifier", [], "contains a classifier; name a run of train seq2seq or train music"),
        ("classifier", ["--data", "generated"], "contains a classifier; name a run of train seq2seq or train music"),
    ],
)
def test_runs_that_have_no_parts_to_compare_are_refused(tmp_path, kind, options, message):
    folder = run(tmp_path / "run", kind, *options)
    with pytest.raises(DataError) as error:
        ngrams.main([folder, "--orders", "1"])
    assert message in str(error.value)
    assert folder in str(error.value)
    if kind == "classifier":
        with pytest.raises(DataError, match=r"contains a classifier; name a run of train seq2seq$"):
            beams.main([folder, "--data", "generated:numbers"])
