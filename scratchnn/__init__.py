"""Neural networks that read sequences, every forward and backward pass written out by hand."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.2.0"

# What ``from scratchnn import ...`` offers, by the module that defines it; imported when it is first asked for.
PUBLIC = {
    "scratchnn.core": "Layer Model Parameter Sequential",
    "scratchnn.layers": (
        "AttentionPool AveragePool1D AveragePool2D Conv1D Conv2D Dense Dropout Embedding GlobalAveragePool1D "
        "GlobalMaxPool1D LayerNorm MaxPool1D MaxPool2D ReLU Sigmoid Softmax Tanh"
    ),
    "scratchnn.recurrent": "GRU LSTM RNN Bidirectional Stacked",
    "scratchnn.structured": "CRF",
    "scratchnn.optim": "SGD AdaGrad Adam AdamW Cosine Plateau RMSprop StepDecay",
    "scratchnn.text": "Vocabulary join_tokens tokenize",
    "scratchnn.data": "PaddedExamples Pairs PictureCaptions SeriesWindows TokenStreams pad_sequences",
    "scratchnn.training": "Trainer",
    "scratchnn.models.captioner": "Captioner",
    "scratchnn.models.classifier": "Classifier",
    "scratchnn.models.forecaster": "Forecaster",
    "scratchnn.models.language_model": "LanguageModel evaluate_text",
    "scratchnn.models.parser": "Parser",
    "scratchnn.models.seq2seq": "Seq2Seq",
    "scratchnn.models.tagger": "Tagger",
    "scratchnn.models.tune_model": "TuneModel",
    "scratchnn.decoding": "generate",
    "scratchnn.beam": "beam_search",
    "scratchnn.tasks.trained": "load save train",
    "scratchnn.backend.precision": "set_precision",
    "scratchnn.backend.threads": "set_threads",
}
_MODULES = {name: module for module, names in PUBLIC.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used, so that importing the package alone stays light."""
    if name not in _MODULES:
        raise AttributeError(f"module 'scratchnn' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Everything that can be imported from here."""
    return sorted({*globals(), *_MODULES})
