"""Chapter 9: what its text says is what its cells compute."""

import re

import numpy as np
import pytest
from book import chapter_cells, chapter_file, markdown, play

from scratchnn.book.examples.ch09 import ENDINGS, TAGS, TEMPLATES, gazetteer, news

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch09")


@pytest.fixture(scope="module")
def text():
    return markdown("ch09")


def captions(name):
    """The code of a chapter with the string literals of its captions joined."""
    code = " ".join(source for kind, source in chapter_cells(chapter_file(name)) if kind == "code")
    return re.sub(r'"\s+"', "", " ".join(code.split()))


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 9
    assert not [line for line in lines if line.endswith("False")]


def test_sentences(text):
    assert "uses only one of them" in text
    for kind, templates in TEMPLATES.items():
        for type_, template in templates:
            assert (type_ == "") == (kind == "spelling")
            assert template.startswith("{}") or kind != "right"
    made = news(300, seed=5)
    assert {tag for _, tags in made for tag in tags} == set(TAGS)
    assert all(len(words) == len(tags) for words, tags in made)
    spelled = [(words, tags) for words, tags in news(200, seed=6, kind="spelling") if sum(tag != "O" for tag in tags) == 1]
    for words, tags in spelled:
        [(word, tag)] = [(w, t) for w, t in zip(words, tags, strict=True) if t != "O"]
        assert word.endswith(ENDINGS[tag[2:]])
    listed = gazetteer(5)
    assert len({listed("PER", True, np.random.default_rng(seed)) for seed in range(50)}) == 5


def test_one_word_three_answers(chapter, text):
    assert "The same word is a company, a person and a town" in text
    assert "tolek" not in chapter.names.words
    answers = [[TAGS[k] for k in path[: len(words)]] for (words, _), path in zip(chapter.three, chapter.paths, strict=True)]
    assert answers[0] == ["B-ORG", "O", "O", "O", "O", "O"]
    assert answers[1] == ["B-PER", "O", "O", "O", "O", "O", "O"]
    assert answers[2] == ["O", "O", "O", "B-LOC", "O", "O", "O"]


def test_token_accuracy_flatters(chapter, text):
    assert "Most tokens are in no name, so O is right most of the time" in text
    (outside, no_f1), (missed, low_f1) = chapter.cheat_scores.values()
    assert 0.7 < outside < missed
    assert no_f1 == low_f1 == 0


def test_evidence(chapter, text):
    assert "The first has no access to the right, so it has to guess there" in text
    for seed in chapter.SEEDS:
        one_way = chapter.evidence["left to right, characters", seed]
        no_letters = chapter.evidence["both directions, no characters", seed]
        whole = chapter.evidence["both directions, characters", seed]
        assert one_way[1] < 0.7 < whole[1]
        assert no_letters[2] < 0.5 < whole[2]
        assert min(one_way[0], no_letters[0], no_letters[1], whole[0]) > 0.75


def test_endings_of_one_type_are_near_each_other(chapter, text):
    assert "since all three say *place*" in text
    for type_, row in zip(("LOC", "ORG", "PER"), chapter.cosines, strict=True):
        nearest = [chapter.forms[k] for k in np.argsort(-row)[:5]]
        assert sum(other.endswith(ENDINGS[type_]) for other in nearest) >= 4


def test_the_crf_breaks_fewer_rules_and_finds_more_names(chapter, text):
    assert "train it on the first hundred sentences only" in text
    for seed in chapter.SEEDS:
        (before, broken_before), (after, broken_after) = (chapter.comparison[name, seed] for name in ("softmax", "CRF"))
        assert after > before
        assert broken_after < broken_before


def test_the_best_of_eight_sequences(chapter, text):
    assert "0, 0, 0. The last token prefers tag 1 by 0.5, but the change from 0 to 1 costs 2" in text
    assert chapter.viterbi(chapter.small_e, chapter.small_A, np.zeros(2), np.zeros(2)) == [0, 0, 0]
    assert chapter.small_e.argmax(axis=1).tolist() == [0, 0, 1]


def test_inside_tags_are_welcome_after_their_own_beginning(chapter):
    A = chapter.crf.transitions.data
    for k in (2, 4, 6):
        assert int(A[:, k].argmax()) in (k - 1, k)


def test_gradient_rows_sum_to_zero(chapter, text):
    assert "Every row of that gradient sums to zero" in text
    assert abs(chapter.doubtful_gradient.sum(axis=1)).max() < 1e-9
    assert chapter.doubtful_gradient[4, TAGS.index("B-PER")] < 0


def test_a_search_with_rows_and_columns_exchanged(chapter, text):
    assert "it has to be zero" in text
    for seed in chapter.SEEDS:
        assert chapter.search_scores["A exchanged", seed][0] < chapter.search_scores["right", seed][0]
        assert chapter.search_scores["right", seed][1] == 0 < chapter.search_scores["A exchanged", seed][1]


def test_padding(chapter, text):
    assert "So compute it alone and in company" in text
    assert chapter.in_company == pytest.approx(chapter.alone)
    assert abs(chapter.walked_on - chapter.alone) > 0.1


def test_vectors_help_where_labels_are_few(chapter):
    assert "200 labelled sentences do what 800 do without them" in captions("ch09")
    assert np.mean(chapter.transfer["vectors"][1]) > np.mean(chapter.transfer["none"][2]) - 0.01
    gains = [np.mean(w) - np.mean(n) for n, w in zip(*chapter.transfer.values(), strict=True)]
    assert gains[0] > 0.1
    assert gains[-1] < min(gains[:-1])
