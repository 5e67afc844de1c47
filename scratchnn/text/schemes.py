"""Tags that mark entities, token by token: IOB1, IOB2 and IOBES.

A tag is O, outside of every entity, or a prefix and the type of an entity:

    words    Ann   met   Bo    Li    Oslo  Lima  ,
    IOB1     I-PER O     I-PER I-PER I-LOC B-LOC O       B- only where an entity follows one of the same type
    IOB2     B-PER O     B-PER I-PER B-LOC B-LOC O       B- at the first token of every entity
    IOBES    S-PER O     B-PER E-PER S-LOC S-LOC O       E- at the last token of several, S- at a single one

A tag t starts an entity if it is not O and one of these holds; every further tag continues the entity:

    the prefix of t is B or S;   the tag before is O, or there is none;   its prefix is E or S;   its type is another   (1)

This is how the program conlleval counts, for all schemes, also for sequences that no scheme allows, which a tagger that
decides word by word can predict. Ramshaw and Marcus (1995) for IOB1; Tjong Kim Sang and Veenstra (1999) for IOB2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from scratchnn.errors import DataError

SCHEMES = ("IOB1", "IOB2", "IOBES")
OUTSIDE = "O"
TAG = re.compile(r"([BIES])-(.+)", re.DOTALL)
PREFIXED = re.compile(r"[A-Za-z][-_].")  # beside O, a tag of a scheme that is not read, such as U-PER or B_PER


class Entity(NamedTuple):
    """An entity: its type, and its first token and the one after its last."""

    type: str
    start: int
    stop: int


@cache
def parse_tag(tag: str) -> tuple[str, str]:
    """Prefix and type of a tag; ``("O", "")`` for the tag O and for any other that has no prefix."""
    found = TAG.fullmatch(tag)
    return (found[1], found[2]) if found else (OUTSIDE, "")


def starts(before: tuple[str, str], now: tuple[str, str]) -> bool:
    """Equation (1) for two parsed tags."""
    return now[0] != OUTSIDE and (now[0] in "BS" or before[0] in "OES" or before[1] != now[1])


def entities(tags: Sequence[str]) -> list[Entity]:
    """The entities of a sentence, in any scheme."""
    found: list[Entity] = []
    before = (OUTSIDE, "")
    for t, tag in enumerate(tags):
        now = parse_tag(tag)
        if starts(before, now):
            found.append(Entity(now[1], t, t + 1))
        elif now[0] != OUTSIDE:
            found[-1] = found[-1]._replace(stop=t + 1)
        before = now
    return found


def entity_tags(found: Sequence[Entity], length: int, scheme: str) -> list[str]:
    """The tags (T,) of entities, which must be in order and apart, in a sentence of ``length`` tokens."""
    tags, before = [OUTSIDE] * length, Entity("", 0, 0)
    for entity in found:
        kind, start, stop = entity
        tags[start:stop] = [f"I-{kind}"] * (stop - start)
        if scheme != "IOB1" or (before.type == kind and before.stop == start):
            tags[start] = f"B-{kind}"
        if scheme == "IOBES":
            tags[stop - 1] = f"E-{kind}" if stop - start > 1 else f"S-{kind}"
        before = entity
    return tags


def convert(tags: Sequence[str], scheme: str) -> list[str]:
    """Tags of any scheme in another one."""
    return entity_tags(entities(tags), len(tags), scheme)


# --- which scheme is it? ---------------------------------------------------------------------------------------------


def detect_scheme(sentences: Sequence[Sequence[str]], where: Callable[[int, int], str]) -> str | None:
    """The scheme of the tags of one file.

    Args:
        sentences: the tags of each sentence.
        where: for messages, the place of token t of sentence n, such as a file and a line.

    Returns:
        One of ``SCHEMES``; IOB2 if the tags are both IOB1 and IOB2. None if the tags mark no entities, as parts of speech.

    Raises:
        DataError: a sequence is possible in no scheme, or sequences of two schemes are mixed.
    """
    if not _marks_entities(sentences, where):
        return None
    seen: dict[str, tuple[int, int]] = {}  # what has been seen where
    for n, tags in enumerate(sentences):
        before = (OUTSIDE, "")
        for t, tag in enumerate(tags):
            now = parse_tag(tag)
            follows = before[0] in "BI" and before[1] == now[1]
            if now[0] in "ES":
                seen.setdefault("ES", (n, t))
            if now[0] == "I" and not follows:
                seen.setdefault("I first", (n, t))
            if now[0] == "B" and not follows:
                seen.setdefault("B first", (n, t))
            before = now
    if "ES" in seen:
        _check_iobes(sentences, where, where(*seen["ES"]))
        return "IOBES"
    if "I first" in seen and "B first" in seen:
        inside, begin = (sentences[n][t] for n, t in (seen["I first"], seen["B first"]))
        raise DataError(
            f"{where(*seen['I first'])}: an entity begins with {inside}, as in IOB1, but at {where(*seen['B first'])} one "
            f"begins with {begin}, as in IOB2; correct the tags, or convert the file to one scheme"
        )
    return "IOB1" if "I first" in seen else "IOB2"


def _marks_entities(sentences: Sequence[Sequence[str]], where: Callable[[int, int], str]) -> bool:
    """Whether the tags are those of entities; raises if only some are."""
    tags = {tag for one in sentences for tag in one}
    marks = {tag for tag in tags if TAG.fullmatch(tag)}
    others = tags - marks - {OUTSIDE}
    if OUTSIDE not in tags:
        return bool(marks) and not others
    if not marks and not (others and all(PREFIXED.match(tag) for tag in others)):
        return False
    if others:
        n, t = next((n, t) for n, one in enumerate(sentences) for t, tag in enumerate(one) if tag in others)
        raise DataError(
            f"{where(n, t)}: the tag {sentences[n][t]!r} is neither O nor B-, I-, E- or S- and a type; convert the tags"
        )
    return True


def _check_iobes(sentences: Sequence[Sequence[str]], where: Callable[[int, int], str], evidence: str) -> None:
    """Raise unless all sequences are possible in IOBES."""
    for n, tags in enumerate(sentences):
        for t, (tag, following) in enumerate(zip(tags, [*tags[1:], OUTSIDE], strict=True)):
            if not may_follow(tag, following) or (t == 0 and not may_follow(OUTSIDE, tag)):
                first = t == 0 and not may_follow(OUTSIDE, tag)
                what = f"a sentence begins with {tag}" if first else f"{following} follows {tag}"
                what = f"a sentence ends with {tag}" if not first and t == len(tags) - 1 else what
                raise DataError(
                    f"{where(n, t)}: {what}, which IOBES does not allow, the scheme at {evidence}; correct the tags, or "
                    "convert the file to one scheme"
                )


# --- transitions -----------------------------------------------------------------------------------------------------


def may_follow(tag: str, following: str) -> bool:
    """Whether IOBES allows one tag after another; O stands for the outside before and after a sentence too."""
    (prefix, kind), (next_prefix, next_kind) = parse_tag(tag), parse_tag(following)
    if prefix in "BI":
        return next_prefix in "IE" and next_kind == kind
    return next_prefix in "OBS"


def allowed_transitions(tags: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which transitions, first and last tags IOBES allows: booleans (K, K), (K,) and (K,)."""
    transitions = np.array([[may_follow(tag, following) for following in tags] for tag in tags])
    start = np.array([may_follow(OUTSIDE, tag) for tag in tags])
    end = np.array([may_follow(tag, OUTSIDE) for tag in tags])
    return transitions, start, end
