"""Trained models as a whole: the model, what its answers need besides its parameters, and the files that they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import threads_for
from scratchnn.core import Model
from scratchnn.errors import DataError
from scratchnn.models import find_model
from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.task import Kind, Task
from scratchnn.training.checkpoint import damage_in
from scratchnn.training.products import product_size
from scratchnn.training.run_folder import Parts, RunFolder, check_config
from scratchnn.training.settings import Setting, Values, training_settings


class Trained:
    """A trained model with its parts, as ``load`` returns it.

    Attributes:
        model: in evaluation mode.
        parts: what belongs to it, by name: vocabularies, names of classes ...
        settings: of the run.
        kind: what sort of run it is; ``None`` for a model that was saved from Python without settings.
        place: where it was loaded from, for messages.
    """

    def __init__(self, model: Any, parts: Parts, settings: Values, kind: Kind | None, place: str):
        self.model, self.parts, self.settings, self.kind, self.place = model, parts, settings, kind, place

    def __repr__(self) -> str:
        """Model and parts, one per line."""
        lines = [f"{self.place}: {'a model' if self.kind is None else self.kind.title}", f"  model: {self.model!r}"]
        return "\n".join(lines + [f"  {name}: {part!r}" for name, part in self.parts.items()])

    def evaluate(self, *files: str | Path) -> dict[str, float]:
        """Named figures of labelled files."""
        task = self.known_kind()
        if not files:
            raise DataError("no data: pass one or more files")
        if not isinstance(task, Task):
            raise DataError(f"{self.place} contains {task.title}, which has no figures of labelled files")
        examples = task.examples([str(file) for file in files], self.settings, self.parts)
        with self.threads():
            return task.evaluate(self.model, examples, self.settings, self.parts)

    def predict(self, lines: Iterable[str], **options: Any) -> list[str]:
        """The answers to lines of input, one for each; ``options`` are those of the kind's ``prediction``."""
        if isinstance(lines, str):
            raise DataError("predict needs a list of texts, got one string; pass [text]")
        lines = list(lines)
        if (n := next((n for n, line in enumerate(lines) if not isinstance(line, str)), None)) is not None:
            raise DataError(f"predict needs a list of texts, got {type(lines[n]).__name__} at position {n}")
        kind = self.known_kind()
        with self.threads():
            return list(kind.predict(self, lines, checked("predict", kind, kind.prediction, options)))

    def sample(self, prompt: str = "", **options: Any) -> str:
        """The prompt and what the model writes after it; ``options`` are those of the kind's ``sampling``."""
        kind = self.known_kind()
        with self.threads():
            return kind.sample(self, prompt, checked("sample", kind, kind.sampling, options))

    def threads(self) -> AbstractContextManager[None]:
        """A ``with`` block in which matrix products have as many threads as in the training of the model."""
        N = self.settings.get("batch_size", 1)
        return threads_for(product_size(self.model, N) if isinstance(self.model, Model) else math.inf)

    def known_kind(self) -> Kind:
        """The kind; an error if the model was saved without one."""
        if self.kind is None:
            raise DataError(f"{self.place} was saved without a kind; use its model, or save it with kind=...")
        return self.kind


def checked(verb: str, kind: Kind, settings: Iterable[Setting], options: Values) -> Values:
    """All settings of a verb by name: those in ``options``, checked; the default of one that is None or left out."""
    values = {setting.name: setting.default for setting in settings}
    if unknown := [name for name in options if name not in values]:
        raise DataError(f"{verb} has no option {unknown[0]!r} for {kind.title}; it has {', '.join(values) or 'none'}")
    values |= {name: value for name, value in options.items() if value is not None}
    for setting in settings:
        setting.check(values[setting.name])
    return values


