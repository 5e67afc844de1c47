"""How every task is trained: settings, data, model, optimizer, training with checkpoints, and the best model kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchnn.backend import move
from scratchnn.errors import CheckpointError
from scratchnn.inspection.summary import summary
from scratchnn.plot import save_figure
from scratchnn.tasks.task import Task
from scratchnn.training import Trainer
from scratchnn.training.figure import plot_history
from scratchnn.training.run_folder import RunFolder
from scratchnn.training.settings import RATES, Values, choose, make_optimizer


def train(task: Task, given: Mapping[str, Any], folder: RunFolder, resume: bool, device: str) -> None:
    """Train, or continue to train; see ``Kind.train``. Nothing is written before the first step can be made."""
    if not resume:
        folder.check_free()
    saved = folder.settings_to_resume(task.name) if resume else {}
    settings = settle(task, given, saved, folder)
    data = task.read(settings)
    settings["data_digest"] = data.digest
    if os.path.exists(folder.checkpoint) and saved.get("data_digest", data.digest) != data.digest:
        raise CheckpointError(
            f"{folder.path} was started with other data; give the same with --data, or choose another --out"
        )
    rng = np.random.default_rng(settings["seed"])
    model = task.model.from_config(task.config(settings, data.parts), rng)
    model.load_state_dict({**model.state_dict(), **data.initial})
    optimizer, schedule = make_optimizer(model, settings)
    library = "cupy" if device == "gpu" else "numpy"
    model.to(library)
    batches = task.batches(data.train, settings, data.parts)

    def after_epoch(trainer: Trainer) -> None:
        print(epoch_line(task, trainer), flush=True)
        if trainer.best_epoch == trainer.epoch:
            folder.save_model(model, data.parts)
        trainer.history.write_csv(folder.history)
        save_figure(plot_history(trainer.history, task.title, trainer.best_epoch), folder.path / "loss.png")

    trainer = Trainer(
        model,
        optimizer,
        batches,
        seed=settings["seed"],
        max_norm=settings["clip"],
        accumulate=settings["accumulate"],
        schedule=schedule,
        validate=lambda: task.evaluate(model, data.valid, settings, data.parts),
        metric=task.metric,
        higher_is_better=task.higher_is_better,
        patience=settings["patience"],
        checkpoint=folder.checkpoint,
        checkpoint_every=settings["checkpoint_every"],
        on_epoch=after_epoch,
        identity=identity(task, settings),
    )
    resumed = resume and trainer.resume()
    if resumed and trainer.done(settings["epochs"]):
        print(f"{folder.path}: this run is finished ({trainer.epoch} epochs); nothing to do")
        return
    folder.create(resume)
    folder.save_parts(data.parts)
    folder.write_settings(settings)
    *inputs, _ = (move(part[:1], library) for part in batches.batch(0, 0))
    print(summary(model, *inputs))
    steps = -(-len(batches) // trainer.accumulate)
    print(f"{data.note}; " + (f"continuing after {trainer.step} steps" if resumed else f"{steps} steps per epoch"))
    trainer.fit(settings["epochs"])
    best = "" if trainer.best is None else task.show(task.metric, trainer.best[task.metric])
    print(f"best validation {task.metric} {best} (epoch {trainer.best_epoch}); everything is in {folder.path}")


def settle(task: Task, given: Mapping[str, Any], saved: Values, folder: RunFolder) -> Values:
    """All settings of the run, checked."""
    settings: Values = {"kind": task.name, **choose(task.settings, given, saved, str(folder.path))}
    if settings["lr"] is None:
        settings["lr"] = {**RATES, **task.rates}[settings["optimizer"]]
    task.complete(settings)
    return settings


def identity(task: Task, settings: Values) -> Values:
    """The settings that a resumed run must share with the run that it continues."""
    free = {setting.name for setting in task.settings if not setting.identity}
    return {name: value for name, value in settings.items() if name not in free}


def epoch_line(task: Task, trainer: Trainer) -> str:
    """Training and validation figures of the epoch that has ended, and its learning rate."""
    row, last = trainer.history.rows[-1], trainer.epoch
    training = trainer.model.figures(trainer.history.epoch_loss(last))
    validation = {name: row[f"validation_{name}"] for name in task.shown}
    shown = [f"training {name} {task.show(name, training[name])}" for name in task.shown if name in training]
    shown += [f"validation {name} {task.show(name, value)}" for name, value in validation.items()]
    return f"epoch {last}: {', '.join(shown)}, lr {row['lr']:.4g}"
