"""``train parser``: it learns, its answers are trees in CoNLL-U, and bad input is one clear line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import guarded
import numpy as np
import pytest
from small_text import assert_one_line, command, contents, make_quick
from small_trees import write_trees

import scratchnn
from scratchnn.backend import arrays
from scratchnn.datasets.generated import generated_treebank
from scratchnn.metrics import attachment_scores
from scratchnn.optim import Adam
from scratchnn.structured import check_tree, crossing_arcs
from scratchnn.tasks.parser import KIND
from scratchnn.tasks.treebanks import read_trees
from scratchnn.text.conllu import parse_conllu, read_sentences
from scratchnn.training import Trainer

SMALL = ["--hidden", 24, "--layers", 1, "--arc-size", 24, "--label-size", 12, "--embed", 16, "--character-embed", 6]
QUICK = [*SMALL, "--character-hidden", 6, "--dropout", 0.1, "--recurrent-dropout", 0, "--lr", 0.02, "--batch", 150]
LINES = ["the dog sees the cat with the telescope .", "", "the boys near the gate bark ."]


def row(d, head, label, word="w"):
    return f"{d}\t{word}\t_\t_\t_\t_\t{head}\t{label}\t_\t_\n"


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """A folder with ``train.conllu``, ``test.conllu`` and a run, to be read and copied, never changed."""
    folder = tmp_path_factory.mktemp("treebank")
    trees = generated_treebank(400, 1)
    train, test = write_trees(folder / "train.conllu", trees[:300]), write_trees(folder / "test.conllu", trees[300:])
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        options = ["--data", train, "--valid", test, *QUICK, "--epochs", 5, "--out", folder / "run"]
        assert command("train", "parser", *options) == 0
    return folder


def settings_for(path):
    """What ``read`` and ``batches`` need."""
    return {"data": [str(path)], "valid": None, "vectors": None, "spelling": "char", "seed": 3, "min_count": 1}


def figures(output):
    """The figures that ``evaluate`` prints first."""
    return {name: float(value) for name, value in (line.split() for line in output.splitlines()[:3])}


# --- training and evaluation -----------------------------------------------------------------------------------------


def test_it_learns_which_words_belong_together(bank, tmp_path, capsys):
    run = shutil.copytree(bank / "run", tmp_path / "run")
    assert command("evaluate", run, "--data", bank / "test.conllu") == 0
    output = capsys.readouterr().out
    found = figures(output)
    assert list(found) == ["loss", "unlabelled", "labelled"]
    assert 0.95 < found["labelled"] <= found["unlabelled"]
    assert found == pytest.approx(scratchnn.load(run).evaluate(bank / "test.conllu"), abs=5e-5)
    table = {line.split()[0]: line.split()[1:] for line in output.splitlines()[5:-1]}
    assert table["root"][2] == "100"
    assert sum(int(numbers[2].replace(",", "")) for numbers in table.values()) == sum(
        len(words) for words, _, _ in read_trees([str(bank / "test.conllu")], "test")
    )
    assert (run / "attachment.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, output.replace(str(run), "run").splitlines())) <= 80


def test_figures_are_those_of_the_predicted_file(bank, tmp_path):
    """Prediction on plain words, compared with the treebank by the metric."""
    trees = read_trees([str(bank / "test.conllu")], "test")
    trained = scratchnn.load(bank / "run")
    answers = trained.predict([" ".join(words) for words, _, _ in trees])
    found = [one.tree() for one in parse_conllu("\n".join(answers).split("\n"), "answers")]
    scores = attachment_scores(*zip(*found, strict=True), [tree[1] for tree in trees], [tree[2] for tree in trees])
    figures = trained.evaluate(bank / "test.conllu")
    assert {name: figures[name] for name in scores} == scores


def test_the_loss_is_the_mean_over_all_words_however_they_are_batched(bank, monkeypatch):
    trained = scratchnn.load(bank / "run")
    losses = []
    for words in (2000, 40):
        monkeypatch.setattr("scratchnn.tasks.parser.WORDS", words)
        losses.append(trained.evaluate(bank / "test.conllu"))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_words_and_labels_that_training_has_not_seen(bank, tmp_path, capsys):
    """New words are read by their characters; a new label counts as wrong, and the loss leaves it out."""
    words, heads, labels = generated_treebank(400, 1)[300]
    new = ["unheard" if label == "nsubj" else word for word, label in zip(words, labels, strict=True)]
    trained = scratchnn.load(bank / "run")
    before = trained.evaluate(write_trees(tmp_path / "a.conllu", [(new, heads, labels)]))
    after = trained.evaluate(write_trees(tmp_path / "b.conllu", [(new, heads, ["new"] * len(words))]))
    assert after["unlabelled"] == before["unlabelled"] > 0.5
    assert after["labelled"] == 0
    assert 0 < after["loss"] < before["loss"]
    run = shutil.copytree(bank / "run", tmp_path / "run")
    assert command("evaluate", run, "--data", tmp_path / "b.conllu") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{len(words)} of the labels did not occur in training, such as new; they count as wrong" in lines


def test_a_folder_that_does_not_exist_is_refused_before_anything_is_written(bank, tmp_path, capsys):
    out, drawing = tmp_path / "none" / "out.conllu", tmp_path / "tree.svg"
    assert command("predict", bank / "run", "dogs bark", "--svg", drawing, "--out", out) == 2
    assert f"cannot write {out}: there is no folder {out.parent}" in capsys.readouterr().err
    assert not drawing.exists()


def test_only_projective_trees_if_asked(bank, tmp_path):
    trees = [tree for tree in generated_treebank(2000, 2) if crossing_arcs(tree[1])][:40]
    crossing = []
    for projective in (False, True):
        trained = scratchnn.load(bank / "run")
        trained.settings["projective"] = projective
        answers = trained.predict([" ".join(words) for words, _, _ in trees])
        found = [one.tree()[0] for one in parse_conllu("\n".join(answers).split("\n"), "answers")]
        crossing.append(sum(crossing_arcs(heads) is not None for heads in found))
    assert crossing[0] > 20
    assert crossing[1] == 0


@pytest.mark.usefixtures("quick")
def test_vectors_to_start_from(bank, tmp_path, capsys):
    (tmp_path / "vectors.txt").write_text("4 3\ndog 1 2 3\nthe 3 2 1\nunheard 9 9 9\nUpper 1 1 1\n")
    options = ["--data", bank / "test.conllu", *SMALL, "--vectors", tmp_path / "vectors.txt", "--freeze", "--epochs", 1]
    options += ["--embed", 3]
    assert command("train", "parser", *options, "--out", tmp_path / "run") == 0
    assert re.search(r"\b2 of \d+ words have a vector in .*; 1 more from there", " ".join(capsys.readouterr().out.split()))
    trained = scratchnn.load(tmp_path / "run")
    table = trained.model.encoder.embedding.W.data
    assert table[trained.parts["words"].ids["unheard"]].tolist() == [9, 9, 9]
    assert table[trained.parts["words"].ids["dog"]].tolist() == [1, 2, 3]
    assert "Upper" not in trained.parts["words"]


@pytest.mark.usefixtures("quick")
def test_without_files_a_treebank_is_generated(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("scratchnn.tasks.treebanks.SENTENCES", 40)
    assert command("train", "parser", *QUICK, "--epochs", 1, "--out", tmp_path / "run") == 0
    assert "36 sentences (" in capsys.readouterr().out


def test_rare_words_are_replaced_more_often_than_frequent_ones(bank):
    settings = {**settings_for(bank / "train.conllu"), "word_dropout": 5.0, "batch_size": 300}
    data = KIND.read(settings)
    batches = KIND.batches(data.train, settings, data.parts)
    unknown = data.parts["words"].unknown
    kept = [batches.pick(batches.order.positions(0, k))[0] for k in range(len(batches))]
    seen = [batches.batch(0, k)[0] for k in range(len(batches))]
    often, rare = (data.parts["words"].ids[word] for word in ("the", "lanterns"))
    shares = []
    for word in (often, rare):
        where = [left == word for left in kept]
        shares.append(sum((s[w] == unknown).sum() for s, w in zip(seen, where, strict=True)) / sum(w.sum() for w in where))
    assert shares[0] < 0.1 < shares[1]
    np.testing.assert_array_equal(batches.batch(2, 1)[0], KIND.batches(data.train, settings, data.parts).batch(2, 1)[0])


# --- answers ---------------------------------------------------------------------------------------------------------


def test_answers_are_trees_in_conllu(bank, tmp_path, capsys):
    (tmp_path / "lines.txt").write_text("\n".join(LINES) + "\n")
    assert command("predict", bank / "run", "--data", tmp_path / "lines.txt", "--out", tmp_path / "trees.conllu") == 0
    assert "3 lines in" in capsys.readouterr().out
    first, second = read_sentences(tmp_path / "trees.conllu")
    assert [" ".join(one.column("form")) for one in (first, second)] == [LINES[0], LINES[2]]
    assert first.lines[0] == f"# text = {LINES[0]}"
    heads, labels = first.tree()
    assert (heads[2], labels[2]) == (0, "root")
    assert (heads[1], labels[1]) == (3, "nsubj")
    assert command("predict", bank / "run", *LINES) == 0
    assert capsys.readouterr().out == (tmp_path / "trees.conllu").read_text()


def test_the_same_answers_in_a_new_process(bank, capsys):
    assert command("predict", bank / "run", *LINES) == 0
    words = [sys.executable, "-m", "scratchnn", "predict", str(bank / "run"), *LINES]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    assert found.stdout == capsys.readouterr().out
    assert scratchnn.load(bank / "run").predict(LINES[2:]) == scratchnn.load(bank / "run").predict(LINES)[2:]


def test_lines_of_conllu_are_kept(bank):
    given = (
        "# sent_id = 7\n1-2\tthedog\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n"
        + row(1, 9, "wrong", "the").replace("_", "DET", 1)
        + row(2, "_", "_", "dog")
        + "2.1\tbig\t_\t_\t_\t_\t_\t_\t1:x\t_\n"
        + row(3, 3, "_", "sleeps")
    )
    (answer,) = scratchnn.load(bank / "run").predict(given.split("\n"))
    (found,) = parse_conllu(answer.split("\n"), "answer")
    check_tree(found.tree()[0])
    assert found.tree() == ([2, 3, 0], ["det", "nsubj", "root"])
    same = [re.sub(r"\t[^\t]*\t[^\t]*(\t[^\t]*\t[^\t]*)$", r"\1", line) for line in (*found.lines,)]
    assert same == [re.sub(r"\t[^\t]*\t[^\t]*(\t[^\t]*\t[^\t]*)$", r"\1", line) for line in given.split("\n")[:-1]]


def test_trees_are_drawn(bank, tmp_path, capsys):
    assert command("predict", bank / "run", *LINES, "--svg", tmp_path / "trees.svg") == 0
    document = ET.fromstring((tmp_path / "trees.svg").read_text(encoding="utf-8"))
    words = [
        one.text
        for one in document.iter("{http://www.w3.org/2000/svg}text")
        if one.get("font-size") == "16" and one.get("fill")
    ]
    assert words == " ".join(LINES).split()
    assert capsys.readouterr().err == f"wrote {tmp_path / 'trees.svg'}\n"
    assert command("predict", bank / "run", *LINES, "--svg", tmp_path / "trees.svg") == 2
    assert_one_line(capsys, "trees.svg already exists; choose another --svg")
    (tmp_path / "x").mkdir()
    same = tmp_path / "same", tmp_path / "x" / ".." / "same"
    assert command("predict", bank / "run", *LINES, "--svg", same[0], "--out", same[1]) == 2
    assert_one_line(capsys, "--svg and --out are the same file")
    assert not same[0].exists()
    assert command("predict", bank / "run", "", "--svg", tmp_path / "none.svg") == 2
    assert_one_line(capsys, "there is no tree to draw; a sentence needs words")
    assert command("predict", bank / "run", "a", "--svg", "") == 2
    assert_one_line(capsys, "--svg is empty; name a file")


def test_the_same_on_an_array_library_as_strict_as_cupy(bank, monkeypatch):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])
    trained = scratchnn.load(bank / "run")
    expected = trained.evaluate(bank / "test.conllu"), trained.predict(LINES)
    trained.model.to("guarded")
    figures = trained.evaluate(bank / "test.conllu")
    assert figures == pytest.approx(expected[0], rel=1e-5)
    assert trained.predict(LINES) == expected[1]


def test_training_on_it_gives_the_same_losses(bank, monkeypatch):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])
    losses = []
    for name in ("numpy", "guarded"):
        trained = scratchnn.load(bank / "run")
        settings = {**settings_for(bank / "test.conllu"), "word_dropout": 0.25, "batch_size": 200}
        train = KIND.read(settings, trained.parts).train
        model = trained.model.to(name)
        batches = KIND.batches(train, settings, trained.parts)
        trainer = Trainer(model, Adam(model.parameters(), 0.01), batches, max_norm=5, record_every=1, progress=False)
        losses.append([row["loss"] for row in trainer.fit(2).rows])
    assert len(losses[0]) > 6
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


# --- bad input -------------------------------------------------------------------------------------------------------

LONG = " ".join(["word"] * 10_000)
BAD_FILES = {
    "ragged": (row(1, 0, "root") + "2\tw\t_\n", "line 2 has 3 columns between tabs; a CoNLL-U line has ten"),
    "outside": (row(1, 0, "root") + row(2, 3, "x"), "line 2: the head of word 2 is 3, outside 0 .. 2"),
    "digits": (row(1, "9" * 5000, "x"), "line 1: the head of word 1 is 9999999999999999999…, outside 0 .. 1"),
    "digits of an id": (row("9" * 5000, 0, "x"), "line 1 has the id 9999999999999999999…, expected 1"),
    "digits of a range": (row("1-" + "9" * 5000, 0, "x"), "line 1 has the id '1-99999999999999999…'; an id is 3, a range"),
    "blank label": (row(1, 0, " "), "line 1: word 1 has no label (column 8)"),
    "no number": (row(1, "one", "x"), "line 1: word 1 has the head 'one', which is not a number (column 7)"),
    "cycle": (row(1, 2, "x") + row(2, 1, "x") + row(3, 0, "root"), "the sentence at line 1: words 1, 2 form a cycle"),
    "itself": (row(1, 0, "root") + row(2, 2, "x"), "the sentence at line 1: word 2 is its own head"),
    "two roots": (row(1, 0, "root") + row(2, 0, "root"), "words 1 and 2 both have the root as their head"),
    "second": (row(1, 0, "root") + "\n# a\n" + row(1, 0, "root") + row(2, 0, "root"), "the sentence at line 3: words 1"),
    "no head": (row(1, 0, "root") + row(2, "_", "x"), "line 2: word 2 has no head (column 7)"),
    "no label": (row(1, 0, "_"), "line 1: word 1 has no label (column 8)"),
    "no word": (row(1, 0, "root", ""), "line 1 has no word in its second column"),
    "wrong id": (row(2, 0, "root"), "line 1 has the id 2, expected 1"),
    "comments": ("# text = none\n", "no tokens in"),
    "empty": ("", "no tokens in"),
    "too long": (
        "".join(row(d, d - 1, "x") for d in range(1, 10_001)),
        "the sentence at line 1 has 10,000 words; a parser reads at most 2,000",
    ),
}


@pytest.mark.parametrize("what", ["data", "valid", "evaluate"])
@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.usefixtures("quick")
def test_bad_files(bank, tmp_path, capsys, what, name):
    text, message = BAD_FILES[name]
    path = tmp_path / "bad.conllu"
    path.write_text(text)
    if what == "evaluate":
        assert command("evaluate", bank / "run", "--data", path) == 2
    else:
        files = ["--data", path] if what == "data" else ["--data", bank / "test.conllu", "--valid", path]
        assert command("train", "parser", *files, *QUICK, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "bad.conllu", message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nowhere.conllu"], "cannot read nowhere.conllu: No such file or directory"),
        (["--data", "ud:latin"], "ud has no part 'latin'; choose from ud:en_ewt:train, "),
        (["--data", "nsmc"], "'nsmc' has no trees; known sets with trees are ud"),
        (["--data", "conll2003"], "'conll2003' has no trees; known sets with trees are ud"),
        (["--data", "trees"], "'trees' is neither a file nor a known data set; known sets with trees are ud"),
        (["--word-dropout", -1], "--word-dropout must be 0 or more, got -1.0"),
        (["--layers", 0], "--layers must be a whole number of 1 or more, got 0"),
        (["--dropout", 1], "the dropout probability must be 0 or more and below 1, got 1.0"),
        (["--vectors", "v.txt", "--embed", 4], "--vectors v.txt has --embed 2, not 4; leave --embed out"),
        (["--reader", "rnn"], "argument --reader: invalid choice: 'rnn'"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_bad_options(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scratchnn.tasks.treebanks.SENTENCES", 40)
    (tmp_path / "v.txt").write_text("the 1 2\ndog 3 4\n")
    assert command("train", "parser", *options, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["a b", LONG],
            "input: the sentence at line 2 has 10,000 words; a parser reads at most 2,000, since it scores every",
        ),
        (["", row(1, 0, "root").rstrip("\n")[:-2]], "input: line 2 has 9 columns between tabs; a CoNLL-U line has ten"),
        ([row(1, 0, "root").rstrip("\n"), "2\tw"], "input: line 2 has 2 columns between tabs; a CoNLL-U line has ten"),
    ],
)
def test_bad_lines(bank, tmp_path, capsys, lines, message):
    before = contents(bank / "run")
    (tmp_path / "lines.txt").write_text("\n".join(lines))
    assert command("predict", bank / "run", "--data", tmp_path / "lines.txt", "--out", tmp_path / "out.txt") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "out.txt").exists()
    assert contents(bank / "run") == before


def test_nothing_to_parse(bank):
    trained = scratchnn.load(bank / "run")
    assert trained.predict([]) == []
    assert trained.predict(["", "  "]) == ["", ""]
