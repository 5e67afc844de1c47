"""Notes of tunes: lengths, pitches, repeats, bars, other keys, files, copies."""

from __future__ import annotations

import io
import wave
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.errors import DataError
from scratchnn.music import Tune, bar_fault, beat_fault, longest_copy, read_tunes, runs, transpose, tune_notes
from scratchnn.music.files import RATE, pluck, save_tune, seconds, sound, wav

F = Fraction


def tune(body, metre="4/4", unit="1/8", key="C"):
    return Tune(metre, unit, key, body)


def lengths(body, **options):
    return [note.length for note in tune_notes(tune(body, **options))]


def pitches(body, **options):
    return [note.pitch for note in tune_notes(tune(body, **options))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A", [F(1, 8)]),
        ("A2A3/2A/2A/A//A3/", [F(2, 8), F(3, 16), F(1, 16), F(1, 16), F(1, 32), F(3, 16)]),
        ("(3ABc d", [F(1, 12)] * 3 + [F(1, 8)]),
        ("(2AB c", [F(3, 16)] * 2 + [F(1, 8)]),
        ("(5ABcde", [F(1, 20)] * 5),  # five in the time of two
        ("[M:6/8](5ABcde", [F(3, 40)] * 5),  # or of three, in compound time
        ("[M:3/4](7ABcdefg", [F(1, 28)] * 7),
        ("[M:12/8](9ABcdefgab", [F(1, 24)] * 9),
        ("(3:2:2AB c", [F(1, 12)] * 2 + [F(1, 8)]),
        ("A>B c<d", [F(3, 16), F(1, 16), F(1, 16), F(3, 16)]),
        ("A>>B c<<d", [F(7, 32), F(1, 32), F(1, 32), F(7, 32)]),
        ("A>>>B", [F(15, 64), F(1, 64)]),
        ("A2>B2", [F(3, 8), F(1, 8)]),
        ("A>|B", [F(3, 16), F(1, 16)]),  # across a bar line
        ("(3A>Bc", [F(1, 8), F(1, 24), F(1, 12)]),
        ("A2-A B", [F(3, 8), F(1, 8)]),
        ("A2-|A B", [F(3, 8), F(1, 8)]),
        ("{g}A", [F(1, 8)]),
        ("[A2c]2B", [F(4, 8)] * 2 + [F(1, 8)]),
        ("[A-c-]2|[Ac]B", [F(3, 8)] * 2 + [F(1, 8)]),
        ("[~Ac3]B", [F(1, 8)] * 3),
        ("A[L:1/4]A", [F(1, 8), F(1, 4)]),
        ("z2A", [F(1, 8)]),
        ("{gf2}A", [F(1, 8)]),
    ],
)
def test_lengths(body, expected):
    assert lengths(body) == expected


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        ("CDEFGABc", {}, [60, 62, 64, 65, 67, 69, 71, 72]),
        ("C,c'c", {}, [48, 84, 72]),
        ("FcBb", {"key": "D"}, [66, 73, 71, 83]),
        ("Bb_b=b", {"key": "F"}, [70, 82, 82, 83]),
        ("^FFf|F", {}, [66, 66, 77, 65]),  # until the end of the bar, in its octave alone
        ("^^F__B", {}, [67, 69]),
        ("F[K:G]F", {}, [65, 66]),
        ("[CEG]", {}, [60, 64, 67]),
    ],
)
def test_pitches(body, options, expected):
    assert pitches(body, **options) == expected


@pytest.mark.parametrize(
    ("body", "played"),
    [
        ("A|B|", "AB"),
        ("|:A:|B|", "AAB"),
        ("A:|B|", "AAB"),
        ("|:A:|:B:|", "AABB"),
        ("|:A::B:|", "AABB"),
        ("|:A[1B:|2C||D|", "ABACD"),
        ("|:A|1B:|[2C:|D|", "ABACD"),
        ("|:A[1B:|2C|:D:|", "ABACDD"),
        ("A||B:|", "ABB"),
        ("|:A[1B", "AB"),
        ("|:A[1B:|[2C:|[3D||E|", "ABACADE"),
        ("|:A|1B:|2C:|3D||E|", "ABACADE"),
        ("|:A[1B:|C|", "ABAC"),
        ("|:A[1B:|C|:D[1E:|[2F||", "ABACDEDF"),
    ],
)
def test_repeats(body, played):
    """One letter per note, since all are in one octave."""
    assert pitches(body) == pitches("".join(played))
    assert [note.pitch for note in tune_notes(tune(body), repeats=False)] == pitches(
        "".join(c for c in body if c.isalpha())
    )


