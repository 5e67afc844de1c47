"""Tunes from a file to a new tune by command."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from small_text import assert_one_line, command, contents, make_quick
from small_tunes import train_music, write_tunes

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.music import read_tunes, tune_notes
from scratchnn.tasks import music
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.usefixtures("quick")
QUOTE = "'"  # an octave higher


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tunes(tmp_path_factory.mktemp("tunes") / "tunes.abc")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("music") / "run"
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        assert train_music("--data", data, "--out", folder, "--epochs", 12) == 0
    return folder


def test_it_learns_and_evaluates(run, data, capsys, monkeypatch):
    monkeypatch.setattr(music, "WRITTEN", 5)
    assert command("evaluate", run, "--data", data) == 0
    tunes, bits, real, steady, written, also, copied = capsys.readouterr().out.splitlines()
    assert tunes.startswith("40 tunes, ")
    assert float(bits.split()[0]) < 2.2  # 3.9 before training
    assert real == "all bars as long as the metre says: 100.0% of these tunes"
    assert steady == "and no beat lost when repeats are played: 100.0%"
    assert written.endswith("of 5 tunes that the model writes")
    assert also.startswith("and no beat lost when repeats are played: ")
    assert "share more than 8 bars in a row with a training tune, at most " in copied


def test_a_model_that_writes_no_tune_is_evaluated(run, data, capsys, monkeypatch):
    monkeypatch.setattr(music, "WRITTEN", 2)
    monkeypatch.setattr(music, "draw_tune", lambda *arguments: "A/0")
    assert command("evaluate", run, "--data", data) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("with a training tune, at most 0")


def test_bits_per_character_are_those_of_the_loss(run, data):
    """The same sum by hand: every token after the first ``<eos>``, and the ``<eos>`` at the end."""
    import numpy as np

    trained = load(run)
    (tune,) = read_tunes(generated_tunes(1, seed=9), "one")
    ids = music.encode(tune, trained.parts["vocabulary"], clock=False)
    with trained.model.evaluation():
        logits, _ = trained.model.forward(ids[None, :-1])
    logits = logits[0].astype(float)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    bits = -log_p[np.arange(len(log_p)), ids[1:]].sum() / np.log(2) / (len(tune.text()) + 1)
    found = trained.kind.evaluate(trained.model, [tune], trained.settings, trained.parts)
    assert found["bits per character"] == pytest.approx(bits, rel=1e-5)
    assert found["loss"] == pytest.approx(-log_p[np.arange(len(log_p)), ids[1:]].mean(), rel=1e-5)


def test_sample_writes_a_tune_in_a_key_and_saves_it(run, tmp_path, capsys):
    out = [tmp_path / "tune.abc", tmp_path / "tune.wav"]
    options = ["--key", "G", "--metre", "6/8", "--temperature", 0.5]
    assert command("sample", run, *options, "--prompt", "|:G", "--out", *out) == 0
    printed, written = capsys.readouterr()
    assert written.splitlines() == [f"wrote {path}" for path in out]
    (tune,) = read_tunes(printed, "printed")
    assert (tune.key, tune.metre) == ("G", "6/8")
    assert tune.body.startswith("|:G")
    assert read_tunes(out[0].read_text(), "saved") == [tune]
    assert out[1].read_bytes().startswith(b"RIFF")
    call = [sys.executable, "-m", "scratchnn", "sample", run, *map(str, options), "--prompt", "|:G"]
    assert subprocess.run(call, capture_output=True, text=True, check=True).stdout == printed


def test_key_and_metre_are_drawn_if_they_are_not_given(run):
    trained = load(run)
    tunes = [read_tunes(trained.sample("", seed=seed, temperature=0.7), "tune")[0] for seed in range(8)]
    assert {tune.metre for tune in tunes} <= {"4/4", "6/8"}
    assert len({tune.body for tune in tunes}) > 1
    assert all(tune_notes(tune, repeats=False) for tune in tunes)  # a tune without notes is drawn again


def test_more_keys_are_more_tunes(data, tmp_path, capsys):
    tokens = []
    for keys in (1, 3):
        assert train_music("--data", data, "--out", tmp_path / str(keys), "--epochs", 1, "--keys", keys) == 0
        tokens.append(int(re.search(r"([\d,]+) tokens", capsys.readouterr().out)[1].replace(",", "")))
    one, three = tokens
    assert three == 3 * one
    known = {token for token in load(tmp_path / "3").parts["vocabulary"].tokens if token.startswith("K:")}
    assert {"K:Bb\n", "K:A\n"} <= known  # next to F and to D


def test_an_interrupted_run_ends_with_the_same_bits(data, run, tmp_path):
    other = tmp_path / "run"
    assert train_music("--data", data, "--out", other, "--epochs", 5) == 0
    assert command("train", "music", "--resume", "--out", other, "--epochs", 12) == 0
    assert contents(other)["model.npz"] == contents(run)["model.npz"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--key", "H"], ["no training tune has the key 'H'; choose one of C, D, F, G"]),
        (["--metre", "5/4"], ["no training tune has the metre '5/4'; choose one of 4/4, 6/8"]),
        (["--out", "tune.mp3"], ["tune.mp3: a tune can be saved as .abc, .mid, .wav"]),
        (["--out", "new.abc", "nowhere/tune.wav"], ["nowhere/tune.wav: there is no folder nowhere; make it first"]),
        (["--out", "new.abc", "mine.abc"], ["mine.abc already exists; choose another --out"]),
        (["--out", "a.abc", "a.abc"], ["--out: a.abc and a.abc are the same file; name each file once"]),
        (["--out", "a.abc", "b.abc", "../here/b.abc"], ["--out: b.abc and ../here/b.abc are the same file; name each"]),
        (
            ["--out", "new.abc", "new.wav", "--prompt", f"c{6 * QUOTE}", "--key", "C"],
            ["a note of the tune has the pitch 144"],
        ),
        (["--temperature", "nan"], ["temperature must be 0 or more and finite, got nan"]),
        (["--prompt", "AB/0"], ["--prompt: line 1: the length '/0' cannot be played"]),
        (["--prompt", "AB|\nK:H\n"], ["--prompt: line 2: unknown key 'H'"]),
        (["--prompt", "AB|\n\nAB|"], ["--prompt: line 2 is empty; an empty line ends a tune, so leave it out"]),
        (["--prompt", "  \nAB|"], ["--prompt: line 1 is empty; an empty line ends a tune, so leave it out"]),
        (["--prompt", "X:1\nM:4/4\nK:C\nAB|"], ["--prompt: line 1: 'X:1' is not ABC notation"]),
        (["--prompt", "가"], ["--prompt: line 1: '가' is not ABC notation"]),
    ],
)
def test_samples_that_are_refused(run, tmp_path, monkeypatch, capsys, options, words):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "mine.abc").write_text("mine")
    assert command("sample", run, *options) == 2
    assert_one_line(capsys, *words)
    assert [path.name for path in here.iterdir()] == ["mine.abc"]
    assert (here / "mine.abc").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no tunes here", ["no tune in ABC notation"]),
        ("X:1\nM:4/4\nK:H\nA|\n", ["line 3: unknown key 'H'"]),
        ("X:1\nK:C\nA|\n", ["line 1: this tune has no metre (M:)"]),
        ("X:1\nM:4/4\nK:C\nA|\nand so on\n", ["line 5", "is not ABC notation"]),
        ("X:1\nM:4/4\nK:C\nA|\n", ["one example cannot be split"]),
        ("X:1\nM:4/4\nK:C\nA1/0|\n", ["line 4: the length '1/0' cannot be played"]),
    ],
)
def test_files_that_are_refused(tmp_path, capsys, text, words):
    path = tmp_path / "bad.abc"
    path.write_text(text)
    assert train_music("--data", path, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, *words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "words"), [("musik", ["unknown data set 'musik'"]), ("imdb", ["the data set imdb has no tunes"])]
)
def test_unknown_sets_are_refused(tmp_path, capsys, name, words):
    assert train_music("--data", name, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, *words)
