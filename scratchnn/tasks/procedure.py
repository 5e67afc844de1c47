"""How every task is trained: settings, data, model, optimizer, training with checkpoints, and the best model kept."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchnn.backend import move
from scratchnn.errors import DataError
from scratchnn.inspection.summary import summary
from scratchnn.plot import save_figure
from scratchnn.tasks.pretrained import check_sizes
from scratchnn.tasks.task import Task
from scratchnn.tasks.trained import Trained, load
from scratchnn.terminal import WIDTH, wrapped
from scratchnn.training import Trainer
from scratchnn.training.figure import plot_history
from scratchnn.training.reports import Reports
from scratchnn.training.run_folder import RunFolder
from scratchnn.training.settings import RATES, Values, changed, choose, make_optimizer, other_data

FIGURE_EVERY = 10.0  # seconds of training between two drawings of its figure, which take a third of a second


def train(task: Task, given: Mapping[str, Any], folder: RunFolder, resume: bool, device: str) -> None:
    """Train, or continue to train; see ``Kind.train``. Nothing is written before the first step can be made."""
    check_names(task, given)
    if not resume:
        folder.check_free()
    saved = folder.settings_to_resume(task.name) if resume else {}
    start = find_start(task, given, saved, folder)
    settings = settle(task, given, saved if start is None else {**inherit(task, given, start), **saved}, folder)
    known = None if start is None else start.parts
    if settings["start"] is not None and os.path.exists(folder.checkpoint):
        known = folder.load_parts(task.part_names, {})
    data = task.read(settings, known)
    check_sizes(task.own, given, settings)
    settings["data_digest"] = data.digest
    if os.path.exists(folder.checkpoint) and saved.get("data_digest", data.digest) != data.digest:
        raise other_data(task.own, given, saved, str(folder.path))
    rng = np.random.default_rng(settings["seed"])
    model = task.model_class(settings).from_config(task.config(settings, data.parts), rng)
    if start is not None:
        model.load_state_dict(start.model.state_dict())
    elif data.initial:
        model.load_state_dict({**model.state_dict(), **data.initial})
    optimizer, schedule = make_optimizer(model, settings)
    library = "cupy" if device == "gpu" else "numpy"
    model.to(library)
    batches = task.batches(data.train, settings, data.parts)

    drawn = time.monotonic()

    def after_epoch(trainer: Trainer) -> None:
        nonlocal drawn
        print(wrapped(epoch_line(task, trainer)), flush=True)
        if trainer.done(settings["epochs"]) or time.monotonic() - drawn > FIGURE_EVERY:
            reports.write(draw)
            drawn = time.monotonic()
        reports.write(write_history)  # last, see ``RunFolder.unreported``

    def write_history() -> None:
        trainer.history.write_csv(folder.history)

    def draw() -> None:
        save_figure(plot_history(trainer.history, task.title, trainer.best_epoch), folder.figure)

    reports = Reports()
    metric, higher_is_better = task.decides(settings)
    trainer = Trainer(
        model,
        optimizer,
        batches,
        seed=settings["seed"],
        max_norm=settings["clip"],
        accumulate=settings["accumulate"],
        schedule=schedule,
        validate=lambda: task.evaluate(model, data.valid, settings, data.parts),
        metric=metric,
        higher_is_better=higher_is_better,
        patience=settings["patience"],
        checkpoint=folder.checkpoint,
        checkpoint_every=settings["checkpoint_every"],
        on_best=lambda trainer: folder.save_model(model, data.parts),
        on_epoch=after_epoch,
        identity=identity(task, settings),
    )
    resumed = resume and trainer.resume()
    folder.create(resume)
    if resumed and trainer.done(settings["epochs"]):
        if folder.unreported(trainer.history.table()):
            reports.write(draw, write_history)
        print(f"{folder.path}: this run is finished ({trainer.epoch} epochs); nothing to do")
        print(wrapped(way_on(folder, trainer, settings)))
        return
    folder.save_parts(data.parts)
    folder.write_settings(settings)
    first = tuple(move(part, library) for part in task.first_batch(batches))
    print(summary(model, *model.inputs(first)))
    steps = -(-len(batches) // trainer.accumulate)
    where = f"continuing after {trainer.step} steps" if resumed else f"{steps} steps per epoch"
    *notes, last = data.note.split("\n")
    ending = f"{last}; {where}" if len(f"{last}; {where}") <= WIDTH else f"{wrapped(last)}\n{where}"
    print(*map(wrapped, notes), ending, sep="\n", flush=True)
    trainer.fit(settings["epochs"])
    best = "" if trainer.best is None else task.show(metric, trainer.best[metric])
    print(f"best validation {metric} {best} (epoch {trainer.best_epoch}); everything is in {folder.path}")


def way_on(folder: RunFolder, trainer: Trainer, settings: Values) -> str:
    """How the model of a finished run can be trained further."""
    if trainer.epoch >= settings["epochs"] and settings["schedule"] != "cosine":
        return f"to train on, give a larger number of epochs: --resume --epochs {trainer.epoch + settings['epochs']}"
    reason = "the cosine schedule has ended" if trainer.epoch >= settings["epochs"] else "--patience is used up"
    return f"{reason}; to train on, start another run with --from {folder.path}"


def settle(task: Task, given: Mapping[str, Any], saved: Values, folder: RunFolder) -> Values:
    """All settings of the run, checked."""
    settings: Values = {"kind": task.name, **choose(task.settings, given, saved, str(folder.path))}
    if settings["lr"] is None:
        settings["lr"] = {**RATES, **task.rates}[settings["optimizer"]]
    try:
        task.complete(settings)
    except DataError:
        if changed(task.own, given, saved):  # the saved settings go together
            raise other_data(task.own, given, saved, str(folder.path)) from None
        raise
    return settings


def check_names(task: Task, given: Mapping[str, Any]) -> None:
    """Raise ``DataError`` for an empty name of a file or folder, such as that of a shell variable that is not set."""
    for setting in task.settings:
        value = given.get(setting.name)
        if setting.metavar in ("DATA", "DIR", "FILE", "FOLDER", "PATH") and "" in (
            value if isinstance(value, list) else [value]
        ):
            raise DataError(f"{setting.flag} is empty; name a file or a folder, or leave {setting.flag} out")


def find_start(task: Task, given: Mapping[str, Any], saved: Values, folder: RunFolder) -> Trained | None:
    """The trained model of ``--from``; None if there is none, or if the run has a checkpoint to go on from."""
    path = given.get("start") or saved.get("start")
    if path is None or os.path.exists(folder.checkpoint):
        return None
    start = load(path)
    if start.kind is None or start.kind.name != task.name:
        found = "a model without a kind" if start.kind is None else start.kind.title
        raise DataError(f"--from {path}: the folder contains {found}, not {task.title}")
    return start


def inherit(task: Task, given: Mapping[str, Any], start: Trained) -> Values:
    """The task's own settings of the run to start from; raises if one that makes the model is given another value."""
    own = {setting.name: setting for setting in task.own if setting.identity and setting.name in start.settings}
    for name, setting in own.items():
        before, now = start.settings[name], given.get(name)
        if setting.inherited and now is not None and now != before:
            how = setting.difference(before, now)
            raise DataError(
                f"--from {start.place}: its model was trained {how}; leave {setting.flag} out, or train anew without --from"
            )
    return {name: start.settings[name] for name, setting in own.items() if given.get(name) is None}


def identity(task: Task, settings: Values) -> Values:
    """The settings that a resumed run must share with the run that it continues."""
    free = {setting.name for setting in task.settings if not setting.identity}
    return {name: value for name, value in settings.items() if name not in free}


def epoch_line(task: Task, trainer: Trainer) -> str:
    """Training and validation figures of the epoch that has ended, and its learning rate."""
    row, last = trainer.history.rows[-1], trainer.epoch
    training = trainer.model.figures(trainer.history.epoch_loss(last))
    validation = {name: row[f"validation_{name}"] for name in task.shown if f"validation_{name}" in row}
    shown = [f"training {name} {task.show(name, training[name])}" for name in task.shown if name in training]
    shown += [f"validation {name} {task.show(name, value)}" for name, value in validation.items()]
    return f"epoch {last}: {', '.join(shown)}, lr {row['lr']:.4g}"
