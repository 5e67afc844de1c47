"""Labelled texts of one's own: every form in which they come, what is guessed, and what is refused in one line."""

from __future__ import annotations

import gzip
import json

import pytest
from small_data import IMDB, PARTS
from small_tables import reviews, train_task, write_pairs
from small_text import assert_one_line, command

from scratchnn.errors import DataError
from scratchnn.tasks.labelled import Columns, read_labelled
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.usefixtures("quick")
ROWS = [("good, really", "pos"), ("bad", "neg"), ('she said "no"\nand left', "neg"), ("", "pos")]


def read(*sources, columns=None, part="train", **options):
    return read_labelled([str(source) for source in sources], columns or Columns(), part, **options)


# --- forms -----------------------------------------------------------------------------------------------------------


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def as_csv(separator=",", end="\n"):
    rows = [separator.join(("id", "review", "sentiment"))]
    rows += [separator.join((str(k), quoted(text), label)) for k, (text, label) in enumerate(ROWS)]
    return end.join(rows) + end


FORMS = {
    "comma.csv": as_csv(),
    "semicolon.csv": as_csv(";"),
    "tab.csv": as_csv("\t").replace("id\treview", '"id"\treview'),
    "windows.csv": as_csv(end="\r\n"),
    "marked.csv": "\ufeff" + as_csv(),
    "upper.CSV": as_csv(),
    "blank_lines.csv": "\n\n" + as_csv() + "\n",
    "excel.csv": "sep=;\n" + as_csv(";"),
    "commas.csv": as_csv(";").replace("review", "review, in full, as it was"),
    "objects.jsonl": "\n".join(json.dumps({"review": text, "sentiment": label}) for text, label in ROWS) + "\n\n",
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_gives_the_same_texts(tmp_path, name, packed):
    path = tmp_path / (name + ".gz" * packed)
    raw = FORMS[name].encode()
    path.write_bytes(gzip.compress(raw) if packed else raw)
    assert read(path) == ROWS


def test_a_folder_of_texts_per_label(tmp_path):
    for label, texts in {"neg": ["bad", "a\nb"], "pos": ["good"]}.items():
        (tmp_path / label).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / label / f"{number}.txt").write_text(text + "\n")
    (tmp_path / "readme.txt").write_text("not a text")
    (tmp_path / ".hidden").mkdir()
    assert read(tmp_path) == [("bad", "neg"), ("a\nb", "neg"), ("good", "pos")]


def test_lines_with_a_tab_have_no_header(tmp_path):
    path = write_pairs(tmp_path / "my.txt", [("text", "label"), ("good", "pos")])
    assert read(path) == [("text", "label"), ("good", "pos")]


def test_a_file_with_tabs_is_a_table_if_its_column_is_named(tmp_path):
    path = tmp_path / "ratings.txt"
    path.write_text('id\tdocument\tlabel\n1\tsay ""\t0\n2\tfine\t1\n')  # as in nsmc, where quotes mean nothing
    assert read(path, columns=Columns("document")) == [('say ""', "0"), ("fine", "1")]


def test_known_sets_by_name_and_by_part(tmp_path, monkeypatch):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(IMDB)
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    monkeypatch.setattr("scratchnn.datasets.imdb.SPLITS", PARTS)
    train, test = read("imdb"), read("imdb", part="test")
    assert {label for _, label in train} == {"neg", "pos"}
    assert read("imdb:test") == test != train == read("imdb:train", part="test")
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "imdb:test", ROWS[:2])
    assert read("imdb:test") == ROWS[:2]  # a file of that name comes first


