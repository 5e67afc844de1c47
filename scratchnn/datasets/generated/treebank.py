"""English sentences with their dependency trees, generated: which word depends on which is decided by words far apart.

A verb has a subject and often an object; nouns have determiners, adjectives, phrases with a preposition and relative
clauses, and may be joined by "and". Three things cannot be read off the neighbouring words:

    the boy sees the dog with the telescope .        the noun decides: an instrument belongs to the verb (obl) ...
    the boy sees the dog with the collar .           ... and what a noun has belongs to that noun (nmod)
    the dog near the gates barks .                   the subject agrees with its verb, not the nearest noun
    the boys see a dog today that barks .            the relative clause agrees with its noun: dog; its arc crosses the one
    the boys see a dog today that bark .             from sees to today. Here it is the noun boys

About one tree in ten has crossing arcs, as in the last two lines. Labels are those of Universal Dependencies. Sentences are
in lower case, and a full stop is a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from scratchnn.errors import whole_number

T = TypeVar("T")
Tree = tuple[list[str], list[int], list[str]]  # words, their heads, their labels

NOUNS = ("dog", "boy", "girl", "cat", "horse", "farmer", "teacher", "neighbour", "bird", "doctor", "painter", "goat")
OWNED = ("collar", "hat", "ring", "scarf", "tail", "beard")
INSTRUMENTS = ("telescope", "camera", "mirror", "lantern", "drone", "net")
PLACES = ("gate", "river", "barn", "bridge", "market", "well")
SEEING = ("see", "watch", "find", "notice", "follow", "greet")
ALONE = ("bark", "sleep", "laugh", "sing", "work", "wait")
ADJECTIVES = ("old", "young", "small", "tired", "quiet", "clever", "brown", "tall")
ADVERBS = ("today", "often", "quietly", "again", "early", "here")
NEAR = ("near", "behind", "beside")


@dataclass
class Word:
    """A word of a sentence that is being built.

    Attributes:
        form: as it is written.
        label: of the arc to its head.
        head: the word that it depends on; None for the root.
    """

    form: str
    label: str
    head: Word | None = None


def generated_treebank(count: int, seed: int) -> list[Tree]:
    """Sentences with their trees.

    Args:
        count: number of sentences, at least 1.
        seed: seed of all random choices; the same count and seed give the same sentences.

    Returns:
        For each sentence its words, the position of each word's head from 1, 0 for the root, and the label of that arc.

    Raises:
        DataError: ``count`` or ``seed`` is out of range.
    """
    whole_number(count, "generated_treebank: count")
    rng = np.random.default_rng(whole_number(seed, "generated_treebank: seed", 0))
    return [as_tree(sentence(rng)) for _ in range(count)]


def as_tree(words: Sequence[Word]) -> Tree:
    """The sentence with heads as positions."""
    position = {id(word): d for d, word in enumerate(words, start=1)}
    heads = [0 if word.head is None else position[id(word.head)] for word in words]
    return [word.form for word in words], heads, [word.label for word in words]


# --- the grammar -----------------------------------------------------------------------------------------------------


def sentence(rng: np.random.Generator) -> list[Word]:
    """Subject, verb, and what else belongs to the verb."""
    plural = bool(rng.integers(2))
    subject, noun = noun_phrase(plural, "nsubj", rng)
    if chance(0.25, rng):
        verb = Word(inflected(pick(ALONE, rng), plural), "root")
        words = [*subject, verb]
    else:
        verb = Word(inflected(pick(SEEING, rng), plural), "root")
        other = not plural if (apart := chance(0.15, rng)) else bool(rng.integers(2))
        found, seen = noun_phrase(other, "obj", rng, simple=apart)
        seen.head = verb
        words = [*subject, verb, *found]
        if apart:  # "... today that barks": a clause away from its noun, which its number decides
            adverb = Word(pick(ADVERBS, rng), "advmod", verb)
            owner, number = (noun, plural) if rng.integers(2) else (seen, other)
            words += [adverb, *relative_clause(owner, number, rng)]
        elif chance(0.3, rng):
            instrument = chance(0.5, rng)
            kind = INSTRUMENTS if instrument else OWNED
            phrase = prepositional("with", kind, "obl" if instrument else "nmod", rng)
            phrase[-1].head = verb if instrument else seen
            words += phrase
    noun.head = verb
    if len(words) < 12 and chance(0.2, rng):
        words.append(Word(pick(ADVERBS, rng), "advmod", verb))
    return [*words, Word(".", "punct", verb)]


def noun_phrase(plural: bool, label: str, rng: np.random.Generator, simple: bool = False) -> tuple[list[Word], Word]:
    """The words of a noun phrase and its noun; a ``simple`` one ends in its noun."""
    noun = Word(pick(NOUNS, rng) + "s" * plural, label)
    words = [Word("the" if plural or rng.integers(2) else "a", "det", noun)]
    words += [Word(adjective, "amod", noun) for adjective in several(ADJECTIVES, rng)]
    words.append(noun)
    if not simple and chance(0.2, rng):
        phrase = prepositional(pick(NEAR, rng), PLACES, "nmod", rng)
        phrase[-1].head = noun
        words += phrase
    elif not simple and chance(0.15, rng):
        words += relative_clause(noun, plural, rng)
    elif plural and not simple and chance(0.2, rng):  # "the dogs and the cat", which is plural too
        more = Word(pick(NOUNS, rng), "conj", noun)
        words += [Word("and", "cc", more), Word("the", "det", more), more]
    return words, noun


def prepositional(preposition: str, nouns: Sequence[str], label: str, rng: np.random.Generator) -> list[Word]:
    """A preposition and a noun phrase; the last word is its noun."""
    plural = bool(rng.integers(2))
    noun = Word(pick(nouns, rng) + "s" * plural, label)
    return [Word(preposition, "case", noun), Word("the", "det", noun), noun]


def relative_clause(noun: Word, plural: bool, rng: np.random.Generator) -> list[Word]:
    """A clause about a noun, which is the subject of its verb."""
    verb = Word(inflected(pick(ALONE, rng), plural), "acl:relcl", noun)
    return [Word("that", "nsubj", verb), verb]


def inflected(verb: str, plural: bool) -> str:
    """The verb in the present tense, as it agrees with its subject."""
    return verb if plural else verb + ("es" if verb.endswith("ch") else "s")


# --- random choices --------------------------------------------------------------------------------------------------


def chance(p: float, rng: np.random.Generator) -> bool:
    """True with probability ``p``."""
    return bool(rng.random() < p)


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def several(options: Sequence[T], rng: np.random.Generator) -> list[T]:
    """None to two of the options."""
    return [options[int(k)] for k in rng.choice(len(options), int(rng.choice(3, p=(0.5, 0.35, 0.15))), replace=False)]
