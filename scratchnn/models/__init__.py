"""Models by the name of their class, each in a module of its own that is imported when it is needed."""

from __future__ import annotations

import importlib

from scratchnn.core import Model
from scratchnn.errors import CheckpointError

MODELS = {
    "Captioner": "scratchnn.models.captioner",
    "Classifier": "scratchnn.models.classifier",
    "Forecaster": "scratchnn.models.forecaster",
    "LanguageModel": "scratchnn.models.language_model",
    "Parser": "scratchnn.models.parser",
    "Seq2Seq": "scratchnn.models.seq2seq",
    "Tagger": "scratchnn.models.tagger",
    "TuneModel": "scratchnn.models.tune_model",
}


def find_model(name: str) -> type[Model]:
    """The class of a model, as a saved model names it."""
    if name not in MODELS:
        raise CheckpointError(f"unknown model {name!r}; this version of scratchnn has {', '.join(MODELS)}")
    found: type[Model] = getattr(importlib.import_module(MODELS[name]), name)
    return found
