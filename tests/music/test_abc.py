"""ABC notation: tokens, headers, keys, and what is refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.errors import DataError
from scratchnn.music import Tune, bar_fault, read_tunes, split_tokens
from scratchnn.music.abc import sharps, token_kind

TUNE = "X:1\nT:A jig\nM:6/8\nK:G\n|:B2d dBd|e2f g3:|\n"


def only(text):
    (tune,) = read_tunes(text, "tunes.abc")
    return tune


def test_a_tune():
    assert only(TUNE) == Tune("6/8", "1/8", "G", "|:B2d dBd|e2f g3:|\n")
    assert only(only(TUNE).file()) == only(TUNE)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("M:6/8\nK:Em\n", ["M:6/8\n", "K:Em\n"]),
        ("^c'3/2_B,,/ =f//", ["^c'", "3/2", "_B,,", "/", " ", "=f", "//"]),
        ('|:"Em"e2|[1 g:|2 a||', ["|:", '"Em"', "e", "2", "|", "[1", " ", "g", ":|2", " ", "a", "||"]),
        ("(3def [ceg]2 z4", ["(3", "d", "e", "f", " ", "[", "c", "e", "g", "]", "2", " ", "z", "4"]),
        ("A>B{c}d-d[K:D]", ["A", ">", "B", "{", "c", "}", "d", "-", "d", "[K:D]"]),
        ("A|]::B", ["A", "|]::", "B"]),
        ("A>>B<c", ["A", ">>", "B", "<", "c"]),
        ("(3:2:2AB[3c", ["(3:2:2", "A", "B", "[3", "c"]),
    ],
)
def test_tokens(text, tokens):
    assert split_tokens(text) == tokens
    assert "".join(tokens) == text


@settings(deadline=None)
@given(st.lists(st.sampled_from(["A", "^c'", "2", "/", "|", ":|", "|:", '"G"', " ", "(3", "z", "\n", "-", "[1", "~"])))
def test_tokens_join_to_the_text(tokens):
    assert "".join(split_tokens("".join(tokens))) == "".join(tokens)


@pytest.mark.parametrize(
    ("key", "count"),
    [("C", 0), ("G", 1), ("F", -1), ("Bb", -2), ("F#", 6), ("Am", 0), ("Em", 1), ("Dm", -1), ("Gmin", -2), ("F#m", 3)]
    + [("Ddor", 0), ("D dorian", 0), ("Amix", 2), ("Gmixolydian", 0), ("Flyd", 0), ("C#", 7), ("Cb", -7)],
)
def test_keys(key, count):
    assert sharps(key) == count


def test_kinds():
    assert [token_kind(token) for token in ("M:6/8\n", "^c'", "3/2", "|:", '"G"', "(3")] == [
        "field", "note", "length", "bar", "chord", "tuplet",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M:C\nK:C\nA\n", ("4/4", "1/8")),
        ("M:C|\nK:C\nA\n", ("2/2", "1/8")),
        ("M:2/4\nK:C\nA\n", ("2/4", "1/16")),
        ("M:2/4\nL:1/4\nK:C\nA\n", ("2/4", "1/4")),
    ],
)
def test_metre_and_default_unit(text, expected):
    tune = only("X:1\n" + text)
    assert (tune.metre, tune.unit) == expected


def test_lines_that_are_not_music_are_left_out():
    text = (
        "A book of tunes\n\nX:1\nT:One\nM:4/4\nK:C\nP:A\nABcd|\\\nefga|% a comment\nW:words\nK:G\nG4|\n\nfree text\n\n"
        + TUNE
    )
    one, two = read_tunes(text, "tunes.abc")
    assert one.body == "ABcd|efga|\nK:G\nG4|\n"
    assert two == only(TUNE)


def test_chords_of_old_files():
    assert only("X:1\nM:4/4\nK:C\n+ceg+4|\n").body == "[ceg]4|\n"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("G clef=treble", "G"),
        ("Dm bass", "Dm"),
        ("D dorian clef=alto middle=c", "D dorian"),
        ("F treble1 stafflines=5", "F"),
    ],
)
def test_a_clef_is_left_out(value, key):
    one = only(f"X:1\nM:4/4\nK:{value}\nA|[K:{value}]B|\nK:{value}\nc|\n")
    assert (one.key, one.body) == (key, f"A|[K:{key}]B|\nK:{key}\nc|\n")


def test_fields_inside_a_line():
    text = "X:1\nM:4/4\nK:C\n[P:A]\n[M:C|]AB[N:a note]cd|[K: Em ][L:1/4]e[r:x]f|\n"
    assert only(text).body == "[M:2/2]ABcd|[K:Em][L:1/4]ef|\n"


def test_a_line_that_begins_like_a_field_is_music():
    assert only("X:1\nM:4/4\nK:C\n|:ABcd\ne:|\n").body == "|:ABcd\ne:|\n"


BAD = {
    "no tune": ("once upon a time", "tunes.abc: no tune in ABC notation; a tune begins with a line X:1"),
    "empty": ("", "no tune in ABC notation"),
    "unknown key": ("X:1\nM:4/4\nK:H\nABcd|\n", "tunes.abc: line 3: unknown key 'H'; a key is a letter A to G"),
    "unknown mode": ("X:1\nM:4/4\nK:Gfoo\nABcd|\n", "tunes.abc: line 3: unknown key 'Gfoo'"),
    "too many sharps": ("X:1\nM:4/4\nK:G#\nABcd|\n", "line 3: the key 'G#' needs 8 sharps or flats"),
    "no metre": ("X:1\nK:C\nABcd|\n", "tunes.abc: line 1: this tune has no metre (M:)"),
    "no key": ("X:1\nM:4/4\n", "line 1: this tune has no key (K:)"),
    "bad metre": ("X:1\nM:0/4\nK:C\nA|\n", "line 2: the metre '0/4' is not a fraction such as 6/8"),
    "bad unit": ("X:1\nM:4/4\nL:8\nK:C\nA|\n", "line 3: the unit '8' is not a fraction"),
    "no music": ("X:1\nM:4/4\nK:C\n", "line 1: this tune has no music"),
    "music in the header": ("X:1\nABcd|\nM:4/4\nK:C\nA|\n", "line 2: music before the key"),
    "text in between": ("X:1\nM:4/4\nK:C\nABcd|\nand then\nABcd|\n", "tunes.abc: line 5: 'nd then' is not ABC notation"),
    "odd characters": ("X:1\nM:4/4\nK:C\nABcd|\n가나다|\n", "tunes.abc: line 5: '가나다|' is not ABC notation"),
    "digits of another script": ("X:1\nM:٤/٤\nK:C\nA|\n", "line 2: the metre '٤/٤' is not a fraction such as 6/8"),
    "huge metre": (f"X:1\nM:{'9' * 5000}/4\nK:C\nA|\n", "line 2: the metre '999999999999' is not a fraction"),
    "metre inside": ("X:1\nM:4/4\nK:C\nA|\n[M:0/4]A|\n", "line 5: the metre '0/4' is not a fraction such as 6/8"),
    "key inside": ("X:1\nM:4/4\nK:C\n[K:H]A|\n", "line 4: unknown key 'H'"),
    "key with its own accidentals": (
        "X:1\nM:4/4\nK:D ^g\nA|\n",
        "line 3: the key 'D ^g' has '^g'; leave it out, and write",
    ),
    "key of accidentals alone": ("X:1\nM:4/4\nK:D exp _b\nA|\n", "line 3: the key 'D exp _b' has '_b'; leave it out"),
    "key in another octave": ("X:1\nM:4/4\nK:D octave=-1\nA|\n", "line 3: the key 'D octave=-1' has 'octave=-1'; leave it"),
    "key with a word": ("X:1\nM:4/4\nK:D dorian please\nA|\n", "line 3: unknown key 'D dorian please'"),
    "clef alone": ("X:1\nM:4/4\nK:treble\nA|\n", "line 3: unknown key ''"),
    "free metre": ("X:1\nM:none\nK:C\nA|\n", "line 2: the metre 'none' has no bars; give one such as 4/4"),
    **{
        f"tuplet {text}": (f"X:1\nM:4/4\nK:C\n{text}ABc|\n", f"line 4: {text!r} is no tuplet; it begins with the number")
        for text in ("(0", "(1", "(3:0:2", "(1:1:2")
    },
    **{
        f"broken {text}": (f"X:1\nM:4/4\nK:C\n{text}|\n", "is no broken rhythm; one to three of > or < come after a note")
        for text in (">A", "A|>B", "A>>>>B", "A><B", "A<>B", "A[K:D]>B")
    },
    "unit inside": ("X:1\nM:4/4\nK:C\n[L:1/0]A|\n", "line 4: the unit '1/0' is not a fraction"),
    **{
        f"length {text[:5]}": (f"X:1\nM:4/4\nK:C\nAB{text}|\n", f"line 4: the length {text[:12]!r} cannot be played")
        for text in ("/0", "1/0", "3/000", "1000", "1/1000", "9" * 5000, "/" + "9" * 5000, "/" * 20_000)
    },
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    text, message = BAD[name]
    with pytest.raises(DataError) as error:
        read_tunes(text, "tunes.abc")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@settings(deadline=None)
@given(st.text(alphabet="XMLKT:01/8|ABCabc^_=',[]()\"\n %\\>-3z", max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text):
    tunes, message = [], ""
    try:
        tunes = read_tunes(text, "odd")
    except DataError as error:
        message = str(error)
    assert bool(tunes) != bool(message)
    assert "\n" not in message
    for tune in tunes:
        assert only(tune.file()) == tune
        assert "\n" not in (bar_fault(tune) or "")


def test_generated_tunes_have_right_bars_and_differ():
    tunes = read_tunes(generated_tunes(30, seed=1), "generated")
    assert all(bar_fault(tune) is None for tune in tunes)
    assert len({tune.body for tune in tunes}) == 30
    assert generated_tunes(30, seed=1) == generated_tunes(30, seed=1) != generated_tunes(30, seed=2)
