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
import os
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn import __version__
from scratchnn.core import Layer
from scratchnn.errors import CheckpointError, DataError
from scratchnn.files import write_atomically
from scratchnn.models.language_model import LanguageModel, model_settings
from scratchnn.text import Vocabulary
from scratchnn.text.tokens import LEVELS
from scratchnn.training.checkpoint import load_arrays, save_arrays


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.settings = self.path / "settings.json"
        self.vocabulary = self.path / "vocabulary.json"
        self.checkpoint = self.path / "checkpoint.npz"
        self.model = self.path / "model.npz"
        self.history = self.path / "history.csv"

    def holds_run(self) -> bool:
        """Whether there is a file that would be lost if another run were written here."""
        # os.path.exists, unlike Path.exists, takes a path that cannot be looked at for one that is not there
        return any(os.path.exists(path) for path in (self.settings, self.checkpoint, self.model))

    def check_free(self) -> None:
        """Raise unless a new run may be written here."""
        if self.holds_run():
            raise DataError(f"{self.path} already holds a run; choose another --out, or continue it with --resume")

    def create(self, resume: bool) -> None:
        """Make the folder. One that holds a run is an error unless that run is to be resumed."""
        if os.path.exists(self.path) and not self.path.is_dir():
            raise DataError(f"{self.path} is a file, not a folder")
        if not resume:
            self.check_free()
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
        except OSError as error:
            raise DataError(f"cannot read {self.settings}: {error.strerror or error}") from None
        except ValueError as error:
            raise DataError(f"{self.settings} is not a settings file: {error}") from None
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
        if settings.get("level") not in LEVELS:
            raise DataError(f"{self.settings}: level must be one of {', '.join(LEVELS)}, got {settings.get('level')!r}")
        vocabulary = Vocabulary.load(self.vocabulary)
        if not os.path.exists(self.model):
            raise DataError(f"{self.path} holds no {self.model.name} yet: no epoch has ended; continue it with --resume")
        arrays, meta = load_arrays(self.model)
        if meta.get("kind") != LanguageModel.__name__:
            raise CheckpointError(f"{self.model} holds {meta.get('kind')!r}, not a {LanguageModel.__name__}")
        try:
            model = LanguageModel(len(vocabulary), **model_settings(settings), rng=np.random.default_rng(0))
        except KeyError as error:
            raise DataError(f"{self.settings} lacks {error}") from None
        model.load_state_dict(arrays)
        model.evaluate()
        return model, vocabulary, settings