# --- guesses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "text", "label"),
    [
        ("Sentiment,Review", "Review", "Sentiment"),
        ("label,text", "text", "label"),
        ("a,b", "b", "a"),  # the longer is the text
        ("text,same,b", "text", "b"),  # a column with one value throughout is no label
    ],
)
def test_guesses_are_said_aloud_and_remembered(tmp_path, capsys, header, text, label):
    data = tmp_path / "my.csv"
    names = header.split(",")
    cells = [{**dict.fromkeys(names, "x"), label: mark, text: f"{words} and more"} for words, mark in reviews(40)]
    data.write_text(header + "\n" + "".join(",".join(row[name] for name in names) + "\n" for row in cells))
    assert train_task("classifier", "--data", data, "--out", tmp_path / "run", "--epochs", 1) == 0
    said = f"{data}: text from the column {text!r}, label from {label!r}; to change this, use --text-column and --label-col"
    assert said in " ".join(capsys.readouterr().out.split())  # wrapped
    settings = load(tmp_path / "run").settings
    assert (settings["text_column"], settings["label_column"]) == (text, label)
    assert command("evaluate", tmp_path / "run", "--data", data) == 0


def test_named_columns_are_not_guessed(tmp_path, capsys):
    data = tmp_path / "my.csv"
    data.write_text("text,label,spam\n" + "".join(f"{text} x,{k},{label}\n" for k, (text, label) in enumerate(reviews(40))))
    options = ["--data", data, "--label-column", "spam", "--text-column", "text", "--epochs", 1]
    assert train_task("classifier", *options, "--out", tmp_path / "run") == 0
    assert "text from the column" not in capsys.readouterr().out
    assert load(tmp_path / "run").parts["labels"].tokens == ["neg", "pos"]


# --- bad input -------------------------------------------------------------------------------------------------------

