"""What the ``train`` commands share: settings that a run folder remembers, so that ``--resume`` need not repeat them.

A command lists its settings as (flag, name, default, options of ``add_argument``). The parser's own default is ``None`` for
"not given", so that a setting that is given can be told from one that is not.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

from scratchnn.errors import CheckpointError, DataError, whole_number
from scratchnn.training.run_folder import RunFolder

Setting = tuple[str, str, Any, dict[str, Any]]


def add_settings(parser: argparse.ArgumentParser, table: Sequence[Setting], out: str) -> None:
    """Arguments for the settings, and ``--device``, ``--out`` (by default ``out``) and ``--resume``."""
    for flag, name, default, options in table:
        shown = "" if default in (None, [], False) else f" (default: {default})"
        parser.add_argument(flag, dest=name, default=None, **{**options, "help": options["help"] + shown})
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="where to train (default: cpu)")
    parser.add_argument("--out", default=out, metavar="DIR", help=f"run folder (default: {out})")
    parser.add_argument("--resume", action="store_true", help="continue the run in DIR; its settings need not be repeated")


def saved_settings(folder: RunFolder, kind: str, what: str) -> dict[str, Any]:
    """The settings of the run to resume, which is of the given kind (``what`` in words); empty where there is none."""
    saved = folder.read_settings() if os.path.exists(folder.settings) else {}
    if saved.get("kind", kind) != kind:
        raise CheckpointError(f"{folder.path} holds no {what} but {saved['kind']!r}")
    return saved


def settle(
    args: argparse.Namespace, table: Sequence[Setting], saved: dict[str, Any], kind: str, free: Callable[[str], bool]
) -> dict[str, Any]:
    """All settings: those given, then those of the run to resume, then defaults.

    Args:
        args: what the parser made.
        table: the command's settings.
        saved: the settings of the run to resume.
        kind: of the run.
        free: whether the setting of that name may differ from that of the run to resume.
    """
    settings: dict[str, Any] = {"kind": kind}
    for flag, name, default, _ in table:
        value = getattr(args, name)
        settings[name] = saved.get(name, default) if value is None else value
        if name in saved and not free(name) and settings[name] != saved[name]:
            raise CheckpointError(
                f"{args.out} was started with {flag} {saved[name]}, not {value}; leave it out, or choose another --out"
            )
    return settings


def check_settings(settings: dict[str, Any], table: Sequence[Setting], least: dict[str, int]) -> None:
    """Raise where a setting, given or read from a file, is not of its kind; whole numbers are 1 or more, or ``least``."""
    for flag, name, default, options in table:
        value, kind = settings[name], options.get("type")
        if value is None and default is None:
            continue
        if kind is int:
            whole_number(value, flag, least.get(name, 1))
        elif kind is float and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise DataError(f"{flag} must be a number, got {value!r}")
        elif value not in options.get("choices", [value]):
            raise DataError(f"{flag} must be one of {', '.join(options['choices'])}, got {value!r}")
