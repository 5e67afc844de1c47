"""Dependency trees drawn above their sentences, as SVG.

The words are in a row. Each arc rises from its head, runs at the height of its level, and falls to its dependent, where an
arrow ends it. The level of an arc is one more than the highest level of the shorter arcs that it shares a part of the row
with:

    level(a) = 1 + max of level(b) over arcs b that are shorter than a and overlap it                              (1)

so no two arcs run along the same line. Where several arcs meet one word, the longer ones are nearer to its centre. In a
projective tree, no two lines cross then. Words are moved apart until each arc is wider than its label:

    x_j >= x_i + (w_i + w_j) / 2 + gap   for neighbours i, j         x_j >= x_i + label   for arcs between i and j   (2)

Widths of words are estimates, since the fonts of the viewer are unknown: a Chinese, Japanese or Korean character counts as
one em.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from scratchnn.errors import DataError
from scratchnn.structured.trees import check_tree

FONT, LABEL_FONT = 16, 11  # pixels
FAMILIES = "'Noto Sans', 'Noto Sans CJK KR', 'Noto Sans KR', 'Malgun Gothic', 'Apple SD Gothic Neo', sans-serif"
GAP, MARGIN = 16, 16  # between two words, and around a tree
STEP = 22  # from one level to the next
PORT = 8  # between two arcs at one word
CORNER = 6  # radius
ARROW = 4  # half the width of an arrow
NARROW, WIDE = frozenset("ijlIft.,:;'!|()[]-\" "), frozenset("mwMW@%")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
WIDTHS = {"W": 1.0, "F": 1.0}  # ems by East Asian width


@dataclass
class Arc:
    """An arc to be drawn.

    Attributes:
        head, dependent: numbers of words, from 0.
        label: its label.
        level: its height in steps, from 1.
        ports: how far from the centre of a word it meets the word, in pixels, by the word's number.
    """

    head: int
    dependent: int
    label: str
    level: int = 0

    def __post_init__(self) -> None:
        self.left, self.right = sorted((self.head, self.dependent))
        self.ports: dict[int, float] = {}


def trees_svg(trees: Sequence[tuple[Sequence[str], Sequence[int], Sequence[str]]]) -> str:
    """An SVG document with trees, one below the other.

    Args:
        trees: for each sentence its words, the position of each word's head from 1, 0 for the root, and the labels.

    Raises:
        DataError: there are no trees, a sentence has no words, or its heads form no tree.
    """
    if not trees or not all(words for words, _, _ in trees):
        raise DataError("there is no tree to draw; a sentence needs words")
    width, height, parts = 0.0, 0.0, []
    for words, heads, labels in trees:
        tree, tree_width, tree_height = draw(words, heads, labels)
        parts.append(f'<g transform="translate(0 {height:g})">\n{tree}\n</g>')
        width, height = max(width, tree_width), height + tree_height
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FAMILIES}">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def draw(words: Sequence[str], heads: Sequence[int], labels: Sequence[str]) -> tuple[str, float, float]:
    """One tree as SVG elements, and its width and height in pixels."""
    check_tree(list(heads), owner="a tree to draw")
    arcs = [Arc(h - 1, d, label) for d, (h, label) in enumerate(zip(heads, labels, strict=True)) if h]
    set_levels(arcs)
    ports = set_ports(arcs, heads)
    widths = [max(text_width(word, FONT), PORT * count) for word, (count, _) in zip(words, ports, strict=True)]
    centres, width = place_words(widths, arcs)
    top = 1 + max((arc.level for arc in arcs), default=0)
    ground = MARGIN + LABEL_FONT + top * STEP  # where arcs meet their words
    lines = [line for arc in sorted(arcs, key=lambda arc: -arc.level) for line in arc_lines(arc, centres, ground)]
    root = list(heads).index(0)
    x, roof = centres[root] + ports[root][1], ground - top * STEP
    lines.append(f'<path d="M{x:g} {roof}V{ground - 2 * ARROW}" fill="none" stroke="#555"/>')
    lines += [arrow(x, ground), text(labels[root], x, roof - 3, LABEL_FONT, "#0072b2")]
    lines += [text(word, x, ground + FONT + 2, FONT, "black") for word, x in zip(words, centres, strict=True)]
    return "\n".join(lines), width, ground + FONT + 8 + MARGIN


# --- the layout ------------------------------------------------------------------------------------------------------


def set_levels(arcs: list[Arc]) -> None:
    """Equation (1)."""
    done: list[Arc] = []
    for arc in sorted(arcs, key=lambda arc: (arc.right - arc.left, arc.left)):
        below = [other.level for other in done if other.left < arc.right and arc.left < other.right]
        arc.level = 1 + max(below, default=0)
        done.append(arc)


def set_ports(arcs: list[Arc], heads: Sequence[int]) -> list[tuple[int, float]]:
    """Where arcs meet each word: those from the left, shortest first; the root; those from the right, longest first.

    Returns:
        For each word, the number of arcs, and where the arrow of the root would be, in pixels from the centre.
    """
    meeting: list[list[Arc]] = [[] for _ in heads]
    for arc in arcs:
        meeting[arc.left].append(arc)
        meeting[arc.right].append(arc)
    found = []
    for word, here in enumerate(meeting):
        from_left = sorted((arc for arc in here if arc.right == word), key=lambda arc: word - arc.left)
        from_right = sorted((arc for arc in here if arc.left == word), key=lambda arc: word - arc.right)
        root = heads[word] == 0
        count = len(here) + root
        for k, arc in enumerate(from_left + from_right):
            arc.ports[word] = PORT * (k + (root and k >= len(from_left)) - (count - 1) / 2)
        found.append((count, PORT * (len(from_left) - (count - 1) / 2)))
    return found


def place_words(widths: Sequence[float], arcs: list[Arc]) -> tuple[list[float], float]:
    """Equation (2): the centres of words of these widths, as far left as possible, and the width of the whole."""
    ending: dict[int, list[Arc]] = {}
    for arc in arcs:
        ending.setdefault(arc.right, []).append(arc)
    centres: list[float] = []
    for j, width in enumerate(widths):
        x = centres[-1] + widths[j - 1] / 2 + GAP + width / 2 if j else MARGIN + max(width, 3 * FONT) / 2
        for arc in ending.get(j, ()):
            room = text_width(arc.label, LABEL_FONT) + 2 * CORNER + arc.ports[arc.left] - arc.ports[j]
            x = max(x, centres[arc.left] + room)
        centres.append(round(x, 1))
    return centres, centres[-1] + max(widths[-1], 3 * FONT) / 2 + MARGIN


def text_width(string: str, size: int) -> float:
    """About how wide a text is in a sans-serif font, in pixels."""
    total = 0.0
    for character in unicodedata.normalize("NFC", string):
        if unicodedata.combining(character):
            continue
        other = 0.33 if character in NARROW else 0.9 if character in WIDE else 0.68 if character.isupper() else 0.57
        total += WIDTHS.get(unicodedata.east_asian_width(character), other)
    return total * size


# --- elements --------------------------------------------------------------------------------------------------------


def arc_lines(arc: Arc, centres: Sequence[float], ground: float) -> list[str]:
    """An arc with its arrow and its label."""
    start, end = (centres[word] + arc.ports[word] for word in (arc.head, arc.dependent))
    roof, way = ground - arc.level * STEP, CORNER if end > start else -CORNER
    path = (
        f"M{start:g} {ground:g}V{roof + CORNER:g}Q{start:g} {roof:g} {start + way:g} {roof:g}"
        f"H{end - way:g}Q{end:g} {roof:g} {end:g} {roof + CORNER:g}V{ground - 2 * ARROW:g}"
    )
    line = f'<path d="{path}" fill="none" stroke="#555"/>'
    return [line, arrow(end, ground), text(arc.label, (start + end) / 2, roof - 3, LABEL_FONT, "#0072b2")]


def arrow(x: float, y: float) -> str:
    """An arrow that points down to (x, y)."""
    return f'<path d="M{x:g} {y:g}l{-ARROW} {-2 * ARROW}h{2 * ARROW}z" fill="#555"/>'


def text(string: str, x: float, y: float, size: int, colour: str) -> str:
    """A text above a white edge, centred at x; characters that XML does not allow are replaced."""
    safe = html.escape(NOT_XML.sub("\N{REPLACEMENT CHARACTER}", string))
    place = f'x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="middle"'
    edge = f'<text {place} stroke="white" stroke-width="3" aria-hidden="true">{safe}</text>'  # a copy below the text
    return f'{edge}<text {place} fill="{colour}">{safe}</text>'
