"""What a user may type or write wrongly for a task: one clear line, exit status 2, and nothing left behind."""

from __future__ import annotations

import io
import json

import pytest
from small_tables import reviews, train_task, write_pairs
from small_text import assert_one_line, command, contents, write_text

pytestmark = pytest.mark.usefixtures("quick")

LABELLED = "a text and its label with one tab between them"
PAIR = "a source and its target with one tab between them"
FILES = {
    "empty": b"",
    "blank": b"\n\n\n",
    "no_tab": b"good film\tpos\nbad film\n",
    "spaces": b"good film    pos\n",
    "two_tabs": b"good\tfilm\tpos\n",
    "one_example": b"good\tpos\n",
    "no_label": b"good\tpos\n\nbad\t\n",
    "blank_label": b"good\tpos\n\t \n",
    "one_label": b"good\tpos\nfine\tpos\nwell\tpos\n",
    "no_text": b"\tpos\n\tneg\n\tpos\n",
    "latin": "caf\xe9\tpos\n".encode("latin-1"),
}


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["data", "valid", "evaluate"])
@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        *((kind, name, f"no examples in {name}.txt; a line is {line}")
          for name in ("empty", "blank") for kind, line in (("classifier", LABELLED), ("seq2seq", PAIR))),
        *((kind, name, f"{name}.txt: line {number} is not {line}")
          for name, number in (("no_tab", 2), ("spaces", 1), ("two_tabs", 1))
          for kind, line in (("classifier", LABELLED), ("seq2seq", PAIR))),
        ("classifier", "no_label", "the text 'bad' in no_label.txt has no label after its tab"),
        ("classifier", "blank_label", "the text '' in blank_label.txt has no label after its tab"),
        ("classifier", "latin", "latin.txt is not UTF-8: byte 0xe9 at offset 3; convert it first"),
        ("seq2seq", "latin", "latin.txt is not UTF-8"),
        ("classifier", "nowhere", "cannot read nowhere.txt: No such file or directory"),
        ("seq2seq", ".", "cannot read"),
    ],
)  # fmt: skip
def test_bad_files(tables, tmp_path, monkeypatch, capsys, what, kind, name, message):
    monkeypatch.chdir(tmp_path)
    path = f"{name}.txt" if name != "." else "."
    if name in FILES:
        (tmp_path / path).write_bytes(FILES[name])
    good = tables / ("reviews.txt" if kind == "classifier" else "pairs.txt")
    if what == "evaluate":
        assert command("evaluate", tables / kind, "--data", path) == 2
    else:
        files = ["--data", path] if what == "data" else ["--data", good, "--valid", path]
        assert train_task(kind, *files, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (
            "classifier",
            "one_example",
            "one example cannot be split into a training and a validation part; give more, or --va",
        ),
        ("seq2seq", "one_example", "one example cannot be split into a training and a validation part"),
        ("classifier", "one_label", "all training texts have the label 'pos'; a classifier needs at least two labels"),
        ("classifier", "no_text", "cannot build a vocabulary from a text without tokens"),
        ("seq2seq", "no_text", "cannot build a vocabulary from a text without tokens"),
    ],
)
def test_too_little_to_train_on(tmp_path, capsys, kind, name, message):
    (tmp_path / "data.txt").write_bytes(FILES[name])
    assert train_task(kind, "--data", tmp_path / "data.txt", "--out", tmp_path / "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


def test_a_label_that_training_has_not_seen(tables, tmp_path, capsys):
    other = write_pairs(tmp_path / "other.txt", [("good", "pos"), ("so so", "mixed")])
    message = "the label 'mixed' does not occur in the training part, whose labels are neg, pos; leave out its examples"
    assert command("evaluate", tables / "classifier", "--data", other) == 2
    assert_one_line(capsys, message)
    options = ["--data", tables / "reviews.txt", "--valid", other, "--out", tmp_path / "run"]
    assert train_task("classifier", *options) == 2
    assert_one_line(capsys, message)
    many = write_pairs(tmp_path / "many.txt", [(f"w{k}", f"label{k:03}") for k in range(200)])
    assert train_task("classifier", "--data", many, "--out", tmp_path / "run") == 2
    output = capsys.readouterr().err
    assert ", ...; leave out its examples, or train with some of them" in output
    assert len(output) < 300
    assert not (tmp_path / "run").exists()


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("classifier", ["--hidden", 0], "--hidden must be a whole number of 1 or more, got 0"),
        ("classifier", ["--hidden", "many"], "argument --hidden: invalid int value: 'many'"),
        ("classifier", ["--vocabulary", 2], "--vocabulary must be a whole number of 3 or more, got 2"),
        ("classifier", ["--dropout", 1], "the dropout probability must be 0 or more and below 1, got 1.0"),
        ("classifier", ["--dropout", "nan"], "the dropout probability must be 0 or more and below 1, got nan"),
        ("classifier", ["--cell", "mgu"], "argument --cell: invalid choice: 'mgu'"),
        ("classifier", ["--level", "byte"], "argument --level: invalid choice: 'byte'"),
        *((kind, [flag, ""], f"{flag} is empty; name a file or a folder, or leave {flag} out")
          for kind, flag in (("classifier", "--from"), ("classifier", "--body"), ("classifier", "--vectors"),
                             ("classifier", "--valid"), ("seq2seq", "--from"), ("lm", "--from"))),
        ("classifier", ["--tie"], "unrecognized arguments: --tie"),
        ("classifier", ["--window", 3], "unrecognized arguments: --window 3"),
        ("classifier", ["--hid", 3], "unrecognized arguments: --hid 3"),  # no abbreviation: it may come to mean another
        ("classifier", ["extra"], "unrecognized arguments: extra"),
        ("classifier", ["--data"], "argument --data: expected at least one argument"),
        ("seq2seq", ["--window", 2], "unrecognized arguments: --window 2"),
        ("seq2seq", ["--embed", -4], "--embed must be a whole number of 1 or more, got -4"),
        ("seq2seq", ["--batch", 2.5], "argument --batch: invalid int value: '2.5'"),
        ("seq2seq", ["--accumulate", 0], "--accumulate must be a whole number of 1 or more, got 0"),
        ("seq2seq", ["--epochs", 0], "--epochs must be a whole number of 1 or more, got 0"),
        ("seq2seq", ["--patience", 0], "--patience must be a whole number of 1 or more, got 0"),
        ("seq2seq", ["--seed", -1], "--seed must be a whole number of 0 or more, got -1"),
        ("seq2seq", ["--clip", 0], "--clip must be above 0, got 0.0"),
        ("seq2seq", ["--clip", "nan"], "--clip must be above 0, got nan"),
        ("seq2seq", ["--lr", "nan"], "lr must be 0 or more and below inf, got nan"),
        ("seq2seq", ["--lr", -1], "lr must be 0 or more and below inf, got -1.0"),
        ("seq2seq", ["--optimizer", "newton"], "argument --optimizer: invalid choice: 'newton'"),
        ("seq2seq", ["--schedule", "step", "--decay", 2], "factor must be above 0 and at most 1, got 2.0"),
        ("lm", ["--accumulate", 2], "accumulate = 2 needs batches that are independent of each other"),
        (
            "lm",
            ["--cell", "gru", "--forget-bias", 2],
            "a forget bias of 2.0 needs an LSTM; the cell 'gru' has no forget gate",
        ),
        ("lm", ["--bidirectional"], "unrecognized arguments: --bidirectional"),
    ],
)  # fmt: skip
def test_bad_settings(tables, tmp_path, capsys, kind, options, message):
    data = {"classifier": "reviews.txt", "seq2seq": "pairs.txt", "lm": "reviews.txt"}[kind]
    small = ["--hidden", 3, "--embed", 3, "--batch", 2, "--epochs", 1, "--out", tmp_path / "run"]
    assert command("train", kind, "--data", tables / data, *small, *options) == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "choose what to train: lm, classifier, tagger, seq2seq, "),
        (["train", "clasifier"], "invalid choice: 'clasifier' (choose from"),
        (["evaluate", "classifier"], "no data: name one or more files with --data FILE"),
        (["evaluate"], "the following arguments are required: DIR"),
        (["evaluate", "nowhere", "--data", "reviews.txt"], "nowhere contains no run (no settings.json)"),
        (["evaluate", "reviews.txt", "--data", "reviews.txt"], "cannot read reviews.txt/settings.json: Not a directory"),
        (["evaluate", "classifier", "--data", "pairs.txt"], "the label 'zero' does not occur in the training part"),
        (["predict"], "the following arguments are required: DIR"),
        (["predict", "nowhere", "x"], "nowhere contains no run (no settings.json)"),
        (["predict", ".", "x"], ". contains no run (no settings.json)"),
        (["predict", "reviews.txt", "x"], "cannot read reviews.txt/settings.json: Not a directory"),
        (["predict", "classifier", "x", "--limit", 3], "unrecognized arguments: --limit 3"),
        (["predict", "classifier", "x", "--seed", 3], "unrecognized arguments: --seed 3"),
        (["predict", "seq2seq", "x", "--limit", 0], "--limit must be a whole number of 1 or more, got 0"),
        (["predict", "seq2seq", "x", "--limit", "few"], "argument --limit: invalid int value: 'few'"),
        (["predict", "seq2seq", "x", "--data", "pairs.txt"], "give the input as TEXT or in a file with --data, not both"),
        (["predict", "seq2seq", "x", "--data", ""], "give the input as TEXT or in a file with --data, not both"),
        (["predict", "seq2seq", "--data", ""], "cannot read"),
        (["predict", "seq2seq", "--data", "nowhere.txt"], "cannot read nowhere.txt: No such file or directory"),
        (["sample", "classifier"], "classifier contains a classifier, which does not write; use predict"),
        (
            ["sample", "seq2seq", "--prompt", "1"],
            "contains a sequence-to-sequence model, which does not write; use predict",
        ),
        (["similar", "classifier", "good"], "classifier contains no vectors.txt"),
        (
            ["train", "seq2seq", "--resume", "--out", "classifier"],
            "classifier contains a run of train classifier, not of tr",
        ),
        (["train", "lm", "--resume", "--out", "seq2seq"], "seq2seq contains a run of train seq2seq, not of train lm"),
        (
            ["train", "classifier", "--out", "classifier"],
            "classifier already contains a run; choose another --out, or cont",
        ),
    ],
)
def test_bad_commands(tables, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tables)
    before = {name: contents(tables / name) for name in ("classifier", "seq2seq")}
    assert command(*arguments) == 2
    assert_one_line(capsys, message)
    assert {name: contents(tables / name) for name in ("classifier", "seq2seq")} == before


