"""Chapter 10: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.structured import check_tree

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


def test_a_term_of_the_dependent_alone_does_nothing(chapter, text):
    assert "The softmax over heads, which comes next, does not change" in text
    S = chapter.S[0]
    shifted = S + np.arange(len(S))[:, None]
    assert chapter.head_loss(shifted, chapter.gold)[0] == pytest.approx(chapter.head_loss(S, chapter.gold)[0])


def test_only_the_row_of_the_last_verb_moves(chapter, text):
    assert "The rows of the other words hardly" in text
    dog, boys = (p.argmax(axis=1) for p in chapter.twin_P)
    assert [d for d in range(9) if dog[d] != boys[d]] == [7]
    assert (dog[7], boys[7]) == (5, 2)
    change = abs(chapter.twin_P[0] - chapter.twin_P[1]).max(axis=1)
    assert change[7] > 0.3 > 5 * np.delete(change, 7).max()


def test_greedy_choices_are_often_no_tree(chapter, text):
    assert "one bad choice is enough to break its tree" in text
    for rows in chapter.progress.values():
        right, broken = rows[-1]
        assert 0.5 < right < 0.9
        assert 0.1 < broken < 0.9
    assert set(chapter.kinds) <= {"a cycle", "several roots", "no root"}
    assert not chapter.is_tree(list(chapter.few_greedy[chapter.longest]))
    assert chapter.is_tree(list(chapter.best_trees[chapter.longest]))


def test_searches(chapter, text):
    few, many = chapter.FEW, len(chapter.bank.train)
    for size in (few, many):
        for seed in chapter.SEEDS:
            greedy, eisner, edmonds = (chapter.results[size, name, seed] for name in chapter.searches)
            assert "Greedy is highest, or equal" in text
            assert greedy["sum"] >= edmonds["sum"] - 1e-9 >= eisner["sum"] - 2e-9
            assert eisner["no tree"] == edmonds["no tree"] == 0
            assert "the projective search can never get a crossing tree right" in text
            assert eisner["crossing"] == 0
    assert "it has most heads right" in text
    for seed in chapter.SEEDS:
        shares = [chapter.results[few, name, seed]["heads"] for name in chapter.searches]
        assert max(shares) == shares[1] > shares[0]
        shares = [chapter.results[many, name, seed]["heads"] for name in chapter.searches]
        assert shares[1] < shares[2]
        assert chapter.results[many, "Chu-Liu/Edmonds", seed]["crossing"] > 0.3
    assert "about one tree in ten is like that" in text
    assert 0.05 < chapter.crossing.mean() < 0.15


def test_softmax_over_the_wrong_axis(chapter, text):
    assert "the parser is far worse" in text
    for seed in chapter.SEEDS:
        assert chapter.wrong_axis[seed] < chapter.results[len(chapter.bank.train), "Chu-Liu/Edmonds", seed]["heads"] - 0.1
    assert "with the wrong axis it is not" in text
    assert chapter.head_loss(chapter.perfect, chapter.gold)[0] == pytest.approx(0)
    assert -np.log(chapter.P[np.arange(1, 5), chapter.gold]).mean() > 0.3


def test_roots(chapter):
    assert chapter.several["any number"] > 0.05
    assert chapter.several["exactly one"] == 0


def test_the_package_parses(chapter):
    assert chapter.scores["labelled"] > 0.95
    for _, heads, _ in chapter.answered:
        check_tree(heads)
