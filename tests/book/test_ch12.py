"""Chapter 12: what its text says is what its cells compute."""

import re
from html import escape

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples import ch12 as examples
from scratchnn.book.examples.ch12 import TREE, ends_in_consonant, small_talk, translations, with_object, with_topic
from scratchnn.plot import COLOURS

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch12")


@pytest.fixture(scope="module")
def text():
    return markdown("ch12")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 3
    assert not [line for line in lines if line.endswith("False")]


def test_particles_agree_with_the_sound_before_them():
    assert [with_topic(word) for word in ("미나", "왕")] == ["미나는", "왕은"]
    assert [with_object(word) for word in ("사과", "책")] == ["사과를", "책을"]
    assert [ends_in_consonant(word) for word in ("개", "집")] == [False, True]


def test_sentences_are_different_and_have_one_translation():
    pairs = translations(500, seed=3)
    assert len({english for english, _ in pairs}) == 500
    assert all(english.endswith(".") and korean.endswith("다.") for english, korean in pairs)


def test_probabilities_of_answers_sum_to_one(text):
    assert "is said three times in ten" in text
    pairs, log_p = small_talk(20_000, seed=1)
    by_question = {}
    for (question, answer), p in zip(pairs, np.exp(log_p), strict=True):
        by_question.setdefault(question, {})[answer] = p
    totals = [sum(answers.values()) for answers in by_question.values()]
    assert max(totals) < 1 + 1e-9
    assert np.mean(totals) > 0.98
    assert all(abs(answers["글쎄."] - 0.3) < 1e-9 for answers in by_question.values())
    assert "are said two times and one time in ten" in text
    assert all({0.2, 0.1} <= {round(p, 9) for p in answers.values()} for answers in by_question.values())


def test_the_tree_of_the_question(text):
    greedy = max(TREE, key=lambda first: TREE[first][0])
    best = max((p * q, first, second) for first, (p, more) in TREE.items() for second, q in more.items())
    assert greedy == "a"
    assert best == (pytest.approx(0.36), "b", "x")
    assert "*a* (6 in 10) and then *x* (4 in 10): 24 in 100" in text
    assert TREE["a"][0] * TREE["a"][1]["x"] == pytest.approx(0.24)
    assert sum(p for p, _ in TREE.values()) == pytest.approx(1)
    assert all(sum(more.values()) == pytest.approx(1) for _, more in TREE.values())


def test_pieces_write_new_words(chapter, text):
    written, listed = chapter.written, chapter.listed
    references = np.array(chapter.references)
    hits = {name: np.array(texts) == references for name, texts in written.items()}
    assert "a model that chooses among known words can never write a new one" in text
    assert "less than half of them here" in text
    assert listed.mean() < 0.5
    assert "makes no mistake in the sentences that it has the words for" in text
    assert hits["words"][listed].all()
    assert not hits["words"][~listed].any()
    assert hits["pieces"][~listed].mean() > 0.9
    assert "a list three times as long" in text
    assert 2.9 < chapter.sizes["pieces"] / chapter.sizes["words"] < 3.4
    assert "after 400 steps one sentence of the 200 was right" in text
    assert hits["pieces"].all()
    assert chapter.early * len(references) == pytest.approx(1)


def test_a_score_counts_words_not_sense(chapter, text):
    assert "and yet not far behind" in text
    assert 80 < chapter.bleu(chapter.written["words"], chapter.references) < 95
    assert "nearly two points more here" in text
    assert chapter.bleu(*chapter.spaced) - chapter.bleu(chapter.written["words"], chapter.references) == pytest.approx(
        1.8, abs=0.3
    )


def test_attention_moves_piece_by_piece(chapter):
    shown = chapter.by_pieces.map(examples.shown(chapter.sources)[0])
    assert len(chapter.frames) == len(shown.target)
    written = "".join(shown.target[:-1]).strip()
    for k, (frame, piece) in enumerate(zip(chapter.frames, shown.target, strict=True)):
        assert frame.count(COLOURS[1]) == 1  # the piece that is written now
        assert (written in frame) == (k >= len(shown.target) - 2)
        strongest = int(shown.weights[k].argmax())
        widths = [float(width) for width in re.findall(r'stroke-width="([\d.]+)"', frame)]
        assert max(widths) == pytest.approx(12 * shown.weights[k, strongest], rel=0.01)
        assert escape(piece.replace(" ", "_")) in frame
    assert "When the network writes the verb, where will it look?" in markdown("ch12")
    verb = shown.target.index(" 좋아하")
    assert shown.source[int(shown.weights[verb].argmax())] == " like"


def test_some_looks_go_to_later_words(chapter, text):
    assert "*는*, which marks the subject, with most of the weight on *a*" in text
    assert "*학교에서* (at school) with nearly all of it on *yesterday*" in text
    named, counted = (chapter.by_pieces.map(source) for source in examples.shown(chapter.sources))
    for shown, written, read, least in ((named, "는", " a", 0.5), (counted, " 학교에서", " yesterday", 0.9)):
        weights = shown.weights[shown.target.index(written)]
        assert weights[shown.source.index(read)] == weights.max() > least


def test_the_empty_sequence_is_the_most_probable_one(chapter, text):
    assert "the most probable sequence is the one that ends at once" in text
    assert max(chapter.everything)[1] == []
    assert [line.split("ids ")[1] for line in chapter.printed.splitlines() if line.startswith("width 200")] == ["[]"]


def test_more_pieces_are_shorter_and_rarer(chapter):
    assert chapter.lengths == sorted(chapter.lengths, reverse=True)
    assert chapter.rare[-1] > chapter.rare[0]


def test_the_length_norm_makes_answers_longer(chapter, text):
    assert "with the norm it is longer" in text
    assert [chapter.table[0.0, width][3] for width in chapter.widths] == sorted(
        chapter.table[0.0, width][3] for width in chapter.widths
    )
    assert chapter.table[1.0, 8][2] > chapter.table[0.0, 8][2]


def test_beams_are_dull(chapter):
    assert chapter.kinds["beam 8"][0] > 0.9
    assert "say it in 38 of 100 answers" in markdown("ch12")
    assert chapter.kinds["people"][0] == pytest.approx(0.38, abs=0.005)
    assert abs(chapter.kinds["sampling"][0] - 0.3) < 0.1
    assert chapter.kinds["beam 8"][1] < chapter.kinds["sampling"][1]


def test_pretrained_vectors_help_with_few_pairs(chapter, text):
    assert "With 250 pairs the vectors help with each of the three seeds" in text
    few, more = ([np.array(chapter.scores[count, name]) for name in ("random", "pretrained")] for count in (250, 4000))
    assert (few[1][:, :2] > few[0][:, :2]).all()
    assert abs(more[1][:, :2] - more[0][:, :2]).max() < 0.5


def test_perplexity_near_the_best(chapter):
    loss = chapter.talker.loss(chapter.talk[3000:])
    assert chapter.best < loss < chapter.best + 0.2


def test_the_forgetful_search_claims_what_is_not_so(chapter):
    assert chapter.off["right"] < 1e-4
    assert chapter.off["forgetful"] > 0.1