@pytest.mark.parametrize("words", [["predict", "nowhere", "--limit", 3, "1"], ["sample", "nowhere", "--length", 3]])
def test_options_of_a_folder_that_is_not_there(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    assert command(*words) == 2
    assert_one_line(capsys, "nowhere contains no run (no settings.json)")


def test_standard_input_that_is_not_text(tables, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("caf\xe9\n".encode("latin-1"))))
    assert command("predict", tables / "classifier") == 2
    assert_one_line(capsys, "standard input is not UTF-8; convert it first")


def test_runs_of_a_kind_that_has_no_answers(tables, tmp_path, capsys):
    text = write_text(tmp_path / "text.txt")
    sizes = ["--hidden", 4, "--batch", 2, "--window", 5, "--epochs", 1]
    assert command("train", "lm", "--data", text, *sizes, "--out", tmp_path / "lm") == 0
    vectors = ["--dim", 4, "--epochs", 1, "--min-count", 1, "--out", tmp_path / "vectors"]
    assert command("train", "word2vec", "--data", text, *vectors) == 0
    capsys.readouterr()
    for arguments, message in [
        (["predict", "lm", "the"], "lm contains a language model; let it continue a text with sample --prompt TEXT"),
        (["predict", "vectors", "the"], "vectors contains word vectors; use similar or analogy"),
        (["evaluate", "vectors", "--data", text], "vectors contains word vectors; use evaluate-vectors"),
        (["sample", "vectors"], "vectors contains word vectors, which do not write; use a run of train lm"),
        (["train", "classifier", "--resume", "--out", "vectors"], "a run of train word2vec, not of train classifier"),
    ]:
        known = [tmp_path / word if word in ("lm", "vectors") else word for word in map(str, arguments)]
        assert command(*known) == 2
        assert_one_line(capsys, message)


def test_other_data_at_resume(classifier_run, seq2seq_run, tmp_path, capsys):
    other = write_pairs(tmp_path / "other.txt", reviews(60, seed=5))
    before = contents(classifier_run)
    data = json.loads(before["settings.json"])["data"][0]
    for options, message in [
        (["--data", other], f"was started with --data {data}, not {other}; leave it out, or choose another --out"),
        (["--valid", other], "was started without --valid; leave it out, or choose another --out"),
        (["--data", other, "--valid", other], "was started with other data; give the same with --data, or choose another"),
    ]:
        assert command("train", "classifier", "--resume", "--epochs", 9, *options, "--out", classifier_run) == 2
        assert_one_line(capsys, message)
    assert command("train", "classifier", "--resume", "--out", classifier_run, "--bidirectional") == 2
    assert_one_line(capsys, "was started without --bidirectional; leave it out")
    assert command("train", "seq2seq", "--resume", "--out", seq2seq_run, "--accumulate", 2) == 2
    assert_one_line(capsys, "was started with --accumulate 1, not 2; leave it out")
    assert contents(classifier_run) == before
