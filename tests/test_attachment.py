"""Attachment scores, against sentences that were counted by hand."""

from __future__ import annotations

import pytest

from scratchnn.errors import ShapeError
from scratchnn.inspection.attachment import attachment_table, plot_attachment
from scratchnn.metrics import attachment_scores, right_arcs, universal

# Her brother   's  old  car    stalled  .                   her: nmod:poss of brother; 's: case
TRUE_HEADS = [[2, 5, 2, 5, 6, 0, 6], [2, 0]]
TRUE_LABELS = [["nmod:poss", "nmod:poss", "case", "amod", "nsubj", "root", "punct"], ["advmod", "root"]]
# Right heads: her, 's, old, stalled, . in the first sentence, both words in the second: 7 of 9 words.
# Of these, the label is right for her (subtype dropped), 's, stalled, . and one word of the second: 5 of 9.
HEADS = [[2, 6, 2, 5, 1, 0, 6], [2, 0]]
LABELS = [["nmod", "nmod:poss", "case:x", "det", "nsubj", "root", "punct"], ["advmod", "parataxis"]]


def test_equal_to_counting_by_hand():
    assert attachment_scores(HEADS, LABELS, TRUE_HEADS, TRUE_LABELS) == {"unlabelled": 7 / 9, "labelled": 5 / 9}
    assert attachment_scores(TRUE_HEADS, TRUE_LABELS, TRUE_HEADS, TRUE_LABELS) == {"unlabelled": 1, "labelled": 1}


def test_a_right_label_at_a_wrong_head_does_not_count():
    assert attachment_scores([[2, 0]], [["a", "b"]], [[0, 1]], [["a", "b"]]) == {"unlabelled": 0, "labelled": 0}


def test_punctuation_counts():
    assert attachment_scores([[0, 1]], [["root", "x"]], [[0, 1]], [["root", "punct"]]) == {"unlabelled": 1, "labelled": 0.5}


@pytest.mark.parametrize("nothing", [[], [[]], [[], []]])
def test_no_words(nothing):
    assert attachment_scores(nothing, nothing, nothing, nothing) == {"unlabelled": 0, "labelled": 0}


def test_word_by_word():
    right, right_label = right_arcs(HEADS, LABELS, TRUE_HEADS, TRUE_LABELS)
    assert right == [True, False, True, True, False, True, True, True, True]
    assert right_label == [True, False, True, False, False, True, True, True, False]
    assert [universal(label) for label in ("nmod:poss", "a:b:c", "root", "")] == ["nmod", "a", "root", ""]


@pytest.mark.parametrize(
    ("heads", "labels", "message"),
    [
        ([[2, 0]], [["a", "b"]], "attachment: 2 sentences, 1 predicted"),
        ([[2], [2, 0]], [["a"], ["b", "c"]], "attachment: sentence 0 has 7 words, but 1 predicted heads"),
        ([TRUE_HEADS[0], [2, 0]], [TRUE_LABELS[0], ["b"]], "attachment: sentence 1 has 2 words"),
    ],
)
def test_shapes_that_do_not_fit(heads, labels, message):
    with pytest.raises(ShapeError, match=message):
        attachment_scores(heads, labels, TRUE_HEADS, TRUE_LABELS)


def test_table_and_figure():
    labels = [name for names in TRUE_LABELS for name in names]
    right = right_arcs(HEADS, LABELS, TRUE_HEADS, TRUE_LABELS)
    heading, *rows = (line.split() for line in attachment_table(*right, labels))
    assert heading == ["unlabelled", "labelled", "words"]
    assert rows[:2] == [["nmod", "0.5000", "0.5000", "2"], ["root", "1.0000", "0.5000", "2"]]
    assert sorted(row[0] for row in rows[2:]) == ["advmod", "amod", "case", "nsubj", "punct"]
    figure = plot_attachment(*right, [1, 3, 1, 1, 1, 0, 40, 1, 0])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["root", "1", "3", "15+"]
    unlabelled, labelled = (line.get_ydata().tolist() for line in axes.get_lines())
    assert (unlabelled, labelled) == ([1, 0.8, 0, 1], [0.5, 0.6, 0, 1])