def test_starts():
    notes = tune_notes(tune("A2zB[ce]"))
    assert [(note.start, note.pitch) for note in notes] == [(0, 69), (F(3, 8), 71), (F(4, 8), 72), (F(4, 8), 76)]
    assert [note.start for note in tune_notes(tune("Z|A", metre="3/4"))] == [F(3, 4)]  # Z is a bar of silence


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("ABcdABcd|A8|B8|c8|", None),
        ("d|A8|B8|c8|A7|", None),  # an upbeat, and the last bar without it
        ("A8|B7|c8|d8|", "bar 2 of 4 has the length 7/8, the metre is 1"),
        ("A8|B9|c8|d8|", "bar 2 of 4 has the length 9/8, the metre is 1"),
        ("A9|B8|c8|d8|", "bar 1 of 4 has the length 9/8, the metre is 1"),
        ("|:A8|B8|c8|d7:|e|f8|g8|a8|", None),
        ("A8|B8|c8|d9", "bar 4 of 4 has the length 9/8, the metre is 1"),
        ("A8|B8|\nM:3/4\nA6|B6|c6|\n", None),
        ("A8|", "only 0 whole bars"),
        ("[K:X]A8|", "unknown key 'X'"),
    ],
)
def test_bars(body, fault):
    found = bar_fault(tune(body))
    assert found is None if fault is None else fault in found


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("ABcdABcd|A8|B8|c8|", None),
        ("d|A8|B8|c8|A7|", None),  # an upbeat, and the last bar without it
        ("d|A8|B8|c8|A7:|", None),
        ("|:d|A8|B7:|e|f8|g7:|", None),  # each part with an upbeat
        ("|:A8|B8:|c8|d8:|", None),
        ("|:d|A8|[1B7:|[2c8|]", None),
        ("d|A8|B8:|", "bar 4 as it is played has the length 1/8, the metre is 1"),  # the upbeat is played again
        ("|:A8|B7:|", "bar 2 as it is played has the length 15/8, the metre is 1"),  # nothing completes it
        ("|:A8|B8:|c|d7|e8|", "bar 5 as it is played has the length 1/8, the metre is 1"),
        ("A8|B7|c8|d8|", "bar 2 as it is played has the length 7/8, the metre is 1"),
        ("A8|B9|c8|", "bar 2 as it is played has the length 9/8, the metre is 1"),
        ("A8|B8|c9", "the last bar has the length 9/8, the metre is 1"),
        ("A8|\nM:3/4\nB6|c6|\n", None),
        ("[K:X]A8|", "unknown key 'X'"),
    ],
)
def test_the_beat(body, fault):
    found = beat_fault(tune(body))
    assert found is None if fault is None else fault in found


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(-5, 5))
def test_another_key_moves_all_notes_alike_and_back(seed, by):
    (original,) = read_tunes(generated_tunes(1, seed), "generated")
    moved = transpose(original, by)
    distances = {a.pitch - b.pitch for a, b in zip(tune_notes(moved), tune_notes(original), strict=True)}
    assert len(distances) == 1
    assert distances.pop() % 12 == 7 * by % 12  # fifths
    assert transpose(moved, -by) == original
    assert bar_fault(moved) is None


def test_another_key_by_hand():
    moved = transpose(Tune("4/4", "1/8", "G", '"G"GAB^c|"D7"=f2"F#m"_e[K:D]c\n'), -1)
    assert moved == Tune("4/4", "1/8", "C", '"C"cde^f|"G7"_b2"Bm"_a[K:G]f\n')
    with pytest.raises(DataError, match="no more than 7"):
        transpose(tune("A", key="B"), 3)


