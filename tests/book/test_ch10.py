"""Chapter 10: what its text says is what its cells compute."""

import pytest
from book import markdown, play

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch10")


@pytest.fixture(scope="module")
def text():
    return markdown("ch10")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 8
    assert not [line for line in lines if line.endswith("False")]


def test_twin_sentences(chapter, text):
    (_, dog, _), (_, boys, _) = chapter.answers
    assert chapter.twins[0].split()[dog[7] - 1] == "dog"
    assert chapter.twins[1].split()[boys[7] - 1] == "boys"
    assert "The arc from *dog* to *barks* passes over *today*, whose own arc comes from *see*" in text
    assert dog[5] == 3
    assert not chapter.projective(dog)


def test_numbers_of_trees(chapter, text):
    assert "The last column is 1, 2, 9, 64, 625" in text
    assert [len(chapter.all_trees(T)) for T in range(1, 6)] == [1, 2, 9, 64, 625]
    assert "With 20 words that is a number of 25 digits" in text
    assert len(str(20**19)) == 25
