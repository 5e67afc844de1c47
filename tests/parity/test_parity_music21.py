"""Tunes whose bars the check accepts, as music21 reads them: the same bars, and the same lengths of notes.

Left out: tunes that change their metre, since music21 divides their bars by the metre before.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from small_text import command, make_quick

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.datasets.music import DATASET, load_music
from scratchnn.music import Tune, bar_fault, read_tunes, tune_notes
from scratchnn.music.bars import bar_lengths
from scratchnn.tasks.trained import load
from scratchnn.tasks.tunes import draw_tune, readable

music21 = pytest.importorskip("music21", reason='music21 is not installed: pip install -e ".[scores]"')
pytestmark = pytest.mark.parity

SAMPLE = 15  # tunes of each kind


def as_music21_reads(tune):
    """The length of each bar that has notes or rests, and of each note, in whole notes."""
    score = music21.converter.parseData(tune.file(), format="abc")
    bars, notes = [], []
    for bar in score.recurse().getElementsByClass(music21.stream.Measure):
        parts = [part for part in bar.notesAndRests if not isinstance(part, music21.harmony.ChordSymbol)]
        lengths = [Fraction(part.quarterLength) / 4 for part in parts]
        bars += [sum(lengths)] * any(lengths)
        sounding = [(part, length) for part, length in zip(parts, lengths, strict=True) if length]  # no grace notes
        notes += [length for part, length in sounding for _ in getattr(part, "pitches", ())]
    return bars, notes


def assert_same(tunes):
    """Of the first tunes that the check accepts."""
    right = [tune for tune in tunes if bar_fault(tune) is None and "M:" not in tune.body][:SAMPLE]
    assert len(right) == SAMPLE
    for tune in right:
        bars, notes = as_music21_reads(tune)
        assert bars == [length for length, _, _ in bar_lengths(tune)], tune.text()
        untied = Tune(tune.metre, tune.unit, tune.key, tune.body.replace("-", ""))
        assert notes == [note.length for note in tune_notes(untied, repeats=False)], tune.text()


def test_generated_tunes():
    assert_same(read_tunes(generated_tunes(SAMPLE, seed=4), "generated"))


def test_tunes_with_everything():
    bodies = ["d>e|(3fgf e2 [Ac]4|A>>Bc6|z4d<eA2|G8|]\n", "{g}A3/2B//c//d2|e/f/g[Ac]2|A-A2B-|B4|\n", "A4|B2(3cde|g4|z4|\n"]
    tunes = [Tune(metre, "1/8", "D", body) for metre, body in zip(("4/4", "2/4", "4/8"), bodies, strict=True)]
    assert_same(tunes * (SAMPLE // len(tunes)))


def test_real_tunes():
    if DATASET.existing("tunes") is None:
        pytest.skip("the data set music is not here; set SCRATCHNN_DATA to its folder")
    assert_same(read_tunes(load_music("test"), "music"))


def test_tunes_that_a_model_has_written(tmp_path):
    (tmp_path / "tunes.abc").write_text(generated_tunes(60, seed=3))
    options = ["--bar-clock", "--hidden", 32, "--embed", 8, "--batch", 8, "--window", 32, "--dropout", 0, "--lr", 0.02]
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        run = ["--data", tmp_path / "tunes.abc", "--out", tmp_path / "run", "--epochs", 12]
        assert command("train", "music", *options, *run) == 0
    trained, rng = load(tmp_path / "run"), np.random.default_rng(0)
    texts = [draw_tune(trained, "", {}, rng, {"temperature": 0.7}) for _ in range(4 * SAMPLE)]
    assert_same([tune for tune in map(readable, texts) if tune is not None])
