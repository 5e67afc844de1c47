"""Labels on which classifiers agree: which texts are kept, what is refused."""

from __future__ import annotations

import json

import pytest

from benchmarks import agreement
from scratchnn.errors import DataError
from scratchnn.tasks.labelled import Columns, read_labelled


def write_answers(path, *answers):
    """As ``predict --json`` writes them."""
    rows = [
        {"text": text, "label": label, "probabilities": {label: p, "other": round(1 - p, 6)}} for text, label, p in answers
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path):
    one = write_answers(
        tmp_path / "a.jsonl", ("좋다\x85\u2028!", "pos", 0.9), ("so", "pos", 0.7), ("no", "neg", 0.99), ("hm", "neg", 0.8)
    )
    two = write_answers(
        tmp_path / "b.jsonl", ("좋다\x85\u2028!", "pos", 0.62), ("so", "neg", 0.9), ("no", "neg", 0.61), ("hm", "neg", 1.0)
    )
    return one, two


def test_kept_is_what_all_say_with_the_least_probability(files, tmp_path, capsys):
    out = str(tmp_path / "agreed.jsonl")
    agreement.main([*files, "--out", out])
    assert read_labelled([out], Columns(None, None), "train") == [("좋다\x85\u2028!", "pos"), ("hm", "neg")]
    assert capsys.readouterr().out == f"2 of 4 texts are in {out}: neg 1, pos 1\n"
    agreement.main([*files, "--out", out + "2", "--least", "0.61"])
    assert capsys.readouterr().out.startswith("3 of 4 texts")


def test_answers_that_cannot_be_compared_are_named(files, tmp_path):
    one, two = files
    out = str(tmp_path / "agreed.jsonl")
    other = write_answers(tmp_path / "c.jsonl", ("else", "pos", 0.9))
    broken = tmp_path / "d.jsonl"
    broken.write_text('{"text": "a", "labels": ["x"], "probabilities": {"x": 1.0}}\n')
    for answers, message in (
        ([one, other], f"{other} and {one} answer different texts; predict the same file with each run"),
        ([one, str(broken)], f"{broken}, line 1, is no answer of predict --json"),
        ([one, two, "--least", "1.1"], "no text has one label of 1.1 or more in all files; choose a smaller --least"),
    ):
        with pytest.raises(DataError, match="^" + message.replace("(", "\\(")):
            agreement.main([*answers, "--out", out])
    assert not (tmp_path / "agreed.jsonl").exists()
