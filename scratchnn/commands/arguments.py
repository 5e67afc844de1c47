"""What the commands share: parsers that complain in one line, and settings as arguments.

The arguments of ``train KIND``, ``predict DIR`` and ``sample DIR`` depend on the kind of run. Such a parser gets them when
it is used, so that no command imports a kind that it does not need.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from scratchnn.errors import ScratchnnError
from scratchnn.files import check_new_file, write_atomically
from scratchnn.tasks.registry import find_kind
from scratchnn.tasks.task import Kind
from scratchnn.training.run_folder import RunFolder
from scratchnn.training.settings import Setting

WRITTEN = ("FILE", "PNG")  # values of options of predict and sample that name a file to be written
MOST_CHOICES = 4  # that are shown as {a,b,c,d}; more are listed in the help, where they can be wrapped


class Parser(argparse.ArgumentParser):
    """Complains in one line, as all other errors do."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help or an error; argparse would ignore that it cannot be written."""
        (file or sys.stderr).write(message or "")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit once what was printed, the help for instance, is out; an error of the stream is the caller's."""
        sys.stdout.flush()
        super().exit(status, message)


class LateParser(Parser):
    """A parser whose arguments are added when it parses for the first time.

    Attributes:
        fill: adds the arguments; called with the parser and the words to be parsed.
        mixed: whether options may come between the positional arguments, as in ``predict DIR --limit 9 TEXT``.
        strict: whether an unknown option is an error; not if DIR is no run, which is then the error.
    """

    fill: Callable[[LateParser, Sequence[str]], None] | None = None
    mixed: bool = False
    strict: bool = True

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments, then parse."""
        fill, self.fill = self.fill, None
        if fill is not None:
            fill(self, args)
        if self.mixed:
            self.mixed = False  # the next line may call this method
            parsed, rest = self.parse_known_intermixed_args(args, namespace)
            return parsed, rest if self.strict else []
        return super().parse_known_args(args, namespace)


def add_settings(parser: argparse.ArgumentParser, settings: Iterable[Setting]) -> None:
    """An argument for each setting; its value is ``None`` if it is not given. A switch has a second form, ``--no-...``.

    A run inherits the switches of the run that it starts from (``--from``), and the second form turns them off.
    """
    for setting in settings:
        default = " ".join(setting.default) if setting.many and setting.default else setting.default
        shown = "" if default in (None, [], False) else f" (default: {default})"
        many = len(setting.choices) > MOST_CHOICES
        text = f"{setting.help}: {', '.join(setting.choices)}" if many else setting.help
        options: dict[str, Any] = {"dest": setting.name, "default": None, "help": text.replace("%", "%%") + shown}
        if setting.kind is bool:
            options["action"] = argparse.BooleanOptionalAction
        else:
            options |= {"type": setting.kind, "metavar": setting.metavar}
            if setting.choices:
                options["choices"] = setting.choices
            if many:
                options["metavar"] = setting.flag.removeprefix("--").upper()
            if setting.many:
                options["nargs"] = "+"
        parser.add_argument(setting.flag, *setting.aliases, **options)


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Argument of every command that computes; ``cli.main`` obeys it."""
    text = "threads of NumPy's matrix products (default: by their size; see scratchnn doctor)"
    parser.add_argument("--threads", type=int, metavar="N", help=text)


def give_template(text: str, out: str | None) -> int:
    """Print a file to start from, or write it to ``out``, which must not exist; returns the exit status."""
    if out is None:
        print(text, end="")
        return 0
    check_new_file(out, "--out")
    write_atomically(out, text.encode("utf-8"))
    print(f"wrote {out}")
    return 0


def given_settings(args: argparse.Namespace, settings: Iterable[Setting]) -> dict[str, Any]:
    """The values of these settings among parsed arguments."""
    return {setting.name: getattr(args, setting.name) for setting in settings}


def name_written(settings: Iterable[Setting], options: dict[str, Any]) -> None:
    """Say on standard error which files the options named were written: standard output is for the answers."""
    for setting in settings:
        if setting.metavar in WRITTEN:
            value = options[setting.name]
            for path in value if setting.many and value else [value]:
                if path is not None and os.path.exists(path):  # not without answers to draw
                    print(f"wrote {path}", file=sys.stderr)


def add_run_folder(parser: LateParser, settings_of: Callable[[Kind], Iterable[Setting]]) -> None:
    """Argument DIR, and once DIR is known, the settings that its kind of run has for this command."""
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train")

    def fill(parser: LateParser, words: Sequence[str]) -> None:
        kind = next((kind_of(word) for word in words if os.path.isdir(word)), None)
        parser.strict = kind is not None
        add_settings(parser, () if kind is None else settings_of(kind))

    parser.fill, parser.mixed = fill, True


def kind_of(path: str) -> Kind | None:
    """The kind of run in a folder, or ``None``: what is wrong with it is said when it is loaded."""
    try:
        return find_kind(RunFolder(path).read_settings().get("kind"))
    except ScratchnnError:
        return None
