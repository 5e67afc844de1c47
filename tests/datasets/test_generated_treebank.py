"""The generated treebank: trees, the same for the same seed, and as hard as it claims to be."""

from __future__ import annotations

from collections import Counter

import pytest

from scratchnn.datasets.generated.treebank import (
    INSTRUMENTS,
    NEAR,
    NOUNS,
    OWNED,
    PLACES,
    generated_treebank,
)
from scratchnn.errors import DataError
from scratchnn.structured import check_tree, crossing_arcs

TREES = generated_treebank(2000, 0)


def heads_of(word_set, trees=TREES):
    """(word, word of its head, label) of all words in the set, in the singular."""
    for words, heads, labels in trees:
        for d, word in enumerate(words):
            if word.removesuffix("s") in word_set:
                yield word, words[heads[d] - 1], labels[d]


def test_the_same_seed_gives_the_same_trees_and_another_seed_others():
    assert generated_treebank(2000, 0) == TREES
    assert generated_treebank(50, 1) != TREES[:50]
    assert len({tuple(words) for words, _, _ in TREES}) > 1900


def test_all_are_trees_and_some_have_crossing_arcs():
    crossing = 0
    for words, heads, labels in TREES:
        assert len(words) == len(heads) == len(labels)
        check_tree(heads)
        crossing += crossing_arcs(heads) is not None
        assert [label for head, label in zip(heads, labels, strict=True) if head == 0] == ["root"]
        assert (words[-1], labels[-1]) == (".", "punct")
        assert 4 <= len(words) <= 20
    assert 0.07 < crossing / len(TREES) < 0.15


def test_the_noun_decides_where_a_phrase_belongs():
    assert {label for _, _, label in heads_of(INSTRUMENTS)} == {"obl"}
    assert {label for _, _, label in heads_of(OWNED)} == {"nmod"}
    after_with = Counter(
        words[heads[d] - 1].removesuffix("s") in NOUNS
        for words, heads, _ in TREES
        for d, word in enumerate(words)
        if word.removesuffix("s") in OWNED + INSTRUMENTS
    )
    assert 0.4 < after_with[True] / after_with.total() < 0.6  # "with" alone says nothing


def test_a_relative_clause_agrees_with_its_noun():
    for words, heads, labels in TREES:
        for d, label in enumerate(labels):
            if label == "acl:relcl":
                assert words[d].endswith("s") != words[heads[d] - 1].endswith("s")
                assert words[d - 1] == "that"


def test_a_place_belongs_to_the_noun_before_it():
    for words, heads, labels in TREES:
        for d, word in enumerate(words):
            if word in NEAR:
                place = heads[d] - 1
                assert words[place].removesuffix("s") in PLACES
                assert (heads[place], labels[place]) == (d, "nmod")


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (5, -1), (2.5, 0)])
def test_counts_and_seeds_out_of_range(count, seed):
    with pytest.raises(DataError, match=r"generated_treebank: (count|seed) must be a whole number of [01] or more"):
        generated_treebank(count, seed)
