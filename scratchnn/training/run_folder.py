"""A run folder: everything that one training run leaves behind, where a person expects it.

settings.json     what was asked for, with the version
NAME.json         the parts of the model besides its parameters: a vocabulary, the names of the classes ...
checkpoint.npz    the latest state of the run, to go on from
model.npz         the parameters of the best epoch, the model's config, and the digests of its parts
history.csv       loss and other figures, learning rate, gradient norm, speed
*.png             figures

The digests tie the parts to the model: a part that was changed, or belongs to another model, is an error, since its ids
would mean something else.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from scratchnn import __version__
from scratchnn.core import Model
from scratchnn.errors import CheckpointError, DataError
from scratchnn.files import remove_unfinished, write_atomically
from scratchnn.folder_lock import FolderLock
from scratchnn.training.checkpoint import load_arrays, save_arrays

FORMATS = {  # of parts: first words of "format"
    "scratchnn vocabulary": ("scratchnn.text.vocabulary", "Vocabulary"),
    "scratchnn scale": ("scratchnn.series.scale", "Scale"),
    "scratchnn baselines": ("scratchnn.series.baselines", "Baselines"),
}


class Part(Protocol):
    """What belongs to a model besides its parameters.

    Its class is found by the ``format`` in its JSON file (``FORMATS``), and needs a class method ``load(path)``.
    """

    def save(self, path: str | Path) -> None:
        """Write as JSON, with the key ``format``."""

    def digest(self) -> str:
        """A short digest of the content."""


Parts = dict[str, Any]  # by name; any object that is a Part


class SavedSettings(dict[str, Any]):
    """Settings as they were read from a file; a setting that the file does not have is an error of the user's."""

    def __init__(self, values: Mapping[str, Any], path: Path):
        super().__init__(values)
        self.path = path

    def __missing__(self, name: str) -> Any:
        raise DataError(f"{self.path} lacks {name!r}; restore the file, or save the model with {name}=...")


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.settings = self.path / "settings.json"
        self.checkpoint = self.path / "checkpoint.npz"
        self.model = self.path / "model.npz"
        self.history = self.path / "history.csv"
        self.figure = self.path / "loss.png"
        self.lock: FolderLock | None = None  # inside ``locked``

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No other process trains in this folder during the ``with`` block; a new folder is locked by ``create``."""
        busy = f"another process is training in {self.path}; wait until it has ended, or choose another --out"
        self.lock = lock = FolderLock(self.path, busy)
        try:
            if os.path.isdir(self.path):
                lock.acquire()
            yield
        finally:
            lock.release()
            self.lock = None

    def has_run(self) -> bool:
        """Whether there is a file that would be lost if another run were written here."""
        # os.path.exists, unlike Path.exists, is False for a path that cannot be looked at
        return any(os.path.exists(path) for path in (self.settings, self.checkpoint, self.model))

    def unreported(self, table: bytes) -> bool:
        """Whether the history is another ``table``, or the figure is missing or older than the checkpoint.

        A run that is stopped after its last checkpoint leaves it so. The history is written last, since the times of
        files do not survive a copy.
        """
        try:
            if self.figure.stat().st_mtime_ns < self.checkpoint.stat().st_mtime_ns:
                return True
            return self.history.read_bytes() != table
        except OSError:
            return True

    def check_free(self) -> None:
        """Raise unless a new run may be written here."""
        if self.has_run():
            raise DataError(f"{self.path} already contains a run; choose another --out, or continue it with --resume")

    def create(self, resume: bool) -> None:
        """Make the folder. A run that is there is an error unless it is to be resumed. Inside ``locked``, lock it."""
        if os.path.exists(self.path) and not os.path.isdir(self.path):
            raise DataError(f"{self.path} is a file, not a folder")
        if not resume:
            self.check_free()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot create {self.path}: {error.strerror or error}") from None
        if self.lock is None:
            return
        if not self.lock.asked:
            self.lock.acquire()
            self.check_free()  # another process may have been faster
        if self.lock.held:
            remove_unfinished(self.path)

    def discard(self) -> None:
        """Remove the folder again, which is still empty."""
        if self.lock is not None:
            self.lock.release()
        self.path.rmdir()

    # --- settings ----------------------------------------------------------------------------------------------------

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Settings as JSON, with the version that wrote them."""
        document = json.dumps({"version": __version__, **settings}, indent=2, ensure_ascii=False) + "\n"
        # a file name that is not UTF-8 has lone surrogates; their escapes are read back as the same name
        write_atomically(self.settings, document.encode("utf-8", "backslashreplace"))

    def read_settings(self) -> dict[str, Any]:
        """The settings of the run in this folder."""
        try:
            settings = json.loads(self.settings.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"{self.path} contains no run (no {self.settings.name})") from None
        except OSError as error:
            raise DataError(f"cannot read {self.settings}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.settings} is not a settings file: {error}") from None
        if not isinstance(settings, dict):
            raise DataError(f"{self.settings} is not a settings file")
        return SavedSettings(settings, self.settings)

    def settings_to_resume(self, kind: str) -> dict[str, Any]:
        """The settings of the run to continue, which has to be of that kind; empty if there is none yet."""
        saved = self.read_settings() if os.path.exists(self.settings) else {}
        if saved.get("kind", kind) != kind:
            raise CheckpointError(f"{self.path} contains a run of train {saved['kind']}, not of train {kind}")
        without_data = saved and "data_digest" not in saved and not os.path.exists(self.checkpoint)
        if "text_digest" in saved or (without_data and os.path.exists(self.model)):
            origin = "was written by scratchnn 0.1" if "text_digest" in saved else "was saved from Python"
            raise CheckpointError(
                f"{self.path} {origin} and cannot be resumed; evaluate, predict and sample can use its model; choose "
                "another --out to train anew"
            )
        return saved

    # --- the model and its parts -------------------------------------------------------------------------------------

    def save_parts(self, parts: Parts) -> None:
        """Each part in a file of its own."""
        for name, part in parts.items():
            part.save(self.path / f"{name}.json")

    def save_model(self, model: Model, parts: Parts) -> None:
        """Parameters, config and the parts' digests in one file."""
        check_config(model)
        digests = {name: part.digest() for name, part in parts.items()}
        meta = {"kind": type(model).__name__, "config": model.config, "parts": digests}
        save_arrays(self.model, model.state_dict(), meta)

    def read_model(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The parameters by name, and ``kind`` (the model's class), ``config`` and ``parts`` (digests by name)."""
        if not os.path.exists(self.model):
            raise DataError(f"{self.path} has no {self.model.name} yet: no epoch has ended; continue it with --resume")
        arrays, meta = load_arrays(self.model)
        if not isinstance(meta.get("kind"), str):
            raise CheckpointError(f"{self.model} contains no model; restore the file, or train anew")
        return arrays, meta

    def load_parts(self, names: Iterable[str], digests: Mapping[str, str]) -> Parts:
        """The parts with these names, each compared with its digest, if there is one."""
        parts = {name: load_part(self.path / f"{name}.json") for name in names}
        for name, part in parts.items():
            if digests.get(name, part.digest()) != part.digest():
                raise DataError(
                    f"{self.path / name}.json is not the one that {self.model.name} was trained with; restore the file "
                    "that belongs to this run, or train anew"
                )
        return parts


def check_config(model: Model) -> None:
    """Raise unless the model has a ``config``, from which it can be built again."""
    if not hasattr(model, "config"):
        raise DataError(f"{type(model).__name__} has no config to build it again from; set self.config in __init__")


def load_part(path: Path) -> Any:
    """The part in a file, by the format that it names."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from None
    name = document.get("format") if isinstance(document, dict) else None
    for known, (module, part) in FORMATS.items():
        if isinstance(name, str) and name.startswith(known):
            return getattr(importlib.import_module(module), part).load(path)
    raise DataError(f"{path} is no part of a model that this version of scratchnn can read")
