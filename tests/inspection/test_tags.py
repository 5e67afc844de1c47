"""What is drawn of a tagger."""

from __future__ import annotations

import io

import numpy as np
import pytest

from scratchnn.inspection.tags import (
    MOST_TAGS,
    OTHER,
    plot_f1_by_sentences,
    plot_tag_confusion,
    plot_transitions,
    tag_confusion,
)
from scratchnn.text.schemes import allowed_transitions


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue().startswith(b"\x89PNG")


def names(labels):
    return [label.get_text() for label in labels]


def test_confusion_counts_words_the_most_frequent_tag_first():
    matrix, names = tag_confusion("a b b a c".split(), "a a b b b".split())
    assert names == ["b", "a", "c"]
    assert matrix.tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert drawn(plot_tag_confusion("a b b a c".split(), "a a b b b".split()))


def test_rare_tags_are_counted_together():
    tags = [f"t{k:02d}" for k in range(MOST_TAGS + 6) for _ in range(40 - k)]
    matrix, names = tag_confusion(tags, tags)
    assert names[-2:] == [f"t{MOST_TAGS - 2}", OTHER]
    assert matrix.sum() == len(tags) == np.trace(matrix)
    assert matrix[-1, -1] == sum(40 - k for k in range(MOST_TAGS - 1, MOST_TAGS + 6))
    assert drawn(plot_tag_confusion(tags, tags))


@pytest.mark.parametrize("marked", [False, True])
def test_transitions_from_the_start_and_to_the_end(marked):
    tags = ["O", "B-PER", "I-PER", "E-PER", "S-PER"]
    scores = np.arange(25.0).reshape(5, 5), np.arange(5.0), -np.arange(5.0)
    allowed = allowed_transitions(tags) if marked else None
    figure = plot_transitions(*scores, tags, allowed)
    axes = figure.axes[0]
    table = axes.images[0].get_array()
    np.testing.assert_array_equal(table[1:, :5], scores[0])
    np.testing.assert_array_equal(table[0, :5], scores[1])
    np.testing.assert_array_equal(table[1:, 5], scores[2])
    assert names(axes.get_yticklabels()) == ["start", *tags]
    crosses = {
        (names(axes.get_yticklabels())[int(row)], names(axes.get_xticklabels())[int(column)])
        for column, row in (axes.lines[0].get_xydata() if marked else [])
    }
    assert (("O", "I-PER") in crosses, ("start", "E-PER") in crosses, ("B-PER", "end") in crosses) == (marked,) * 3
    assert not crosses & {("O", "O"), ("B-PER", "E-PER"), ("start", "S-PER"), ("E-PER", "end")}
    assert drawn(figure)


def test_f1_against_sentences_has_a_line_of_means_and_a_point_per_seed():
    figure = plot_f1_by_sentences([10, 100], {"none": [[0.1, 0.3], [0.5, 0.6]], "vectors": [[0.4], [0.7]]})
    lines = figure.axes[0].lines
    assert lines[0].get_ydata().tolist() == pytest.approx([0.2, 0.55])
    assert [len(line.get_ydata()) for line in lines] == [2, 2, 2, 2, 1, 1]
    assert drawn(figure)
