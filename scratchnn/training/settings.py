"""Settings of a run: declared once, given on the command line or from Python, remembered by the run folder.

``None`` stands for "not given", so that a resumed run can tell a setting that is given from one that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scratchnn.core import Model
from scratchnn.errors import CheckpointError, DataError, whole_number
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, Cosine, Optimizer, Plateau, RMSprop, Schedule, StepDecay

Values = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        flag: on the command line, as ``--hidden``.
        name: key in ``settings.json``, as ``hidden_size``.
        default: the value if it is not given.
        help: what it is, in a few words.
        kind: ``int``, ``float``, ``str``, or ``bool`` for a switch.
        metavar: placeholder of the value in the help.
        choices: the values that are allowed; any if empty.
        many: whether it takes several values.
        least: smallest whole number that is allowed.
        above: a number has to be larger than this, if not None.
        aliases: other flags for the same setting.
        identity: whether a resumed run must have the value of the run that it continues.
        inherited: whether a run that starts from another one (``--from``) must have that run's value, in a task's own
            settings.
    """

    flag: str
    name: str
    default: Any
    help: str
    kind: type = str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    least: int = 1
    above: float | None = None
    aliases: tuple[str, ...] = ()
    identity: bool = True
    inherited: bool = True

    def check(self, value: Any) -> None:
        """Raise ``DataError`` unless ``value``, given or read from a file, is of the right kind."""
        if value is None and self.default is None:
            return
        if self.many:
            if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
                raise DataError(f"{self.flag} must be a list of strings, got {value!r}")
        elif self.kind is int:
            whole_number(value, self.flag, self.least)
        elif self.kind is float and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise DataError(f"{self.flag} must be a number, got {value!r}")
        elif self.kind is bool and not isinstance(value, bool):
            raise DataError(f"{self.flag} must be true or false, got {value!r}")
        elif self.kind is str and not isinstance(value, str):
            raise DataError(f"{self.flag} must be a string, got {value!r}")
        elif self.choices and value not in self.choices:
            raise DataError(f"{self.flag} must be one of {', '.join(self.choices)}, got {value!r}")
        if self.above is not None and not value > self.above:
            raise DataError(f"{self.flag} must be above {self.above:g}, got {value}")

    def difference(self, before: Any, now: Any) -> str:
        """How a run was started whose value is not the one that is given now, for messages."""
        if before is None or before is False or before == []:
            return f"without {self.flag}"
        if self.many:
            before, now = " ".join(before), " ".join(now)
        return f"with {self.flag}" if before is True else f"with {self.flag} {before}, not {now}"

    def started(self, before: Any, now: Any, place: str) -> CheckpointError:
        """The error for a run in the folder ``place`` that cannot be continued with the value that is given now."""
        return CheckpointError(f"{place} was started {self.difference(before, now)}; leave it out, or choose another --out")


def choose(settings: Iterable[Setting], given: Mapping[str, Any], saved: Mapping[str, Any], place: str) -> Values:
    """The value of each setting: the one that is given, else that of the run to resume, else the default; checked.

    Args:
        settings: all that there are.
        given: values by name; ``None``, or no entry, if not given.
        saved: the settings of the run to resume; empty for a new run.
        place: the run's folder, for messages.
    """
    values: Values = {}
    other = changed(settings, given, saved)
    for setting in settings:
        value = given.get(setting.name)
        values[setting.name] = saved.get(setting.name, setting.default) if value is None else value
        if setting in other and (setting.identity or (setting.name == "epochs" and saved.get("schedule") == "cosine")):
            raise setting.started(saved[setting.name], value, place)
    for setting in settings:
        setting.check(values[setting.name])
    return values


def changed(settings: Iterable[Setting], given: Mapping[str, Any], saved: Mapping[str, Any]) -> list[Setting]:
    """The settings that are given another value than that of the run to resume."""
    return [s for s in settings if s.name in saved and given.get(s.name) not in (None, saved[s.name])]


