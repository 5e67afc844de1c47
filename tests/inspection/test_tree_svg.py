"""Trees as SVG: well-formed whatever the words are, one arc per head, and no two that run along the same line."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.datasets.generated import generated_treebank
from scratchnn.errors import DataError
from scratchnn.inspection.tree_svg import FONT, LABEL_FONT, text_width, trees_svg
from scratchnn.structured.trees import find_cycle

NAME = "{http://www.w3.org/2000/svg}"
CURVE = re.compile(r"M(\S+) (\S+)V\S+Q\S+ (\S+) \S+ \S+H\S+Q(\S+) ")


def elements(trees):
    """The words with their places, the labels, the arcs (start, end, height), and the arrows, of one tree."""
    root = ET.fromstring(trees_svg(trees))
    texts = [
        (one.text, float(one.get("x")), float(one.get("y")), int(one.get("font-size")))
        for one in root.iter(NAME + "text")
        if one.get("stroke") is None  # not the white edge below another text
    ]
    paths = [one.get("d") for one in root.iter(NAME + "path")]
    arcs = [tuple(map(float, found.groups())) for found in map(CURVE.match, paths) if found]
    words = [one for one in texts if one[3] == FONT]
    labels = [one for one in texts if one[3] == LABEL_FONT]
    return words, labels, arcs, [path for path in paths if path.endswith("z")]


@st.composite
def trees(draw):
    """A tree over up to nine words with any characters; its arcs may cross."""
    L = draw(st.integers(1, 9))
    top = draw(st.integers(1, L))
    heads = [
        0 if d == top else draw(st.sampled_from([h for h in range(1, L + 1) if h != d] or [0])) for d in range(1, L + 1)
    ]
    while cycle := find_cycle([0, *heads]):
        heads[cycle[0] - 1] = top
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
    return [draw(text) for _ in heads], heads, [draw(text) for _ in heads]


@given(trees())
@settings(deadline=None)
def test_words_in_a_row_arcs_above_them(tree):
    forms = tree[0]
    words, labels, arcs, arrows = elements([tree])
    assert len(words) == len(labels) == len(arrows) == len(forms)
    assert len(arcs) == len(forms) - 1
    assert len({y for _, _, y, _ in words}) == 1
    for (_, x, y, _), (_, other, _, _), left, right in zip(words, words[1:], forms, forms[1:], strict=False):
        assert other - x > (text_width(left, FONT) + text_width(right, FONT)) / 2  # words do not touch
        assert all(ground < y - FONT for _, ground, _, _ in arcs)  # arcs end above them
    for (a, _, roof, b), (c, _, other_roof, d) in itertools.combinations(arcs, 2):
        if roof == other_roof:
            assert max(a, b) < min(c, d) or max(c, d) < min(a, b)
    ends = [x for start, _, _, end in arcs for x in (start, end)]
    assert len(set(ends)) == len(ends)  # every line comes down at a place of its own


def test_lines_of_a_projective_tree_do_not_cross():
    tree = (["a", "b", "c", "d", "e"], [3, 1, 0, 5, 3], ["long:label", "x", "root", "y", "z"])
    _, labels, arcs, _ = elements([tree])
    for (a, _, roof, b), (c, _, other_roof, d) in itertools.permutations(arcs, 2):
        inside = [min(c, d) < x < max(c, d) for x in (a, b)]
        assert inside[0] == inside[1]
        assert not inside[0] or roof > other_roof  # y grows downwards
    for label, x, _, _ in labels:
        width = text_width(label, LABEL_FONT)
        assert label == "root" or any(min(a, b) <= x - width / 2 and x + width / 2 <= max(a, b) for a, _, _, b in arcs)


def test_several_trees_one_below_the_other():
    trees = generated_treebank(3, 0)
    document = ET.fromstring(trees_svg(trees))
    groups = list(document.iter(NAME + "g"))
    assert [len(list(group.iter(NAME + "text"))) for group in groups] == [4 * len(words) for words, _, _ in trees]
    assert "transform" in groups[2].attrib
    assert float(document.get("height")) > 3 * 60


def test_korean_counts_as_wide_and_marks_do_not_count():
    assert text_width("가나", 10) == 20
    assert text_width("é", 10) == text_width("e\u0301", 10) == text_width("e", 10)
    assert text_width("il", 10) < text_width("mw", 10) < text_width("한국", 10)


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        ([], "there is no tree to draw"),
        ([([], [], [])], "there is no tree to draw; a sentence needs words"),
        ([(["a", "b"], [2, 1], ["x", "y"])], "a tree to draw: words 1, 2 form a cycle"),
    ],
)
def test_what_cannot_be_drawn(drawn, message):
    with pytest.raises(DataError, match=message):
        trees_svg(drawn)
