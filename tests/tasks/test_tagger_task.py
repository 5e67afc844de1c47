"""``train tagger``, ``evaluate`` and ``predict``: entities and parts of speech, from files to answers."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from small_tables import train_task, write_columns
from small_text import assert_one_line, command, contents

from scratchnn.datasets.generated import generated_travels
from scratchnn.errors import DataError
from scratchnn.tasks.trained import load, save
from scratchnn.text.schemes import SCHEMES, convert
from scratchnn.word2vec.formats import write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

pytestmark = pytest.mark.usefixtures("quick")
TRAVELS = generated_travels(400, seed=0)
LINES = ["Mira Tovan of Kelburg Motors flew to Kelburg on Monday .", "", "It rained in Dralton ."]
LETTERS = {"a": "VOWEL", "e": "VOWEL", "b": "CONSONANT", "k": "CONSONANT", "!": "MARK"}


def spelled(count, seed):
    """Words whose tag is told by their last letter, most of them seen once."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        ends = rng.choice(list(LETTERS), rng.integers(1, 6))
        found.append((["".join(rng.choice(list("xyzw"), 4)) + end for end in ends], [LETTERS[end] for end in ends]))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of entities and of parts of speech, and a run on each, to be read, never changed."""
    path = tmp_path_factory.mktemp("tagger")
    write_columns(path / "train.txt", TRAVELS[:300])
    write_columns(path / "test.txt", TRAVELS[300:])
    write_columns(path / "letters.txt", spelled(150, 0))
    write_columns(path / "letters_test.txt", spelled(30, 1))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("scratchnn.tasks.procedure.save_figure", lambda *arguments: None)
        valid = ["--valid", path / "test.txt"]
        assert train_task("tagger", "--data", path / "train.txt", *valid, "--out", path / "entities") == 0
        letters = ["--data", path / "letters.txt", "--output", "softmax", "--reader", "conv"]
        assert train_task("tagger", *letters, "--out", path / "letters") == 0
    return path


def lines_of(capsys, *arguments):
    assert command(*arguments) == 0
    return capsys.readouterr().out.split("\n")


# --- what it learns --------------------------------------------------------------------------------------------------


def test_entities_that_training_did_not_have_are_found(folder):
    assert load(folder / "entities").evaluate(folder / "test.txt")["f1"] > 0.97


def test_tags_of_new_words_are_told_by_their_characters(folder):
    figures = load(folder / "letters").evaluate(folder / "letters_test.txt")
    assert figures["accuracy"] > 0.97
    assert "f1" not in figures
    settings = json.loads((folder / "letters" / "settings.json").read_text())
    assert settings["scheme"] is None


def test_without_files_generated_sentences_are_learned(tmp_path, capsys):
    options = ["--limit", 40, "--epochs", 1, "--out", tmp_path / "run"]
    assert train_task("tagger", *options) == 0
    assert "36 sentences (" in (out := capsys.readouterr().out)
    assert "to validate, IOB2, types LOC, ORG, PER" in out.replace("\n  ", " ")
    assert max(map(len, out.splitlines())) <= 80 + len(str(tmp_path))


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_a_second_layer_and_another_cell(tmp_path, folder, output):
    options = ["--layers", 2, "--cell", "gru", "--dropout", 0.1, "--output", output, "--data", folder / "train.txt"]
    assert train_task("tagger", *options, "--valid", folder / "test.txt", "--out", tmp_path / "run") == 0
    trained = load(tmp_path / "run")
    assert (trained.model.crf is None) == (output == "softmax")
    assert trained.evaluate(folder / "test.txt")["f1"] > 0.9


# --- evaluate --------------------------------------------------------------------------------------------------------


def test_report_has_figures_a_table_and_two_pictures(folder, tmp_path, capsys):
    run = shutil.copytree(folder / "entities", tmp_path / "run")
    lines = lines_of(capsys, "evaluate", run, "--data", folder / "test.txt")
    assert [line.split()[0] for line in lines[:5]] == ["loss", "accuracy", "precision", "recall", "f1"]
    assert lines[6].split() == ["precision", "recall", "f1", "entities"]
    assert [line.split()[0] for line in lines[7:11]] == ["LOC", "ORG", "PER", "micro"]
    assert lines[10].split()[1:4] == [line.split()[1] for line in lines[2:5]]
    assert lines[11:13] == [f"confusion of tags in {run}/confusion.png", f"scores of transitions in {run}/transitions.png"]
    for name in ("confusion", "transitions"):
        assert (run / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_report_of_parts_of_speech(folder, tmp_path, capsys):
    run = shutil.copytree(folder / "letters", tmp_path / "run")
    lines = lines_of(capsys, "evaluate", run, "--data", folder / "letters_test.txt")
    assert [line.split()[0] for line in lines[:2]] == ["loss", "accuracy"]
    assert lines[3].split() == ["precision", "recall", "f1", "words"]
    assert {line.split()[0] for line in lines[4:7]} == {"VOWEL", "CONSONANT", "MARK"}
    assert lines[7] == f"confusion of tags in {run}/confusion.png"
    assert not (run / "transitions.png").exists()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_figures_do_not_depend_on_the_scheme_of_the_file(folder, tmp_path, scheme):
    file = write_columns(tmp_path / "data.txt", [(words, convert(tags, scheme)) for words, tags in TRAVELS[300:]])
    trained = load(folder / "entities")
    assert trained.evaluate(file) == trained.evaluate(folder / "test.txt")


def test_a_tag_that_training_did_not_have_counts_as_wrong(folder, tmp_path, capsys):
    words, tags = TRAVELS[300]
    known = write_columns(tmp_path / "known.txt", [TRAVELS[301]])
    file = write_columns(tmp_path / "new.txt", [(words, ["B-ZOO", *tags[1:]]), TRAVELS[301]])
    run = shutil.copytree(folder / "entities", tmp_path / "run")
    lines = lines_of(capsys, "evaluate", run, "--data", file)
    assert "1 of the tags did not occur in training, such as S-ZOO; they count as wrong" in lines
    assert "the loss is that of the sentences without them" in lines
    trained = load(run)
    assert trained.evaluate(file)["loss"] == pytest.approx(trained.evaluate(known)["loss"], rel=1e-5)
    assert trained.evaluate(file)["recall"] < 1
    alone = write_columns(tmp_path / "alone.txt", [(words, ["B-ZOO", *tags[1:]])])
    lines = lines_of(capsys, "evaluate", run, "--data", alone)
    assert not any(line.startswith("loss ") for line in lines)
    assert "no loss is printed: all sentences have some" in lines


# --- predict ---------------------------------------------------------------------------------------------------------


def test_answers_in_three_forms(folder, capsys):
    run = folder / "entities"
    plain = lines_of(capsys, "predict", run, *LINES)
    tags = ["B-PER", "I-PER", "O", "B-ORG", "I-ORG", "O", "O", "B-LOC", "O", "O", "O"]
    assert plain[0].split() == [f"{word}/{tag}" for word, tag in zip(LINES[0].split(), tags, strict=True)]
    assert plain[1:] == ["", "It/O rained/O in/O Dralton/B-LOC ./O", ""]
    columns = lines_of(capsys, "predict", run, *LINES, "--conll")
    assert columns[:13] == [*(f"{word}\t{tag}" for word, tag in zip(LINES[0].split(), tags, strict=True)), "", ""]
    assert columns[13].split() == ["It", "O"]
    first, empty, _ = (json.loads(line) for line in lines_of(capsys, "predict", run, *LINES, "--json")[:3])
    assert (first["words"], first["tags"]) == (LINES[0].split(), tags)
    assert first["entities"][0] == {"type": "PER", "start": 0, "stop": 2, "words": ["Mira", "Tovan"]}
    assert empty == {"words": [], "tags": [], "entities": []}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_answers_have_the_scheme_that_was_asked_for(folder, tmp_path, scheme):
    trained = load(folder / "entities")
    save(tmp_path / "run", trained.model, trained.parts, kind="tagger", scheme=scheme)
    answers, usual = (one.predict(LINES[:1], json=True)[0] for one in (load(tmp_path / "run"), trained))
    assert json.loads(answers)["tags"] == convert(json.loads(usual)["tags"], scheme)
    assert json.loads(answers)["entities"] == json.loads(usual)["entities"]


def test_marks_are_words_of_their_own(tmp_path, folder):
    options = ["--data", folder / "letters.txt", "--tokens", "marks", "--epochs", 1, "--out", tmp_path / "run"]
    assert train_task("tagger", *options) == 0
    answers = load(tmp_path / "run").predict(["Well-known: it isn't (1.5 kg)."], json=True)
    assert json.loads(answers[0])["words"] == ["Well-known", ":", "it", "isn't", "(", "1.5", "kg", ")", "."]


def test_a_new_process_gives_the_same_answers(folder):
    here = load(folder / "entities").predict(LINES)
    words = [sys.executable, "-m", "scratchnn", "predict", str(folder / "entities"), *LINES]
    there = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert there == "".join(f"{line}\n" for line in here)


def test_answers_do_not_depend_on_what_is_read_beside_a_sentence(folder):
    trained = load(folder / "entities")
    lines = [" ".join(words) for words, _ in TRAVELS[300:]]
    together = trained.predict(lines)
    assert together == [trained.predict([line])[0] for line in lines]
    assert together[::-1] == trained.predict(lines[::-1])


def test_a_sentence_of_ten_thousand_words(folder, tmp_path):
    words, tags = (list(itertools.chain(*parts)) for parts in zip(*TRAVELS * 4, strict=True))
    words, tags = words[:9999] + ["."], tags[:9999] + ["O"]
    (answer,) = load(folder / "entities").predict([" ".join(words)])
    assert [one.rpartition("/")[0] for one in answer.split(" ")] == words
    file = write_columns(tmp_path / "long.txt", [(words, tags), *TRAVELS[:20]])
    assert train_task("tagger", "--data", file, "--valid", file, "--epochs", 1, "--out", tmp_path / "run") == 0
    assert load(tmp_path / "run").evaluate(file)["loss"] > 0


# --- from Python, and pretrained vectors -----------------------------------------------------------------------------


def test_saved_from_python_and_loaded(folder, tmp_path):
    trained = load(folder / "entities")
    save(tmp_path / "run", trained.model, trained.parts, kind="tagger")
    assert load(tmp_path / "run").predict(LINES) == trained.predict(LINES)


def test_training_goes_on_from_another_run(folder, tmp_path, capsys):
    options = ["--data", folder / "test.txt", "--from", folder / "entities", "--epochs", 1, "--lr", 1e-9]
    assert train_task("tagger", *options, "--out", tmp_path / "run", "--hidden", 12) == 0
    assert load(tmp_path / "run").predict(LINES) == load(folder / "entities").predict(LINES)
    capsys.readouterr()
    file = write_columns(tmp_path / "zoo.txt", [TRAVELS[0], (["Zoo"], ["B-ZOO"])] * 3)
    options = ["--data", file, "--valid", file, "--from", folder / "entities", "--out", tmp_path / "other"]
    assert train_task("tagger", *options) == 2
    line = len(TRAVELS[0][0]) + 2
    assert_one_line(
        capsys, f"zoo.txt: line {line}: the run to start from does not have the tag S-ZOO; leave the sentence out"
    )
    assert not (tmp_path / "other").exists()


def test_word_vectors_are_the_start_and_bring_words(folder, tmp_path, capsys):
    vectors = KeyedVectors(["zebra", "flew", "Paris"], np.eye(3, 7))
    write_vectors(tmp_path / "vectors.txt", vectors)
    options = [
        "--data",
        folder / "train.txt",
        "--vectors",
        tmp_path / "vectors.txt",
        "--freeze",
        "--epochs",
        1,
        "--embed",
        7,
    ]
    assert train_task("tagger", *options, "--out", tmp_path / "run") == 0
    assert "words have a vector in" in capsys.readouterr().out.replace("\n  ", " ")
    trained = load(tmp_path / "run")
    words, table = trained.parts["words"], trained.model.encoder.embedding.W.data
    assert table.shape[1] == 7
    assert "paris" not in words  # a word is looked up in lower case
    for word in ("zebra", "flew"):
        np.testing.assert_array_equal(table[words.ids[word]], vectors[word])


# --- bad input, a case per kind --------------------------------------------------------------------------------------

GOOD = "Ann\tB-PER\nmet\tO\n\nBo\tB-PER\nLi\tI-PER\n"
BAD = {
    "empty.txt": ("", "no tokens in empty.txt; a line is one token with its columns"),
    "one_column.txt": ("Ann\nmet\n", "one_column.txt has one column; a line is a word and its tag"),
    "ragged.txt": ("Ann\tB-PER\nmet\n", "ragged.txt: line 2 has 1 column, line 1 has 2 columns; a line is one"),
    "mixed.txt": ("Ann\tB-PER\n\nBo\tI-PER\n", "mixed.txt: line 3: an entity begins with I-PER, as in IOB1, but at mixed"),
    "illegal.txt": (
        "Ann\tS-PER\n\nBo\tB-PER\nmet\tO\n",
        "illegal.txt: line 3: O follows B-PER, which IOBES does not",
    ),
    "prefix.txt": ("Ann\tB-PER\nmet\tPER\nx\tO\n", "prefix.txt: line 2: the tag 'PER' is neither O nor B-, I-, E- or S-"),
    "units.txt": ("Ann\tU-PER\nmet\tO\nBo\tU-PER\n", "units.txt: line 1: the tag 'U-PER' is neither O nor B-, I-, E- or"),
    "underlined.txt": ("Ann\tO\nBo\tB_PER\n", "underlined.txt: line 2: the tag 'B_PER' is neither O nor B-, I-, E- or S-"),
    "no_tag.txt": ("Ann\tB-PER\nmet\t_\n", "no_tag.txt: line 2 has no tag in column 2; choose another --column, or"),
    "outside.txt": ("It\tO\nrained\tO\n\nBo\tO\n", "all words have the tag 'O'; a tagger needs at least two; see"),
    "one_tag.txt": ("Ann\tX\nmet\tX\n\nx\tX\n", "all words have the tag 'X'; a tagger needs at least two; see --column"),
    "slashes.txt": (
        "Ann/N met/V\nBo/N\n" + "x/N\n" * 60 + "and\n",
        "slashes.txt: line 63 contains 'and', which is not",
    ),
    "one_slash.txt": (
        "Ann/N met/V Bo\n",
        "one_slash.txt: line 1 contains 'Bo', which is not word/TAG, a word, a slash and a tag",
    ),
    "long.txt": (f"Ann/N met/V {'x' * 9000}\n", "long.txt: line 1 contains 'xxxxxxxxxxxxxxxxxxx…', which is not word/TAG"),
    "digits.conllu": ("9" * 5000 + "\tAnn" + "\t_" * 8 + "\n", "line 1 has the id 9999999999999999999…, expected 1"),
    "columns.conllu": ("1\tAnn\tNOUN\n", "columns.conllu: line 1 has 3 columns between tabs; a CoNLL-U line has ten"),
    "ids.conllu": ("2\tAnn" + "\t_" * 8 + "\n", "ids.conllu: line 1 has the id 2, expected 1"),
    "untagged.conllu": (
        "1\tAnn" + "\t_" * 8 + "\n",
        "untagged.conllu: line 1 has no tag in the column upos; choose",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, monkeypatch, capsys, name):
    content, message = BAD[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(content)
    assert train_task("tagger", "--data", name, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nowhere.txt"], "cannot read nowhere.txt: No such file or directory"),
        (["--data", "conll2002"], "'conll2002' is neither a file nor a known data set; known sets with tags are conll2003"),
        (["--data", "ptb"], "'ptb' has no tags; known sets with tags are conll2003, korean_ner, ud"),
        (
            ["--data", "conll2003:dev"],
            "conll2003 has no part 'dev'; choose from conll2003:train, conll2003:valid",
        ),
        (["--data", "ud"], "ud has no part 'train'; choose from ud:en_ewt:train, ud:en_ewt:valid"),
        (["--data", "ud:de_gsd"], "ud has no part 'de_gsd'; choose from ud:en_ewt:train"),
        (["--data", "good.txt", "--column", "3"], "good.txt has 2 columns; --column must be a number from 2 to 2, got '3'"),
        (["--data", "good.txt", "--column", "upos"], "--column must be a number from 2 to 2, got 'upos'"),
        (["--data", "good.txt", "--column", "9" * 5000], "must be a number from 2 to 2, got '9999999999999999999…'"),
        (["--data", "good.txt", "--column", "²"], "must be a number from 2 to 2, got '²'"),
        (["--data", "slashes.txt", "--column", "2"], "slashes.txt has lines of word/TAG, which have no columns"),
        (
            ["--data", "tree.conllu", "--column", "lemma"],
            "tree.conllu is CoNLL-U; --column must be upos or xpos, got",
        ),
        (
            ["--data", "good.txt", "slashes.txt"],
            "the tags in good.txt mark entities, those in slashes.txt do not",
        ),
        (["--data", "good.txt", "--valid", "slashes.txt"], "only one of --data and --valid slashes.txt has tags that mark"),
        (
            ["--data", "slashes.txt", "--scheme", "IOB2"],
            "--scheme IOB2 needs tags that mark entities; leave it out",
        ),
        (["--data", "good.txt", "--limit", "1"], "--limit must be a whole number of 2 or more, got 1"),
        (["--data", "good.txt", "--dropout", "1"], "the dropout probability must be 0 or more and below 1, got 1.0"),
        (["--data", "good.txt", "--word-dropout", "-1"], "--word-dropout must be 0 or more, got -1.0"),
        (["--data", "good.txt", "--vectors", "nowhere.vec"], "cannot read nowhere.vec: No such file or directory"),
        (["--data", "good.txt", "--vectors", "v.txt"], "--vectors v.txt has --embed 2, not 10; leave --embed out"),
        (["--data", "good.txt", "--output", "tree"], "argument --output: invalid choice: 'tree'"),
    ],
)
def test_bad_options(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.txt").write_text(GOOD)
    (tmp_path / "slashes.txt").write_text("Ann/N met/V\nBo/N\n")
    (tmp_path / "v.txt").write_text("met 1 2\nbo 3 4\n")
    (tmp_path / "tree.conllu").write_text("1\tAnn\t_\tNOUN\t_\t_\t0\t_\t_\t_\n")
    assert train_task("tagger", *options, "--out", "run") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.splitlines()[-1].count("error: ") == 1
    assert not (tmp_path / "run").exists()


def test_a_column_is_chosen_anew_for_other_files(folder, tmp_path, capsys):
    """The column in training counts if the file has it, else the usual one; evaluate and --from may name another."""
    wide = [
        f"{word} {tag} x\n" for words, tags in TRAVELS[300:] for word, tag in zip([*words, ""], [*tags, ""], strict=True)
    ]
    (tmp_path / "wide.txt").write_text("".join(line if line[0] != " " else "\n" for line in wide))
    expected = load(folder / "entities").evaluate(folder / "test.txt")
    options = ["--from", folder / "entities", "--data", tmp_path / "wide.txt", "--epochs", 1, "--lr", 1e-9]
    options += ["--column", 2, "--scheme", "IOBES", "--tokens", "marks", "--out", tmp_path / "run"]
    assert train_task("tagger", *options) == 0
    trained = load(tmp_path / "run")
    for name in (tmp_path / "wide.txt", folder / "test.txt"):
        assert trained.evaluate(name)["f1"] == expected["f1"]
    capsys.readouterr()
    run = shutil.copytree(folder / "entities", tmp_path / "copy")
    assert f"f1 {expected['f1']:.4f}" in lines_of(capsys, "evaluate", run, "--data", tmp_path / "wide.txt", "--column", 2)
    assert command("evaluate", run, "--data", tmp_path / "wide.txt", "--column", 4) == 2
    assert_one_line(capsys, "wide.txt has 3 columns; --column must be a number from 2 to 3, got '4'")


def test_a_file_of_entities_may_have_none(folder, tmp_path):
    words, tags = ["It", "rained", "."], ["O", "O", "O"]
    file = write_columns(tmp_path / "none.txt", [(words, tags)])
    assert load(folder / "entities").evaluate(file)["loss"] > 0
    for data, valid in (([folder / "test.txt"], file), ([file, folder / "test.txt"], folder / "test.txt")):
        options = ["--data", *data, "--valid", valid, "--epochs", 1, "--out", tmp_path / f"run{len(data)}"]
        assert train_task("tagger", *options) == 0
        assert json.loads((tmp_path / f"run{len(data)}" / "settings.json").read_text())["scheme"] == "IOB2"


def test_combining_marks_belong_to_their_words(folder):
    trained = load(folder / "entities")
    trained.settings["tokens"] = "marks"
    answer = json.loads(trained.predict(["हिन्दी, b\u0308 x"], json=True)[0])
    assert answer["words"] == ["हिन्दी", ",", "b\u0308", "x"]


def test_other_kinds_of_tags_than_those_of_the_model(folder, capsys):
    before = contents(folder / "entities")
    assert command("evaluate", folder / "entities", "--data", folder / "letters.txt") == 2
    assert_one_line(capsys, "letters.txt mark no entities, unlike those of the model; see --column")
    assert command("evaluate", folder / "letters", "--data", folder / "train.txt") == 2
    assert_one_line(capsys, "train.txt mark entities, unlike those of the model; see --column")
    conllu = "1\tAnn" + "\t_" * 8
    assert command("predict", folder / "entities", conllu) == 2
    assert_one_line(capsys, "the input is CoNLL-U; a tagger answers plain sentences, one per line")
    assert command("predict", folder / "entities", "a", "--conll", "--json") == 2
    assert_one_line(capsys, "choose one of --conll and --json")
    assert contents(folder / "entities") == before


@pytest.mark.parametrize(("line", "name"), [(None, "NoneType"), (3, "int"), (b"x", "bytes"), (["a"], "list")])
def test_predict_needs_texts(folder, line, name):
    with pytest.raises(DataError, match=f"predict needs a list of texts, got {name} at position 1"):
        load(folder / "entities").predict(["It rained .", line])


def test_predict_needs_a_list(folder):
    with pytest.raises(DataError, match="predict needs a list of texts, got one string"):
        load(folder / "entities").predict("It rained .")
