"""Tags of entities: IOB1, IOB2 and IOBES; what they mark, which scheme they are, and which may follow each other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.text.schemes import SCHEMES, Entity, allowed_transitions, convert, detect_scheme, entities, entity_tags

# "Ann met Bo Li in Oslo Lima ," of the docstring
EXAMPLE = {
    "IOB1": "I-PER O I-PER I-PER I-LOC B-LOC O",
    "IOB2": "B-PER O B-PER I-PER B-LOC B-LOC O",
    "IOBES": "S-PER O B-PER E-PER S-LOC S-LOC O",
}
ENTITIES = [Entity("PER", 0, 1), Entity("PER", 2, 4), Entity("LOC", 4, 5), Entity("LOC", 5, 6)]


@st.composite
def entity_lists(draw):
    """Entities in order and apart, and the number of tokens."""
    pieces = draw(st.lists(st.tuples(st.sampled_from(["", "X", "Y"]), st.integers(1, 3)), max_size=6))
    found, place = [], 0
    for kind, length in pieces:
        if kind:
            found.append(Entity(kind, place, place + length))
        place += length
    return found, place


def where(n, t):
    return f"sentence {n}, token {t}"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_example(scheme):
    tags = EXAMPLE[scheme].split()
    assert entities(tags) == ENTITIES
    assert detect_scheme([tags], where) == scheme
    assert [convert(tags, other) for other in SCHEMES] == [EXAMPLE[other].split() for other in SCHEMES]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(entity_lists())
def test_tags_of_entities_mark_these_entities(scheme, drawn):
    found, length = drawn
    assert entities(entity_tags(found, length, scheme)) == found


@pytest.mark.parametrize("prefixes", ["OBI", "OBIES", "OI"])
@settings(deadline=None)  # importing seqeval takes seconds
@given(data=st.data())
def test_any_sequence_is_counted_as_seqeval_counts(prefixes, data):
    labelling = pytest.importorskip("seqeval.metrics.sequence_labeling")
    parts = st.tuples(st.sampled_from(prefixes), st.sampled_from("XY"))
    tags = ["O" if prefix == "O" else f"{prefix}-{kind}" for prefix, kind in data.draw(st.lists(parts, max_size=8))]
    expected = [Entity(kind, start, last + 1) for kind, start, last in labelling.get_entities(tags)]
    assert entities(tags) == expected


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "E-Y", "S-Y"]), min_size=1, max_size=5))
def test_iobes_allows_exactly_what_marks_entities(tags):
    known = sorted(set(tags))
    transitions, start, end = allowed_transitions(known)
    ids = [known.index(tag) for tag in tags]
    inner = all(transitions[i, j] for i, j in itertools.pairwise(ids))
    assert (inner and start[ids[0]] and end[ids[-1]]) == (convert(tags, "IOBES") == tags)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["NOUN VERB", "O"], None),
        (["O O"], None),
        (["B-X B-X O", "B-Y"], "IOB2"),
        (["I-X", "I-X B-X I-X"], "IOB1"),
        (["S-X", "O"], "IOBES"),
        (["B-X E-X B-X I-X E-X"], "IOBES"),
        (["B-X"], "IOB2"),
        (["B-a-b I-a-b O"], "IOB2"),
    ],
)
def test_detection(tags, scheme):
    assert detect_scheme([one.split() for one in tags], where) == scheme


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            ["O", "O I-X", "B-X"],
            r"sentence 1, token 1: an entity begins with I-X, as in IOB1, but at sentence 2, token 0",
        ),
        (["B-X I-Y"], r"sentence 0, token 1: an entity begins with I-Y, as in IOB1, but at sentence 0, token 0 one begins"),
        (
            ["S-X", "B-X O"],
            "sentence 1, token 0: O follows B-X, which IOBES does not allow, the scheme at sentence 0",
        ),
        (["S-X", "O I-X E-X"], "sentence 1, token 0: I-X follows O"),
        (["S-X", "O B-X"], "sentence 1, token 1: a sentence ends with B-X"),
        (["E-X"], "sentence 0, token 0: a sentence begins with E-X"),
        (["O B-X", "O PER"], "sentence 1, token 1: the tag 'PER' is neither O nor B-, I-, E- or S- and a type"),
    ],
)
def test_what_no_scheme_allows_is_named_with_its_place(tags, message):
    with pytest.raises(DataError, match=rf"\A{message}[^\n]*\Z"):
        detect_scheme([one.split() for one in tags], where)
