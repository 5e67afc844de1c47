"""Chapter 7: what its text says is what its cells compute."""

import io
import wave

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples.ch06_language import make_text
from scratchnn.book.examples.ch07 import Grammar, Place, allowed, follow, manual, simple_scenes, small_wav
from scratchnn.book.figures.ch07_temperature import Written, temperature_against_text
from scratchnn.datasets.generated.scenes import is_true
from scratchnn.music import Tune
from scratchnn.music.files import RATE
from scratchnn.text import Vocabulary, tokenize

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch07")


@pytest.fixture(scope="module")
def text():
    return markdown("ch07")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 6
    assert not [line for line in lines if line.endswith("False")]


# --- the examples ----------------------------------------------------------------------------------------------------


def test_the_manual_can_be_put_together_from_its_words():
    train, test = manual()
    for part in (train, test):
        assert "\n".join(" ".join(line.split()) for line in part.splitlines()) + "\n" == part
    assert set(test) <= set(train)
    assert not set(test.splitlines()) & set(train.splitlines())
    assert len(train) > 8 * len(test) > 80_000


def test_the_grammar_allows_what_the_language_says_and_no_other_number():
    text, _ = make_text(3, 200)
    vocabulary = Vocabulary.build(tokenize(text, "word"), specials=())
    grammar, ids = Grammar(vocabulary.tokens), vocabulary.encode(tokenize(text, "word"))
    wrong = grammar.along(ids[:-1])
    assert not wrong[np.arange(len(wrong)), ids[1:]].any()
    for sentence, last in (
        ("a old dog near some cats", "chase"),
        ("some dogs", "sees"),
        ("a", "dogs"),
        ("the dog see the", "old"),
    ):
        place = Place()
        for word in sentence.split():
            place = follow(place, word)
        if last == "old":  # after a wrong verb the rest is still judged
            assert "adjective" in allowed(place)
        else:
            assert grammar.wrong(place)[vocabulary.ids[last]]


def test_scenes_have_one_caption_that_is_true():
    for scene in simple_scenes(30, seed=5):
        assert is_true(scene.caption, scene.things)
        assert "left of" in scene.caption or "above" in scene.caption
        assert scene.picture.shape == (12, 12, 3)


def test_the_small_sound_is_as_long_as_the_tune_and_small():
    data = small_wav(Tune("6/8", "1/8", "G", "|:GAB c3|d3 g3:|\n"))
    with wave.open(io.BytesIO(data)) as file:
        assert file.getframerate() == RATE // 2
        assert file.getnframes() / file.getframerate() == pytest.approx(2 * 1.5 + 0.5, abs=0.01)


def test_frames_colour_the_words_that_are_not_known():
    rows = [Written(tau, "the <cat & dog\nthe end", np.array([0.7, 0.3]), 0.5) for tau in (0.5, 1.0)]
    _, frames, _ = temperature_against_text(rows, ["a", " "], {"the", "dog"}, (0, 1), "the ")
    assert len(frames) == 2
    assert "&lt;cat" in frames[0]
    assert "temperature 0.5" in frames[0]
    assert frames[0].count('fill="#d55e00"') == 2  # <cat and &; the last word may be cut off


# --- drawing, temperature, cuts --------------------------------------------------------------------------------------


def test_the_darts_of_the_question(chapter, text):
    assert "*the*, *a* and *my*" in text
    drawn = chapter.draw(np.tile(chapter.softmax(np.array([2.0, 1.0, 0.5, 0.0, -1.0])), (3, 1)), np.array([0.1, 0.6, 0.95]))
    assert drawn.tolist() == [0, 1, 3]
    assert chapter.draw(np.array([[0.33, 0.33, 0.33]]), np.array([0.995])).tolist() == [2]


def test_temperature(chapter, text):
    assert "what was twice as probable is now four times as probable" in text
    p = chapter.with_temperature(np.log(np.array([0.6, 0.3, 0.1])), 0.5)
    assert p[0] / p[1] == pytest.approx(4)
    assert (np.diff(chapter.openness) > 0).all()
    assert "The loss has its minimum a little below 1" in text
    assert 0.75 <= chapter.temperatures[chapter.on_new_text.argmin()] <= 1.0
    assert chapter.openness.max() < np.log2(len(chapter.vocabulary))


