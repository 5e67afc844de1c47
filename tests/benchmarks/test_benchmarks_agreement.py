"""Labels on which classifiers agree: which texts are kept, what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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
        ([one, str(broken)], f"{broken}: line 1 is no answer of predict --json"),
        ([one, two, "--least", "1"], "no text has one label of 1.0 or more in all files; choose a smaller --least"),
        ([one, two, "--least", "nan"], "--least must be from 0 to 1, got nan"),
        ([one, two, "--least", "-1"], "--least must be from 0 to 1, got -1.0"),
        ([one, two, "--least", "2"], "--least must be from 0 to 1, got 2.0"),
        ([one, ""], "the name of a file is empty"),
    ):
        with pytest.raises(DataError, match="^" + message.replace("(", "\\(")):
            agreement.main([*answers, "--out", out])
    assert not (tmp_path / "agreed.jsonl").exists()


ANSWER = "is no answer of predict --json of a classifier with one label per text"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", "label": "x", "probabilities": {"x": NaN}}', ANSWER),
        ('{"text": "a", "label": "x", "probabilities": {"x": Infinity}}', ANSWER),
        ('{"text": "a", "label": "x", "probabilities": {"x": 90}}', ANSWER),
        ('{"text": "a", "label": "x", "probabilities": {"x": "0.9"}}', ANSWER),
        ('{"text": "a", "label": "x", "probabilities": {"x": true}}', ANSWER),
        ('{"text": "a", "label": "x", "probabilities": {"x": 1%s}}' % ("0" * 400), ANSWER),
        ('{"text": "a", "label": "x", "probabilities": {"y": 0.9}}', ANSWER),
        ('{"text": "a", "label": 0, "probabilities": [0.9]}', ANSWER),
        ('{"text": "a", "label": 7, "probabilities": [0.9]}', ANSWER),
        ('{"text": "a", "label": ["x"], "probabilities": {"x": 0.9}}', ANSWER),
        ('{"text": ["a"], "label": "x", "probabilities": {"x": 0.9}}', ANSWER),
        ('{"text": null, "label": "x", "probabilities": {"x": 0.9}}', ANSWER),
        ("[1]", "is not a JSON object"),
        ("x", "is not JSON"),
        ("[" * 100_000, "too many lists in each other"),
        ('{"text": "\\ud800", "label": "x", "probabilities": {"x": 0.9}}', "contains \\ud800"),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path, line, message):
    answers = tmp_path / "a.jsonl"
    answers.write_text('{"text": "b", "label": "x", "probabilities": {"x": 0.9}}\n\n' + line + "\n")
    with pytest.raises(DataError) as error:
        agreement.main([str(answers), "--out", str(tmp_path / "agreed.jsonl")])
    assert str(error.value).startswith(f"{answers}: line 3 ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "agreed.jsonl").exists()


def test_a_file_without_answers_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"\r\n\n")
    with pytest.raises(DataError, match=r"^no answers in .*a.jsonl; write them with predict --json$"):
        agreement.main([str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "agreed.jsonl")])


def test_a_label_that_the_terminal_lacks_is_printed_as_escapes(tmp_path):
    answers = write_answers(tmp_path / "a.jsonl", ("a", "긍정", 0.9))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.agreement", answers, "--out", tmp_path / "agreed.jsonl"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        cwd=Path(agreement.__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(": \\uae0d\\uc815 1\n")
