"""A trained classifier and tables other than the one of its training: columns, guesses, texts without labels."""

from __future__ import annotations

import pytest
from small_tables import reviews, train_task
from small_text import assert_one_line, command

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def run(tmp_path):
    """A run whose text is in the column ``review`` and whose label is in ``mood``."""
    rows = [f"{text},{label}" for text, label in reviews()]
    (tmp_path / "train.csv").write_text("\n".join(["review,mood", *rows]) + "\n")
    assert train_task("classifier", "--data", tmp_path / "train.csv", "--epochs", 12, "--out", tmp_path / "run") == 0
    return tmp_path / "run"


def test_a_table_to_predict_needs_no_labels(run, tmp_path, capsys):
    (tmp_path / "new.csv").write_text('id,review\n1,"a good\nfilm, really"\n2,awful\n')
    capsys.readouterr()
    assert command("predict", run, "--data", tmp_path / "new.csv") == 0
    assert capsys.readouterr().out == "pos\nneg\n"
    (tmp_path / "new.jsonl").write_text('{"review": "awful"}\n{"review": "good"}\n')
    assert command("predict", run, "--data", tmp_path / "new.jsonl") == 0
    assert capsys.readouterr().out == "neg\npos\n"


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_table_without_the_column_of_the_model(run, tmp_path, capsys, verb):
    (tmp_path / "other.csv").write_text("text,mood\ngood,pos\n")
    capsys.readouterr()
    assert command(verb, run, "--data", tmp_path / "other.csv") == 2
    assert_one_line(
        capsys, "has no column 'review'; its columns are text, mood; the model was trained with 'review'; rename the column"
    )


def test_what_is_guessed_at_evaluation_is_said_aloud(tables, tmp_path, capsys):
    """The model was trained on lines with a tab, so its run names no columns."""
    (tmp_path / "test.csv").write_text("mark,words\npos,a good film\nneg,an awful one\n")
    assert command("evaluate", tables / "classifier", "--data", tmp_path / "test.csv") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "text from the column 'words', label from 'mark'; to change this, rename the columns" in said
    assert command("predict", tables / "classifier", "--data", tmp_path / "test.csv") == 0
    output = capsys.readouterr()
    assert output.out == "pos\nneg\n"
    assert "text from the column 'words'" in " ".join(output.err.split())


def test_scores_are_printed_if_the_figure_cannot_be_saved(classifier_run, tables, capsys):
    (classifier_run / "confusion.png").unlink(missing_ok=True)
    (classifier_run / "confusion.png").mkdir()  # as in a folder that may only be read
    assert command("evaluate", classifier_run, "--data", tables / "reviews.txt") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("accuracy ")
    assert lines[-1].startswith("without the confusion matrix: cannot write ")