BAD = {
    "empty.csv": ("", "no examples in empty.csv; a table has a header and one row per text"),
    "header.csv": ("text,label\n", "no examples in header.csv"),
    "one_column.csv": ("text\ngood\n", "one_column.csv has one column, text; a text and its label need two, with"),
    "fields.csv": ("text,label\ngood,pos\nbad, very,neg\n", "the row at line 3 has 3 fields, the header has 2; put"),
    "open.csv": ('text,label\n"good,pos\nbad,neg\n', "open.csv: the row at line 2 is damaged (unexpected end of data)"),
    "after.csv": ('text,label\n"good"x,pos\n', "after.csv: the row at line 2 is damaged"),
    "nan_label.csv": ("text,label\ngood,pos\nbad,NaN\n", "line 3 has no label in the column 'label' (NaN); leave out"),
    "no_label.csv": ("text,label\ngood,\n", "line 2 has no label in the column 'label' (empty); leave out such rows"),
    "floats.csv": ("text,score\na,0.25\nb,1.5\nc,2.75\n", "'score' contains 3 different numbers such as 0.25; a classif"),
    "one_class.csv": ("text,label\na,x\nb,x\n", "all training texts have the label 'x'; a classifier needs at least two"),
    "line.jsonl": (
        '{"text": "a", "label": "x"}\n{"text"\n',
        "line.jsonl: line 2 is not JSON (expecting ':' delimiter at column 8); write one JSON object per line",
    ),
    "digits.jsonl": (
        '{"text": "a", "label": ' + "9" * 5000 + "}\n",
        "digits.jsonl: line 1 has a number of too many digits",
    ),
    "deep.jsonl": ("[" * 100_000, "deep.jsonl: line 1 has a number of too many digits, or too many lists in each other"),
    "half.jsonl": (
        '{"text": "a \\ud83d", "label": "x"}\n',
        r"half.jsonl: line 1 contains \ud83d, which is no character of",
    ),
    "half_label.jsonl": ('{"text": "a", "label": "\\udc00"}\n', r"half_label.jsonl: line 1 contains \udc00, which is no"),
    "half_key.jsonl": (
        '{"text": "a", "label": "x", "\\ud83d": 1}\n',
        r"half_key.jsonl: line 1 contains \ud83d, which is no",
    ),
    "nul.jsonl": ('{"text": "a\\u0000", "label": "x"}\n', r"nul.jsonl: line 1 contains \u0000, which is no character of"),
    "words.jsonl": (
        '{"text": ["a", "b"], "label": "x"}\n',
        "the object at line 1 has a list in 'text'; write its text as one",
    ),
    "nested.jsonl": (
        '{"text": "a", "label": [{"b": 1}]}\n',
        "nested.jsonl has one column, text; a text and its label need two",
    ),
    "list.jsonl": ('["a", "x"]\n', "list.jsonl: line 1 is not a JSON object such as"),
    "blank.jsonl": ("\n", "no examples in blank.jsonl"),
    "key.jsonl": (
        '{"text": "a", "label": "x"}\n{"label": "y"}\n',
        "object at line 2 has no text in 'text'; its keys are lab",
    ),
    "object.jsonl": ('{"text": {"a": 1}, "label": "x"}\n{"text": "b", "label": "x"}\n', "at line 1 has no text in 'text'"),
    "null.jsonl": ('{"text": "a", "label": null}\n', "line 1 has no label in the column 'label' (empty)"),
    "array.json": (
        '[{"text": "a", "label": "x"}]',
        ".json files are not read; write one JSON object per line and name the",
    ),
    "sheet.xlsx": ("PK", "sheet.xlsx: .xlsx files are not read; save the sheet as CSV in UTF-8"),
    "names.csv": ("text,text,label\na,b,x\n", "names.csv has 2 columns named 'text'; give each its own name"),
    "short.csv": ("text,label\ngood,pos\nbad\n", "the row at line 3 has 1 field, the header has 2; put fields that"),
    "nul.csv": ("text,label\ngood,pos\nb\0d,neg\n", "line 3 contains a NUL byte, which no text has; save the file again"),
    "numbers.csv": ("text,id\n" + "".join(f"a,{k}\n" for k in range(40)), "'id' contains 40 different numbers such as 0;"),
    "latin.csv": (
        "text,label\ncaf\xe9,pos\n".encode("latin-1"),
        "latin.csv is not UTF-8: byte 0xe9 at offset 14; convert it",
    ),
    "korean.csv": ("text,label\n\uc601\ud654,pos\n".encode("cp949"), "korean.csv is not UTF-8: byte 0xbf at offset 11"),
    "wide.csv": ("text,label\n".encode("utf-16"), "it is UTF-16 text; save it as UTF-8"),
    "cut.csv.gz": (gzip.compress(as_csv().encode())[:40], "cut.csv.gz is not a complete gzip file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(tmp_path, monkeypatch, capsys, name):
    content, message = BAD[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert train_task("classifier", "--data", name, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("imbd", [], "'imbd' is neither a file nor a known data set; known sets with labels are imdb, nsmc"),
        ("ptb", [], "'ptb' has no labels; known sets with labels are imdb, nsmc"),
        ("imdb:dev", [], "imdb has no part 'dev'; choose from imdb:train, imdb:test, imdb:unsup"),
        ("imdb:unsup", [], "imdb:unsup has no labels; use imdb:train or imdb:test"),
        ("nowhere.csv", [], "cannot read nowhere.csv: No such file or directory"),
        ("empty_folder", [], "empty_folder has no sub-folders; a folder of texts has one sub-folder per label"),
        ("no_texts", [], "no examples in no_texts; a folder of texts has one sub-folder per label, one file per text"),
        (
            "good.csv",
            ["--text-column", "body"],
            "good.csv has no column 'body'; its columns are text, label; choose with",
        ),
        (
            "good.csv",
            ["--label-column", "y"],
            "good.csv has no column 'y'; its columns are text, label; choose with",
        ),
        (
            "good.csv",
            ["--text-column", "label", "--label-column", "label"],
            "good.csv: the text and the label are both in the column 'label'; name two columns",
        ),
        ("good.csv", ["--kernels", 0], "--kernels must be whole numbers of 1 or more, got '0'"),
        ("good.csv", ["--reader", "conv", "--pooling", "last"], "pooling 'last' needs recurrent layers; with the reader"),
        ("good.csv", ["--output", "multilabel", "--balance"], "--balance needs one label per text; leave it out with"),
        ("good.csv", ["--vectors", "nowhere.txt"], "cannot read nowhere.txt: No such file or directory"),
        ("good.csv", ["--vectors", "other.txt"], "tokens of the vocabulary has a word vector; use vectors of"),
        ("good.csv", ["--vectors", "good.txt"], "--vectors good.txt has --embed 2, not 5; leave --embed out"),
        ("good.csv", ["--body", "nowhere"], "nowhere contains no run (no settings.json)"),
    ],
)
def test_bad_sources_and_settings(tmp_path, monkeypatch, capsys, source, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scratchnn.datasets.imdb._read", lambda path, splits: {split: ["a"] for split in splits})
    (tmp_path / "aclImdb").mkdir()
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    (tmp_path / "empty_folder").mkdir()
    (tmp_path / "no_texts" / "pos").mkdir(parents=True)
    (tmp_path / "good.csv").write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in reviews()))
    (tmp_path / "other.txt").write_text("mot 1 2\nautre 3 4\n")
    (tmp_path / "good.txt").write_text("good 1 2\nfilm 3 4\n")
    assert train_task("classifier", "--data", source, "--out", "run", *options) == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


def test_a_damaged_archive(tmp_path, monkeypatch, capsys):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(gzip.compress(b"x" * 900))
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    assert train_task("classifier", "--data", "imdb", "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "aclImdb_v1.tar.gz is not a complete .tar.gz archive")


def test_a_document_of_100_000_words_and_an_empty_one(tmp_path, tables, capsys):
    text = "the film was " * 33_333 + "awful"
    data = write_pairs(tmp_path / "long.txt", [(text, "neg"), ("", "pos")])
    assert command("evaluate", tables / "classifier", "--data", data) == 0
    capsys.readouterr()
    assert command("predict", tables / "classifier", "--data", data) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    ids = load(tables / "classifier").kind.examples([str(data)], *parts_of(tables))[0][0]
    vocabulary = load(tables / "classifier").parts["vocabulary"]
    assert len(ids) == 400  # the first 200 words and the last 200
    assert vocabulary.decode(ids[[0, 1, 2, -1]]) == ["the", "film", "was", "awful"]


def test_folders_without_texts_have_nothing_to_evaluate(tmp_path, tables, capsys):
    for label in ("neg", "pos"):
        (tmp_path / "empty" / label).mkdir(parents=True)
    assert command("evaluate", tables / "classifier", "--data", tmp_path / "empty") == 2
    assert_one_line(capsys, "empty; a folder of texts has one sub-folder per label, one file per text")


def parts_of(tables):
    trained = load(tables / "classifier")
    return trained.settings, trained.parts


def test_a_label_is_one_line(tmp_path):
    (tmp_path / "a.csv").write_text('text,label\ngood,"very\n good, yes"\nbad,no\n')
    assert read(tmp_path / "a.csv") == [("good", "very good, yes"), ("bad", "no")]


def test_missing_texts_and_a_few_fractions_are_not_errors(tmp_path):
    (tmp_path / "a.csv").write_text("text,stars\nNaN,0.5\n,1.0\n" + "good,0.5\nbad,1.0\n" * 9)
    assert read(tmp_path / "a.csv")[:2] == [("", "0.5"), ("", "1.0")]


def test_a_text_without_a_label_is_an_error_unless_there_may_be_several(tmp_path):
    (tmp_path / "a.csv").write_text('text,tags\ngood,"a,b"\nbad,\n')
    with pytest.raises(DataError, match="has no label"):
        read(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", empty_labels=True) == [("good", "a,b"), ("bad", "")]