def train(kind: str, out: str | Path, *, resume: bool = False, device: str = "cpu", **settings: Any) -> Trained:
    """What ``python -m scratchnn train`` does, from Python; the trained model is returned as ``load`` returns it.

    Args:
        kind: of run: ``"classifier"``, ``"lm"`` ...
        out: run folder.
        resume: whether to continue the run that is there.
        device: ``"cpu"`` or ``"gpu"``.
        settings: those of the kind, by the names that they have in ``settings.json``: ``data="my.csv", hidden_size=50``.

    Raises:
        DataError: a setting is unknown or has a value that is not allowed, or the data cannot be read.
    """
    found = find_kind(kind)
    known = {setting.name: setting for setting in found.settings}
    if unknown := [name for name in settings if name not in known]:
        raise DataError(f"train {kind} has no setting {unknown[0]!r}; it has {', '.join(known)}")
    given: Values = {}
    for name, value in settings.items():
        if known[name].many and value is not None:
            given[name] = [str(part) for part in ([value] if isinstance(value, str | Path) else value)]
        else:
            given[name] = str(value) if isinstance(value, Path) else value
    found.train(given, RunFolder(out), resume, device)
    return load(out)


def load(path: str | Path) -> Trained:
    """The trained model in a run folder, whatever its kind, ready to be used.

    Raises:
        DataError, CheckpointError: there is no run, or its files do not belong together.
    """
    folder = RunFolder(path)
    settings = folder.read_settings()
    kind = None
    if settings.get("kind") is not None:
        try:
            kind = find_kind(settings["kind"])
        except DataError as error:
            raise DataError(f"{folder.settings}: {error}") from None
    with damage_in(folder.path):
        return load_model(None, folder, settings) if kind is None else kind.load(folder, settings)


def load_model(task: Task | None, folder: RunFolder, settings: Values) -> Trained:
    """Parts and model of a folder; ``task`` is that of its settings, if they name one."""
    arrays, meta = folder.read_model()
    digests = meta.get("parts")
    if task is None or digests is not None:
        digests = digests or {}
        parts = folder.load_parts(digests, digests)
    else:  # scratchnn 0.1 wrote no digests
        parts = folder.load_parts(task.part_names, {})
    cls: type[Model] = find_model(meta["kind"])
    if task is not None:
        if not issubclass(cls, task.model):
            raise DataError(f"{folder.model} contains a {cls.__name__}, but {folder.settings.name} says {task.title}")
        check_for(task, settings, parts, str(folder.path))
    try:
        config = task.config(settings, parts) if "config" not in meta and task is not None else meta["config"]
        model = cls.from_config(config, np.random.default_rng(0))
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder.path} does not say how its model is built: {error}") from None
    model.load_state_dict(arrays)
    model.evaluate()
    return Trained(model, parts, settings, task, str(folder.path))


def save(path: str | Path, model: Model, parts: Parts | None = None, **settings: Any) -> None:
    """Save a model that was trained in Python, so that ``load`` and the commands can use it.

    Args:
        path: a folder; one that already contains a run is an error.
        model: any model of the package.
        parts: what belongs to it, by name: ``{"vocabulary": vocabulary}``.
        settings: what its task has to know to evaluate and predict: ``kind="lm", level="char"``. Settings of training
            that are left out have their defaults.
    """
    parts = parts or {}
    check_config(model)
    if settings.get("kind") is not None:
        task = find_kind(settings["kind"])
        if not isinstance(task, Task) or not isinstance(model, task.model):
            raise DataError(f"kind {task.name!r} is {task.title}, not a {type(model).__name__}")
        settings = {setting.name: setting.default for setting in training_settings(task.defaults, {})} | settings
        check_for(task, settings, parts, "save")
        if unknown := settings.keys() - {"kind", *(setting.name for setting in task.settings)}:
            raise DataError(f"{task.name} has no setting {min(unknown)!r}")
    folder = RunFolder(path)
    with folder.locked():
        folder.create(resume=False)
        folder.save_parts(parts)
        folder.write_settings(settings)
        folder.save_model(model, parts)


def check_for(task: Task, settings: Values, parts: Parts, place: str) -> None:
    """Raise unless the parts are those of the task, and each setting that is there has a value that is allowed."""
    if missing := [name for name in task.part_names if name not in parts]:
        raise DataError(f"{place}: {task.title} needs the part {missing[0]!r}, got {', '.join(parts) or 'none'}")
    for setting in task.settings:
        if setting.name in settings:
            setting.check(settings[setting.name])
