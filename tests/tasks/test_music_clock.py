"""A model of tunes that reads the clock of the bar, from a file to a new tune by command."""

from __future__ import annotations

import numpy as np
import pytest
from small_text import assert_one_line, command, contents
from small_tunes import train_music, write_tunes

from scratchnn.models.tune_model import TuneModel
from scratchnn.music import bar_fault, read_tunes
from scratchnn.tasks import music, tunes
from scratchnn.tasks.trained import load
from scratchnn.text import END

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tunes(tmp_path_factory.mktemp("tunes") / "tunes.abc")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("music") / "run"
    assert train_music("--data", data, "--bar-clock", "--out", folder, "--epochs", 12) == 0
    return folder


def test_it_learns_and_keeps_the_bars(run, data, capsys, monkeypatch):
    monkeypatch.setattr(music, "WRITTEN", 20)
    assert command("evaluate", run, "--data", data) == 0
    bits, _, _, written = capsys.readouterr().out.splitlines()[1:5]
    assert float(bits.split()[0]) < 2
    assert float(written.split(":")[1].split("%")[0]) > 25, written


def test_the_clock_while_a_tune_is_written_is_that_of_the_whole_tune(run, monkeypatch):
    trained, read = load(run), []
    assert isinstance(trained.model, TuneModel)
    step = trained.model.step

    def spy(rows, state):
        if state is None:
            read.clear()
        read.append(rows[0])
        return step(rows, state)

    monkeypatch.setattr(trained.model, "step", spy)
    text = tunes.draw_tune(trained, "|:A>>B", {"M": "6/8"}, np.random.default_rng(0), {})  # > is not in the vocabulary
    (tune,) = read_tunes(f"X:1\n{text}\n", "drawn")
    rows = np.concatenate(read)
    whole = tunes.encode(tune, trained.parts["vocabulary"], clock=True)
    assert trained.parts["vocabulary"].unknown in rows[:, 0]
    np.testing.assert_array_equal(rows, whole[: len(rows)])
    assert len(rows) >= len(whole) - 1  # the end of the last line may have been added


def test_each_tune_starts_the_clock_anew():
    one, two = read_tunes("X:1\nM:6/8\nK:G\nABc|d\n\nX:2\nM:3/4\nK:G\nABc|d\n", "two")
    vocabulary = music.Vocabulary.build(music.tune_tokens(one) + music.tune_tokens(two))
    joined = np.concatenate([music.encode(tune, vocabulary, clock=True) for tune in (one, two)])
    clocks = tunes.ClockReader().clocks(music.tune_tokens(one) + music.tune_tokens(two))
    np.testing.assert_array_equal(joined[:, 1:], clocks)
    starts = [k for k, token in enumerate(music.tune_tokens(one) + music.tune_tokens(two)) if token == END]
    assert len({tuple(clocks[k]) for k in starts}) == 1


def test_an_interrupted_run_ends_with_the_same_bits(data, run, tmp_path):
    other = tmp_path / "run"
    assert train_music("--data", data, "--bar-clock", "--out", other, "--epochs", 5) == 0
    assert command("train", "music", "--resume", "--out", other, "--epochs", 12) == 0
    assert contents(other)["model.npz"] == contents(run)["model.npz"]


def test_a_sample_is_a_tune(run, capsys):
    assert command("sample", run, "--key", "G", "--metre", "6/8", "--temperature", 0.3) == 0
    (tune,) = read_tunes(capsys.readouterr().out, "printed")
    assert (bar_fault(tune) or "whole bars").endswith("whole bars")  # the tune may be short, but its bars are right


def test_another_run_starts_from_it_with_the_clock_alone(run, data, tmp_path, capsys):
    assert train_music("--data", data, "--from", run, "--out", tmp_path / "next", "--epochs", 1) == 0
    assert isinstance(load(tmp_path / "next").model, TuneModel)
    plain = tmp_path / "plain"
    assert train_music("--data", data, "--out", plain, "--epochs", 1) == 0
    capsys.readouterr()
    assert train_music("--data", data, "--from", plain, "--bar-clock", "--out", tmp_path / "other", "--epochs", 1) == 2
    assert_one_line(capsys, "its model was trained without --bar-clock")
