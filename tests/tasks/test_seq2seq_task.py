"""``seq2seq``: where pairs come from, tokens, answers by beam search, scores and figures."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from small_tables import PAIRS, train_task, write_pairs
from small_text import assert_one_line, command, make_quick

from scratchnn.beam import beam_search
from scratchnn.data import pad_sequences
from scratchnn.datasets.generated import generated_dates, generated_sums, number_words
from scratchnn.decoding import generate
from scratchnn.tasks import answer_scores, pair_sources
from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.usefixtures("quick")

CAPTIONS = [("Ein Hund.", "A dog."), ("Zwei Hunde.", "Two dogs."), ("Eine Katze.", "A cat."), ("Zwei Katzen.", "Two cats.")]
MODEL = ["--hidden", 24, "--embed", 12, "--batch", 4, "--epochs", 60, "--lr", 0.02]


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def answers(run, *options):
    """What predict prints for the sources of ``PAIRS``."""
    words = [sys.executable, "-m", "scratchnn", "predict", str(run), *(source for source, _ in PAIRS), *map(str, options)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def captions(tmp_path_factory):
    """A run on captions, in pieces and in lower case, with attention."""
    folder = tmp_path_factory.mktemp("captions")
    data = write_pairs(folder / "pairs.txt", CAPTIONS)
    options = ["--level", "piece", "--lower", "--vocabulary", 60, "--attention", "general", "--bidirectional"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        assert train_task("seq2seq", "--data", data, "--valid", data, *MODEL, *options, "--out", folder / "run") == 0
    return folder


# --- where pairs come from -------------------------------------------------------------------------------------------


def test_two_aligned_files_are_the_same_pairs(tmp_path, capsys):
    pairs = write_pairs(tmp_path / "pairs.txt", PAIRS)
    sides = [
        write_lines(tmp_path / name, [*side, ""])
        for name, side in zip(("a.de", "a.en"), zip(*PAIRS, strict=True), strict=True)
    ]
    for name, data in (("one", [pairs]), ("two", sides)):
        assert train_task("seq2seq", "--data", *data, "--valid", *data, "--epochs", 1, "--out", tmp_path / name) == 0
    assert (tmp_path / "one" / "model.npz").read_bytes() == (tmp_path / "two" / "model.npz").read_bytes()
    capsys.readouterr()
    for data in ([pairs], sides):
        assert command("evaluate", tmp_path / "one", "--data", *data) == 0
    first, second = np.array_split(capsys.readouterr().out.splitlines(), 2)
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("name", ["sums", "dates", "numbers"])
def test_generated_sets_have_parts(name, monkeypatch):
    makers = {"sums": generated_sums, "dates": generated_dates, "numbers": number_words}
    key = pair_sources.GENERATED[name][1]
    monkeypatch.setitem(pair_sources.GENERATED, name, (lambda: makers[name](1_000, seed=0), key))
    task = find_kind("seq2seq")
    parts = [task.read_parts({"data": [f"generated:{name}{part}"], "valid_data": [], "seed": 0}) for part in ("", ":test")]
    (train, valid), (test, some) = parts
    assert not set(train) & set(valid)
    assert not {*train, *valid} & {*test, *some}
    assert len(train) > 15 * len(valid) > 0
    assert len(some) == len(test + some) // 10  # a part that is named is split by the seed


def test_a_known_set_brings_its_validation_part(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    for name, count in (("train", 6), ("val", 3), ("test_2016_flickr", 2), ("test_2017_flickr", 4)):
        for language in ("en", "de"):
            write_lines(tmp_path / f"{name}.{language}", [f"{language} {name} {k}" for k in range(count)])
    assert train_task("seq2seq", "--data", "multi30k:de-en", "--epochs", 1, "--out", tmp_path / "run") == 0
    assert "6 pairs to learn, 3 to validate" in capsys.readouterr().out
    trained = load(tmp_path / "run")
    for name, count in (("multi30k:de-en", 2), ("multi30k:de-en:2017", 4), ("multi30k:en-de:valid", 3)):
        assert len(trained.kind.examples([name], trained.settings, trained.parts)) == count
    text = trained.kind.read_parts({"data": ["multi30k:de-en"], "valid_data": [], "seed": 0})[0][0]
    assert text == ("de train 0", "en train 0")


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_pieces_in_lower_case_are_learned_and_restored(captions, capsys):
    assert command("predict", captions / "run", *(source.upper() for source, _ in CAPTIONS)) == 0
    assert capsys.readouterr().out == "".join(f"{target.lower()}\n" for _, target in CAPTIONS)
    vocabulary = load(captions / "run").parts["target_vocabulary"]
    assert " a" in vocabulary
    assert len(vocabulary) <= 60


def test_reversed_sources(tmp_path):
    task = find_kind("seq2seq")
    settings = {"level": "char", "reverse": True}
    parts = task.read({**settings, "data": [], "valid_data": [], "seed": 0, "vocabulary_size": None, "lower": False}).parts
    (source, target), *_ = task.encode([("123", "one two")], settings, parts)
    assert parts["source_vocabulary"].decode(source) == ["3", "2", "1"]
    assert "".join(parts["target_vocabulary"].decode(target)) == "one two"


def test_the_largest_vocabulary_is_that_of_each_side(tmp_path, capsys):
    data = write_pairs(tmp_path / "pairs.txt", [("a b a", "x"), ("a c", "y x")])
    options = ["--data", data, "--valid", data, "--level", "word", "--vocabulary", 5, "--epochs", 1]
    assert train_task("seq2seq", *options, "--out", tmp_path / "run") == 0
    parts = load(tmp_path / "run").parts
    assert (parts["source_vocabulary"].tokens[4:], parts["target_vocabulary"].tokens[4:]) == (["a"], ["x"])


# --- answers ---------------------------------------------------------------------------------------------------------


def test_beams_answer_as_the_search_does_and_the_same_in_another_process(tables, capsys):
    run = tables / "seq2seq"
    trained = load(run)
    target = trained.parts["target_vocabulary"]
    sources = [trained.parts["source_vocabulary"].encode(source) for source, _ in PAIRS]
    state = trained.model.start(*pad_sequences(sources))
    avoid = [target.padding, target.unknown, target.begin]
    found = beam_search(trained.model.step, state, target.begin, target.end, beam=4, length_norm=0.5, avoid=avoid)
    printed = answers(run, "--beam", 4, "--n-best", 2, "--length-norm", 0.5)
    expected = [f"{one.score:.4f}\t{''.join(target.decode(one.ids))}" for some in found for one in some[:2]]
    assert printed.splitlines() == expected
    documents = [json.loads(line) for line in answers(run, "--beam", 4, "--json", "--length-norm", 0).splitlines()]
    assert [one["source"] for one in documents] == [source for source, _ in PAIRS]
    assert [one["answers"][0]["text"] for one in documents] == [target for _, target in PAIRS]
    assert all(one["answers"][0]["ended"] and one["answers"][0]["score"] < 0 for one in documents)
    assert command("predict", run, *(source for source, _ in PAIRS), "--beam", 4, "--n-best", 2, "--length-norm", 0.5) == 0
    assert capsys.readouterr().out == printed


def test_greedy_search_and_sampling_use_the_same_steps(captions):
    trained = load(captions / "run")
    model, target = trained.model, trained.parts["target_vocabulary"]
    (source,) = trained.kind.sources(["Zwei Katzen."], trained.settings, trained.parts)

    def drawn(seed, **options):
        state = model.start(source[None], np.array([len(source)]))
        rng = np.random.default_rng(seed)
        return target.decode(generate(model.step, [target.begin], 20, rng, state=state, end=target.end, **options))

    assert ["".join(drawn(0, temperature=0)).strip()] == trained.predict(["Zwei Katzen."]) == ["two cats."]
    assert drawn(1, temperature=3.0) == drawn(1, temperature=3.0)
    assert len({tuple(drawn(seed, temperature=3.0)) for seed in range(5)}) > 1


def test_lines_are_answered_in_their_order_however_they_are_batched(tables, monkeypatch):
    trained = load(tables / "seq2seq")
    lines = [source for source, _ in PAIRS] * 3
    whole = trained.predict(lines, beam=2, length_norm=0.0)
    monkeypatch.setattr("scratchnn.tasks.answers.ROWS", 3)
    assert trained.predict(lines, beam=2, length_norm=0.0) == whole == [target for _, target in PAIRS] * 3


def test_evaluate_prints_scores_by_beam(tables, capsys, monkeypatch):
    run, data = tables / "seq2seq", tables / "pairs.txt"
    assert command("evaluate", run, "--data", data, "--beam", 3, "--length-norm", 0) == 0
    lines = capsys.readouterr().out.splitlines()
    scores = ["BLEU", "chrF"] if importlib.util.find_spec("sacrebleu") else ["BLEU"]  # one line: what to install
    assert [line.split()[0] for line in lines if line] == ["loss", "perplexity", "exact", *scores, "distinct-1"]
    assert lines[2] == "exact match 1.0000"
    assert float(lines[1].split()[1]) == pytest.approx(np.exp(float(lines[0].split()[1])), rel=1e-3)
    assert max(map(len, lines)) <= 80
    pytest.importorskip("sacrebleu")
    assert lines[5].startswith("chrF 100.00 (nrefs:1|case:lc|")


def test_scores_without_sacrebleu_and_by_hand(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    lines = list(answer_scores.score_lines(["a b a b", "a"], ["a b", "c"]))
    assert lines == [
        'BLEU and chrF need sacrebleu: pip install -e ".[scores]"',
        "distinct-1 0.4000, distinct-2 0.6667 (of the words)",
    ]


def test_the_best_epoch_by_loss(tmp_path, capsys):
    data = write_pairs(tmp_path / "pairs.txt", PAIRS)
    options = ["--data", data, "--valid", data, "--epochs", 2, "--best-by", "loss"]
    assert train_task("seq2seq", *options, "--out", tmp_path / "run") == 0
    assert "best validation loss" in capsys.readouterr().out


def test_a_figure_of_attention(captions, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    figure = tmp_path / "map.png"
    options = ["Zwei Hunde.", "Eine Katze.", "--beam", 2, "--attention", figure]
    assert command("predict", captions / "run", *options) == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr() == ("two dogs.\na cat.\n", f"wrote {figure}\n")


@pytest.mark.parametrize("reverse", [False, True])
def test_maps_of_attention_are_in_reading_order(tmp_path, reverse, monkeypatch):
    data = write_pairs(tmp_path / "pairs.txt", [(a[::-1], a) for a in ("abc", "bca", "cab", "acb")])
    options = ["--data", data, "--valid", data, *MODEL, "--attention", "dot", *["--reverse"] * reverse]
    assert train_task("seq2seq", *options, "--out", tmp_path / "run") == 0
    seen = []
    monkeypatch.setattr("scratchnn.tasks.seq2seq.plot_alignments", lambda maps: seen.extend(maps))
    monkeypatch.setattr("scratchnn.tasks.seq2seq.save_figure", lambda figure, path: None)
    trained = load(tmp_path / "run")
    trained.predict(["cba"], attention_figure="x.png")
    (one,) = seen
    assert (list(one.source), list(one.target)) == (list("cba"), [*"abc", "<eos>"])
    np.testing.assert_allclose(one.weights.sum(axis=1), 1, rtol=1e-5)
    ids = trained.parts["source_vocabulary"].encode("abc" if reverse else "cba")[None]
    inputs = np.array([[2, *trained.parts["target_vocabulary"].encode("abc")]])
    weights = trained.model.alignments(ids, np.array([3]), inputs, np.array([4]))[0]
    np.testing.assert_allclose(one.weights, weights[:, ::-1] if reverse else weights)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.en": "one\ntwo\n", "a.de": "eins\nzwei\ndrei\n"}, "a.en has 2 lines, a.de has 3; aligned files have the same"),
        ({"a.en": "one\ntwo\n", "a.de": ""}, "a.en has 2 lines, a.de has 0; aligned files have the same number"),
        ({"a.en": "one\ntwo\n", "a.de": "eins\nzw\tei\n"}, "a.de: line 2 has a tab in it; replace it by a space"),
        ({"a.en": "one\ntw\to\n", "a.de": "eins\nzwei\n"}, "a.en: line 2 has a tab in it; replace it by a space"),
        ({"a.en": "\n\n", "a.de": "\n\n"}, "no examples in a.en"),
        ({"pairs": "one\teins\ntwo\tzwei\tdrei\n"}, "line 2 is not a source and its target with one tab between them"),
        ({"multi30k": None}, "multi30k names no set of pairs; choose from multi30k:en-de, multi30k:en-fr, multi30k:de-en"),
        ({"multi30k:en-de:2019": None}, "multi30k:en-de:2019 names no set of pairs; choose from multi30k:en-de:train"),
        ({"generated:times": None}, "generated:times names no set of pairs; choose from generated:sums, generated:da"),
        ({"tweets": None}, "cannot read tweets: there is no such file, and no such data set; known are addition, chatbot"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["train", "valid", "evaluate"])
def test_bad_data(tables, tmp_path, monkeypatch, capsys, what, files, message):
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        if content is not None:
            (tmp_path / name).write_text(content)
    if what == "evaluate":
        assert command("evaluate", tables / "seq2seq", "--data", *files) == 2
    else:
        data = ["--data", *files] if what == "train" else ["--data", tables / "pairs.txt", "--valid", *files]
        assert train_task("seq2seq", *data, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


LONG = "1" * 300


@pytest.mark.parametrize(
    ("lines", "options", "warning", "status"),
    [
        ([""], [], "", 0),  # an empty source
        (["1", LONG], [], "1 of 2 lines, the first of them line 2, have more tokens than all sources in training (2)", 0),
        (["가7", "3"], [], "1 of 2 lines, the first of them line 1, have tokens that do not occur in training", 0),
        (["3"], ["--beam", 500], "", 0),  # wider than the vocabulary
        (["3", "7"], ["--limit", 1], "", 0),  # no answer ends by then
        (["3"], ["--n-best", 2], "--n-best 2 needs a --beam of 2 or more", 2),
        (["3"], ["--beam", 0], "--beam must be a whole number of 1 or more, got 0", 2),
        (["3"], ["--length-norm", 5000], "--length-norm must be between 0 and 10, got 5000.0", 2),
        (["3"], ["--attention", "map.png"], "has a model without attention; train one with --attention dot", 2),
    ],
)
def test_unusual_lines_and_options(tables, tmp_path, monkeypatch, capsys, lines, options, warning, status):
    monkeypatch.chdir(tmp_path)
    assert command("predict", tables / "seq2seq", *lines, *options) == status
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == (0 if status else len(lines))
    assert printed.err.count("\n") == (warning != "")
    assert warning in printed.err
    assert not list(tmp_path.iterdir())


def test_a_model_that_never_ends_writes_up_to_the_limit(tables, capsys):
    trained = load(tables / "seq2seq")
    end = trained.parts["target_vocabulary"].end
    trained.model.output.b.data[end] = -1e9
    for beam in (1, 3):
        (answer,) = trained.predict(["3"], limit=40, beam=beam)
        assert len(answer) == 40
        assert json.loads(trained.predict(["3"], limit=40, beam=beam, json=True)[0])["answers"][0]["ended"] is False


def test_an_empty_side_is_learned_with_every_attention(tmp_path, capsys):
    pairs = [("", "nothing"), ("a", ""), ("ab", "x"), ("ba", "y")]
    data = write_pairs(tmp_path / "pairs.txt", pairs)
    for attention in ("none", "dot", "additive"):
        out = tmp_path / attention
        options = ["--data", data, "--valid", data, *MODEL, "--batch", 1, "--epochs", 30, "--attention", attention]
        assert train_task("seq2seq", *options, "--out", out) == 0
        capsys.readouterr()
        assert command("predict", out, *(source for source, _ in pairs)) == 0
        assert capsys.readouterr().out == "".join(f"{target}\n" for _, target in pairs)