def test_copies_are_counted_in_bars_and_in_any_key():
    known = runs([tune("ABcd|efga|gfed|cBAG|\n")])
    assert longest_copy(tune("ABcd|efga|gfed|cBAG|\n"), known) == 4
    assert longest_copy(transpose(tune('"C"ABcd|efga|\n'), 2), known) == 2
    assert longest_copy(tune("efga|ABcd|gfed|\n"), known) == 1
    assert longest_copy(tune("a8|b8|\n"), known) == 0


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_saved_tune_is_read_back(tmp_path):
    original = tune("|:ABcd|e4 f4|gfed|c8:|\n")
    path = tmp_path / "tune.abc"
    save_tune([str(path)], original)
    assert read_tunes(path.read_text(), "tune.abc") == [original]


def test_sound_has_the_pitch_and_the_length():
    notes = tune_notes(tune("A8|A8|", unit="1/4"))
    with wave.open(io.BytesIO(wav(notes))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        assert file.getframerate() == RATE
    assert len(samples) == pytest.approx(RATE * (seconds(4) + 0.5), abs=2)
    spectrum = np.abs(np.fft.rfft(samples[:RATE].astype(float)))
    assert np.argmax(spectrum) % 440 == pytest.approx(0, abs=8) or np.argmax(spectrum) % 440 > 432  # A or an overtone
    assert np.abs(sound(notes)).max() == pytest.approx(0.9)
    assert not sound([]).any()


@pytest.mark.parametrize("pitch", [48, 60, 69, 81, 86])  # higher strings fade too fast to measure
def test_a_string_is_in_tune(pitch):
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    count = 2**19  # of the spectrum, padded with zeros
    spectrum = np.abs(np.fft.rfft(pluck(frequency, RATE, pitch) * np.hanning(RATE), count))
    places = np.arange(int(0.9 * frequency * count / RATE), int(1.1 * frequency * count / RATE))
    found = places[spectrum[places].argmax()] * RATE / count
    assert abs(1200 * np.log2(found / frequency)) < 5  # cents; 5 cannot be heard


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("tune.mp3", "A", r"a tune can be saved as \.abc, \.mid, \.wav"),
        ("tune", "A", r"a tune can be saved as \.abc, \.mid, \.wav"),
        ("nowhere/tune.wav", "A", r"nowhere/tune\.wav: there is no folder .*nowhere; make it first"),
        ("one.abc", "A", r"one\.abc already exists; choose another --out"),
        *((f"tune.{ending}", "c" + "'" * 6, "a note of the tune has the pitch 144; MIDI and sound have 0 to 127")
          for ending in ("mid", "wav")),
        ("tune.wav", "C" + "," * 2000, "a note of the tune has the pitch -23940"),
        *((f"tune.{ending}", "A999|" * 4, "the tune lasts more than 999 seconds; MIDI and sound are written up to 900")
          for ending in ("mid", "wav")),
    ],
)  # fmt: skip
def test_files_that_are_refused(name, body, message, tmp_path):
    (tmp_path / "one.abc").write_text("mine")
    with pytest.raises(DataError, match=message):
        save_tune([str(tmp_path / "new.abc"), str(tmp_path / name)], tune(body))
    assert [path.name for path in tmp_path.iterdir()] == ["one.abc"]
    assert (tmp_path / "one.abc").read_text() == "mine"


@pytest.mark.parametrize(("metre", "known"), [("7/8", True), ("255/8", True), ("300/8", False), ("4/6", False)])
def test_midi_has_the_metre_if_it_can(metre, known, tmp_path):
    mido = pytest.importorskip("mido", reason="needs the extra music")
    path = tmp_path / "tune.mid"
    save_tune([str(path)], tune("A", metre=metre))
    signs = [f"{one.numerator}/{one.denominator}" for one in mido.MidiFile(str(path)) if one.type == "time_signature"]
    assert signs == [metre] * known


def test_midi_without_mido_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "mido", None)
    with pytest.raises(DataError, match=r'pip install -e "\.\[music\]"'):
        save_tune([str(tmp_path / "tune.mid")], tune("A"))
    assert not list(tmp_path.iterdir())
