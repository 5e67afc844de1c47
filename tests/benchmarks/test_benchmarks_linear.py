"""The linear model beside a classifier: it reads the same tokens and texts, and picks C on the validation part."""

from __future__ import annotations

import pytest
from small_text import command

from benchmarks import linear
from scratchnn.errors import DataError

pytest.importorskip("sklearn")
SMALL = ["--reader", "embedding", "--embed", 4, "--epochs", 1]


@pytest.fixture
def run(tmp_path):
    """A classifier of pairs of words, on generated reviews."""
    assert command("train", "classifier", *SMALL, "--ngrams", 2, "--out", tmp_path / "run") == 0
    return str(tmp_path / "run")


def test_pairs_decide_the_generated_reviews(run, capsys):
    """Half of their adjectives follow "not", which single words cannot tell."""
    reached = []
    for more in (["--ngrams", "1"], []):
        capsys.readouterr()
        linear.main([run, "--data", "generated:test", *more])
        first, *tried, last = capsys.readouterr().out.splitlines()
        assert first.endswith(f"runs of up to {more[-1] if more else 2}")
        valid = {line.split(":")[0]: float(line.split()[-1]) for line in tried}
        assert len(valid) == len(linear.STRENGTHS)
        assert last.split(":")[0] == f"test accuracy with {max(valid, key=valid.get)}"
        reached.append(float(last.split()[-1]))
    assert reached[1] > reached[0] + 0.05


def test_what_it_refuses(tmp_path):
    (tmp_path / "few.tsv").write_text("one\ta\ntwo\tb\nthree\ta\nfour\tb\n", encoding="utf-8")
    files = ["--data", tmp_path / "few.tsv", "--valid", tmp_path / "few.tsv"]
    assert command("train", "classifier", *files, *SMALL, "--out", tmp_path / "few") == 0
    with pytest.raises(DataError, match="no token occurs in two training texts"):
        linear.main([str(tmp_path / "few"), "--data", str(tmp_path / "few.tsv")])
    assert command("train", "classifier", *files, *SMALL, "--output", "multilabel", "--out", tmp_path / "several") == 0
    with pytest.raises(DataError, match="has several labels per text; name a run with one"):
        linear.main([str(tmp_path / "several"), "--data", str(tmp_path / "few.tsv")])
    (tmp_path / "other.tsv").write_text("one\ta\ntwo\tc\n", encoding="utf-8")
    with pytest.raises(DataError, match="the label 'c' does not occur in the training texts"):
        linear.main([str(tmp_path / "few"), "--data", str(tmp_path / "other.tsv")])
    with pytest.raises(DataError, match="--ngrams"):
        linear.main([str(tmp_path / "few"), "--data", str(tmp_path / "few.tsv"), "--ngrams", "0"])
    (tmp_path / "few.tsv").write_text("one\ta\ntwo\ta\nthree\ta\nfour\ta\n", encoding="utf-8")
    with pytest.raises(DataError, match="have one label; its data have changed since the run"):
        linear.main([str(tmp_path / "few"), "--data", str(tmp_path / "few.tsv")])
    with pytest.raises(DataError, match="none"):
        linear.main([str(tmp_path / "none"), "--data", "imdb:test"])
