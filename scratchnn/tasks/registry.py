"""The kinds of runs by name. Each is a module with an object ``KIND``, imported when a command or a run folder names it."""

from __future__ import annotations

import difflib
import importlib

from scratchnn.errors import DataError
from scratchnn.tasks.task import Kind

KINDS = {  # module, and a line for the help
    "lm": ("scratchnn.tasks.lm", "a language model: which token comes next?"),
    "classifier": ("scratchnn.tasks.classifier", "a classifier of texts: one label per text, or several"),
    "tagger": ("scratchnn.tasks.tagger", "a tagger: one tag per word, such as its part of speech, or a name"),
    "seq2seq": ("scratchnn.tasks.seq2seq", "sequence to sequence: a line in, a line out"),
    "forecaster": ("scratchnn.tasks.forecaster", "a forecaster of a series: measurements in a CSV file"),
    "parser": ("scratchnn.tasks.parser", "a parser: a tree over the words of a sentence"),
    "captioner": ("scratchnn.tasks.captioner", "a captioner: a picture in, a caption out"),
    "music": ("scratchnn.tasks.music", "a model that writes tunes in ABC notation"),
    "word2vec": ("scratchnn.tasks.word2vec", "word vectors: words that occur in the same places"),
}


def find_kind(name: object) -> Kind:
    """The kind with that name."""
    if not isinstance(name, str) or name not in KINDS:
        close = difflib.get_close_matches(str(name), KINDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(KINDS)}"
        raise DataError(f"unknown kind {name!r}; {hint}")
    kind: Kind = importlib.import_module(KINDS[name][0]).KIND
    return kind