def other_data(settings: Iterable[Setting], given: Mapping[str, Any], saved: Values, place: str) -> CheckpointError:
    """The error for a run that was started with other data; it names the setting of data that differs, if it is one."""
    other = [setting for setting in changed(settings, given, saved) if setting.default in (None, [])]
    if len(other) == 1:  # settings that have a default name no data
        return other[0].started(saved[other[0].name], given[other[0].name], place)
    return CheckpointError(f"{place} was started with other data; give the same with --data, or choose another --out")


def with_defaults(settings: Iterable[Setting], defaults: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The settings with other defaults, by name."""
    return tuple(replace(s, default=defaults[s.name]) if s.name in defaults else s for s in settings)


# --- the settings of training, the same for every task ---------------------------------------------------------------

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "sgd": SGD,
    "momentum": lambda parameters, lr: SGD(parameters, lr, momentum=0.9),
    "nesterov": lambda parameters, lr: SGD(parameters, lr, momentum=0.9, nesterov=True),
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
}
RATES = {  # learning rates to start from, if none is given
    "adam": 0.001, "adamw": 0.001, "sgd": 0.1, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01, "rmsprop": 0.001,
}  # fmt: skip
SCHEDULES = ("none", "step", "plateau", "cosine")

TRAINING = (
    Setting("--epochs", "epochs", 3, "passes over the data", int, "E", identity=False),
    Setting("--batch", "batch_size", 32, "sequences per batch", int, "N"),
    Setting("--accumulate", "accumulate", 1, "batches per step", int, "K"),
    Setting("--optimizer", "optimizer", "adam", "update rule of the parameters", choices=tuple(OPTIMIZERS)),
    Setting("--lr", "lr", None, "learning rate", float, aliases=("--alpha",)),
    Setting("--clip", "clip", 1.0, "bound on the gradient's norm", float, "NORM", above=0),
    Setting("--schedule", "schedule", "none", "learning rate by epoch", choices=SCHEDULES),
    Setting("--decay", "decay", 0.25, "factor of the step and plateau schedules", float),
    Setting("--decay-after", "decay_after", 1, "epochs before the step schedule begins", int, "E"),
    Setting("--patience", "patience", None, "stop after E epochs without improvement", int, "E"),
    Setting("--seed", "seed", 0, "of weights, dropout masks and the order of the data", int, least=0),
    Setting("--checkpoint-every", "checkpoint_every", 1000, "steps between checkpoints", int, "STEPS", identity=False),
    Setting("--from", "start", None, "run folder whose model is trained further, in --out", metavar="DIR"),
)


def training_settings(defaults: Mapping[str, Any], rates: Mapping[str, float]) -> tuple[Setting, ...]:
    """``TRAINING`` with a task's own defaults, and its learning rates in the help of ``--lr``."""
    shown = {**RATES, **rates}
    names: dict[float, list[str]] = {}
    for name, rate in shown.items():
        names.setdefault(rate, []).append(name)
    text = "; ".join(f"{', '.join(group)} {rate:g}" for rate, group in names.items())
    settings = with_defaults(TRAINING, defaults)
    return tuple(replace(s, help=f"{s.help} (default: {text})") if s.name == "lr" else s for s in settings)


def make_optimizer(model: Model, values: Values) -> tuple[Optimizer, Schedule | None]:
    """Optimizer and schedule as named in the settings."""
    optimizer = OPTIMIZERS[values["optimizer"]](model.parameters(), values["lr"])
    if values["schedule"] == "step":
        return optimizer, StepDecay(optimizer, values["decay"], after=values["decay_after"])
    if values["schedule"] == "plateau":
        return optimizer, Plateau(optimizer, values["decay"])
    if values["schedule"] == "cosine":
        return optimizer, Cosine(optimizer, values["epochs"])
    return optimizer, None