def test_cuts(chapter, text):
    assert "After *the functio* there is nothing to choose" in text
    assert chapter.contexts["the functio"].max() > 0.9
    assert chapter.nucleus_size(chapter.contexts["in the "], 0.9) > 5
    often = np.bincount(chapter.sizes, minlength=20) / len(chapter.sizes)
    assert often[1:5].sum() > 0.4
    assert often[13:17].sum() > often[9:13].sum()  # the second hill
    assert "Most places of that hill are where a word begins" in text
    assert chapter.open_places > 0.7
    assert "Not for top-k" in text
    z = np.random.default_rng(0).standard_normal((20, 9))
    low = chapter.with_temperature(z, 0.5)
    assert np.array_equal(chapter.top_k(low, 3) > 0, chapter.top_k(chapter.softmax(z), 3) > 0)
    assert (chapter.nucleus_size(low, 0.8) <= chapter.nucleus_size(chapter.softmax(z), 0.8)).all()


def test_quality_costs_variety(chapter, text):
    assert "The three curves go down together" in text
    for points in chapter.curves.values():
        _, variety, known = zip(*points, strict=True)
        assert list(variety) == sorted(variety)
        assert known[0] > known[-1] + 0.15
    assert "Nothing on the curves comes near it" in text
    real_variety, real_known = chapter.real
    for points in chapter.curves.values():
        assert all(known < real_known - 0.04 for _, variety, known in points if variety >= real_variety - 0.05)


# --- novelty, characters and words -----------------------------------------------------------------------------------


def test_shared_runs(chapter, text):
    assert list(chapter.shared_runs("xabcy", "zabcz")) == [0, 3, 2, 1, 0]
    assert "a low temperature writes in phrases that it has read" in text
    means, longest = zip(*chapter.copying.values(), strict=True)
    assert list(means) == sorted(means, reverse=True)
    assert means[0] > 2 * means[-1]
    assert "the longest run is far shorter" in text
    assert max(longest) < 0.7 * chapter.human[1]
    assert "its runs are several times as long" in text
    assert chapter.parrot_runs.mean() > 3 * chapter.human[0]
    assert chapter.parrot_runs.max() > 2 * chapter.human[1]


def test_bits_per_character(chapter, text):
    assert "the model of words would seem to be far ahead" in text
    characters, words = chapter.in_bits["characters"], chapter.in_bits["words"]
    assert characters[1] == 0
    assert words[0] < 0.75 * characters[0]
    assert "the model of characters needs fewer bits" in text
    assert sum(characters) < sum(words)


# --- astray ----------------------------------------------------------------------------------------------------------


def test_mistakes_add_up_in_all_three_networks(chapter, text):
    assert "within a few percent of the best perplexity" in text
    assert max(chapter.above) < 0.04
    assert "only a third to about a half of their texts" in text
    assert pytest.approx(0.3, abs=0.01) == 0.98**60
    for clean, leak in zip(chapter.clean, chapter.leaks, strict=True):
        assert 0.25 < clean[-1] < 0.6
        assert clean[-1] < (1 - leak) ** 60 + 0.03
    assert "about two to five times as probable as before" in text
    assert "even before the first one" in text
    for (before, inside, later), leak in zip(chapter.chances, chapter.leaks, strict=True):
        assert before > leak
        assert 1.7 * before < inside < 5.5 * before
        assert later < 1.3 * before
    assert "the smaller the $q$ of the nucleus, the more texts are free of mistakes" in text
    assert (np.diff([chapter.tidy[q] for q in (0.99, 0.95, 0.9)], axis=0) > 0).all()
    assert (np.array(chapter.tidy[0.99]) > chapter.clean[:, -1]).all()


# --- tunes and captions ----------------------------------------------------------------------------------------------


def test_tunes(chapter, text):
    assert "In bits per character the networks are close to each other" in text
    (_, alone, alone_right), (_, clock, clock_right) = chapter.players.values()
    assert clock < alone < 1.2 * clock
    assert "in whole tunes they are far apart" in text
    assert alone_right < 0.5 < 0.8 < clock_right
    assert (chapter.tune.key, chapter.tune.metre) == ("G", "6/8")
    assert len(small_wav(chapter.tune)) * 4 / 3 < 400_000


def test_captions(chapter, text):
    assert chapter.wrong_greedy < min(chapter.wrong_drawn, 0.25)
    assert "The shapes are the weak point" in text
    errors = chapter.part_errors
    assert min(errors["shape"], errors["second shape"]) > max(errors["colour"], errors["second colour"], errors["relation"])


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_the_check_finds_what_the_eye_does_not(chapter, text):
    assert "The check finds all three" in text
    right, twice, argmax, dropped = chapter.faults.values()
    assert right[1] < 1e-3
    assert min(twice[1], argmax[1], dropped[1]) > 1
    assert "as many known words" in text
    assert abs(twice[0] - right[0]) < 0.12
    assert max(argmax[0], dropped[0]) < right[0] / 2
