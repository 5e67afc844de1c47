"""Runs whose files do not belong together: one clear line, never an answer by wrong labels."""

from __future__ import annotations

import json
import shutil

import pytest
from small_tables import PAIRS, reviews, train_task, write_pairs
from small_text import assert_one_line, command, contents

from scratchnn.training.checkpoint import load_arrays, save_arrays

pytestmark = pytest.mark.usefixtures("quick")

NOT_THE_ONE = "is not the one that model.npz was trained with; restore the file that belongs to this run, or train anew"


def edit(path, change):
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def both_refuse(run, data, capsys, *parts):
    for arguments in (["predict", run, "good"], ["evaluate", run, "--data", data]):
        assert command(*arguments) == 2
        assert_one_line(capsys, *parts)


def test_labels_in_another_order(classifier_run, tables, capsys):
    """Each answer would be the opposite of what the model says."""
    edit(classifier_run / "labels.json", lambda document: {**document, "tokens": document["tokens"][::-1]})
    both_refuse(classifier_run, tables / "reviews.txt", capsys, "labels.json", NOT_THE_ONE)


@pytest.mark.parametrize("name", ["labels.json", "vocabulary.json"])
def test_parts_that_are_gone_or_cut_off(classifier_run, tables, capsys, name):
    path = classifier_run / name
    path.write_bytes(path.read_bytes()[:-3])
    both_refuse(classifier_run, tables / "reviews.txt", capsys, f"{name} is damaged")
    path.unlink()
    both_refuse(classifier_run, tables / "reviews.txt", capsys, f"cannot read {path}: No such file or directory")


def test_source_and_target_exchanged(seq2seq_run, tables, capsys):
    source, target = (seq2seq_run / f"{side}_vocabulary.json" for side in ("source", "target"))
    raw = source.read_bytes()
    source.write_bytes(target.read_bytes())
    target.write_bytes(raw)
    both_refuse(seq2seq_run, tables / "pairs.txt", capsys, "source_vocabulary.json", NOT_THE_ONE)


def test_files_of_another_run_of_the_same_sizes(classifier_run, tables, tmp_path, capsys):
    renamed = [(text, {"pos": "yes", "neg": "no"}[label]) for text, label in reviews()]
    data = write_pairs(tmp_path / "renamed.txt", renamed)
    assert train_task("classifier", "--data", data, "--epochs", 1, "--out", tmp_path / "other") == 0
    capsys.readouterr()
    shutil.copy(tmp_path / "other" / "labels.json", classifier_run)
    both_refuse(classifier_run, tables / "reviews.txt", capsys, "labels.json", NOT_THE_ONE)
    shutil.copy(tmp_path / "other" / "model.npz", classifier_run)
    assert command("predict", classifier_run, "good") == 0  # a model and all of its parts again: their vocabularies agree
    assert capsys.readouterr().out.strip() in ("yes", "no")


def test_a_model_of_another_kind(classifier_run, seq2seq_run, tables, capsys):
    shutil.copy(seq2seq_run / "model.npz", classifier_run)
    both_refuse(classifier_run, tables / "reviews.txt", capsys, "cannot read", "source_vocabulary.json: No such file")
    for name in ("source_vocabulary.json", "target_vocabulary.json"):
        shutil.copy(seq2seq_run / name, classifier_run)
    message = "model.npz contains a Seq2Seq, but settings.json says a classifier"
    both_refuse(classifier_run, tables / "reviews.txt", capsys, message)


def test_a_model_that_is_damaged_or_gone(classifier_run, tables, capsys):
    model = classifier_run / "model.npz"
    raw = model.read_bytes()
    for content in (raw[:-50], b"", raw[: len(raw) // 2]):
        model.write_bytes(content)
        both_refuse(classifier_run, tables / "reviews.txt", capsys, "model.npz is damaged or was not written by scratchnn")
    for position in (len(raw) // 3, len(raw) // 2):
        model.write_bytes(raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :])
        both_refuse(classifier_run, tables / "reviews.txt", capsys, "model.npz is damaged")
    model.unlink()
    message = "has no model.npz yet: no epoch has ended; continue it with --resume"
    both_refuse(classifier_run, tables / "reviews.txt", capsys, message)


def test_a_model_without_one_of_its_arrays(classifier_run, tables, capsys):
    arrays, meta = load_arrays(classifier_run / "model.npz")
    meta.pop("arrays")
    del arrays["output.b"]
    save_arrays(classifier_run / "model.npz", arrays, meta)
    both_refuse(classifier_run, tables / "reviews.txt", capsys, "the saved state lacks parameter 'output.b'")


def test_a_checkpoint_of_another_run(classifier_run, seq2seq_run, tmp_path, capsys):
    before = contents(classifier_run)
    shutil.copy(seq2seq_run / "checkpoint.npz", classifier_run)
    assert command("train", "classifier", "--resume", "--epochs", 9, "--out", classifier_run) == 2
    assert_one_line(capsys, "checkpoint.npz was written with kind = 'seq2seq', this run has 'classifier'")
    data = write_pairs(tmp_path / "data.txt", PAIRS)
    assert train_task("seq2seq", "--data", data, "--epochs", 1, "--out", tmp_path / "other") == 0
    capsys.readouterr()
    shutil.copy(tmp_path / "other" / "checkpoint.npz", seq2seq_run)
    assert command("train", "seq2seq", "--resume", "--epochs", 50, "--out", seq2seq_run) == 2
    assert_one_line(capsys, "checkpoint.npz was written with data_digest = ")
    after = contents(classifier_run)
    assert {name for name in before if before[name] != after[name]} == {"checkpoint.npz"}
