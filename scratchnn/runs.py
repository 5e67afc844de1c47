"""A run folder: everything that one training run leaves behind, where a person expects it.

settings.json     what was asked for, with the version
vocabulary.json   which token has which id
checkpoint.npz    the latest state of the run, to go on from
model.npz         the parameters: of the epoch with the best validation loss
history.csv       loss, learning rate, gradient norm, speed
*.png             figures
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn import __version__
from scratchnn.checkpoint import load_arrays, save_arrays
from scratchnn.core import Layer
from scratchnn.errors import CheckpointError, DataError
from scratchnn.files import write_atomically
from scratchnn.models.language_model import LanguageModel, model_settings
from scratchnn.text import Vocabulary


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.settings = self.path / "settings.json"
        self.vocabulary = self.path / "vocabulary.json"
        self.checkpoint = self.path / "checkpoint.npz"
        self.model = self.path / "model.npz"
        self.history = self.path / "history.csv"

    def create(self, resume: bool) -> None:
        """Make the folder. One that holds a run is an error unless that run is to be resumed."""
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"{self.path} is a file, not a folder")
        if self.settings.exists() and not resume:
            raise DataError(f"{self.path} already holds a run; choose another --out, or continue it with --resume")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot create {self.path}: {error.strerror or error}") from None

    def write_settings(self, settings: dict[str, Any]) -> None:
        """Settings as JSON, with the version that wrote them."""
        document = json.dumps({"version": __version__, **settings}, indent=2, ensure_ascii=False) + "\n"
        write_atomically(self.settings, document.encode("utf-8"))

    def read_settings(self) -> dict[str, Any]:
        """The settings of the run in this folder."""
        try:
            settings = json.loads(self.settings.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"{self.path} holds no run (no {self.settings.name})") from None
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {self.settings}: {error}") from None
        if not isinstance(settings, dict):
            raise DataError(f"{self.settings} is not a settings file")
        return settings

    def save_model(self, model: Layer) -> None:
        """The parameters alone."""
        save_arrays(self.model, model.state_dict(), {"kind": type(model).__name__})

    def load_language_model(self) -> tuple[LanguageModel, Vocabulary, dict[str, Any]]:
        """Model in evaluation mode, vocabulary and settings of a run of ``train lm``."""
        settings = self.read_settings()
        if settings.get("kind") != "lm":
            raise DataError(f"{self.path} holds no language model but {settings.get('kind')!r}")
        vocabulary = Vocabulary.load(self.vocabulary)
        if not self.model.exists():
            raise DataError(f"{self.path} holds no {self.model.name} yet: no epoch has ended; continue it with --resume")
        arrays, meta = load_arrays(self.model)
        if meta.get("kind") != LanguageModel.__name__:
            raise CheckpointError(f"{self.model} holds {meta.get('kind')!r}, not a {LanguageModel.__name__}")
        try:
            sizes = model_settings(settings)
        except KeyError as error:
            raise DataError(f"{self.settings} lacks {error}") from None
        model = LanguageModel(len(vocabulary), **sizes, rng=np.random.default_rng(0))
        model.load_state_dict(arrays)
        model.evaluate()
        return model, vocabulary, settings
