"""``scratchnn gradcheck``: is every backward pass the derivative of its forward pass? Also for your own layer."""

from __future__ import annotations

import argparse
import json
import math
import os
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import threads_for
from scratchnn.backend.arrays import load_backend
from scratchnn.commands.arguments import add_threads, give_template
from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.gradcheck.engine import METHODS
from scratchnn.gradcheck.figure import plot_findings
from scratchnn.gradcheck.properties import PROPERTIES
from scratchnn.gradcheck.registry import NOT_CHECKED, Case, select
from scratchnn.gradcheck.report import (
    COLUMNS,
    check_cases,
    document,
    header,
    property_table,
    summary,
    wrapped,
)
from scratchnn.gradcheck.sizes import SIZED, sized_cases
from scratchnn.lesson.quiz import TRIES, teach
from scratchnn.plot import save_figure
from scratchnn.your_layer.check import is_own, own_case, template_text

EPILOG = f"""
Every case is checked entry by entry; an entry where the function has a kink is
left out. --properties shows a table of what is checked besides:
{", ".join(PROPERTIES)}.

--directions K checks all arrays at once, along K random directions, at any
size:

    python -m scratchnn gradcheck lstm --shape 20,35,650,650 --directions 3

A direction misses an error that is a smaller part of the whole slope than the
limit, such as one slightly wrong entry among millions, and it names no entry.
Check small shapes entry by entry first.

--break plants a fault in a backward pass of NAME and asks you which equation is
wrong; you have {TRIES} tries.

To check your own layer, start from the file that --template prints. It also
describes what the check requires of a class.

    python -m scratchnn gradcheck --template --out my_layer.py
    python -m scratchnn gradcheck my_layer.py:MyGRU

A pair of functions is checked as well, once its file has a function
example(rng) that returns the inputs by the names of the arguments of forward:

    python -m scratchnn gradcheck my_pair.py:my_forward,my_backward

exit status: 0 if all gradients are right, 1 if one is wrong, 2 for bad input;
with --break, 0 if you find the equation, 1 if you do not
"""


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "gradcheck",
        help="check every backward pass, or your own layer",
        description="Is every backward pass the derivative of its forward pass?",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="family (lstm), case (lstm/lengths), FILE.py:CLASS or FILE.py:FORWARD,BACKWARD; default: all cases",
    )
    parser.add_argument("--method", choices=[*METHODS, "both"], default="both", help="how to differentiate; default: both")
    parser.add_argument("--directions", type=int, metavar="K", help="check along K random directions, not entry by entry")
    parser.add_argument("--shape", metavar="N,T,...", help="with --directions: the sizes of the arrays of NAME")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu", help="where to compute; default: cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all findings to FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw all errors")
    parser.add_argument("--seed", type=int, metavar="S", help="with --break: plant the same fault every time")
    parser.add_argument("--out", metavar="FILE.py", help="with --template: write the file, in UTF-8")
    add_threads(parser)
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--list", action="store_true", help="list all cases and what cannot be checked")
    other.add_argument("--properties", action="store_true", help="a table of properties by families")
    other.add_argument("--break", dest="broken", metavar="NAME", help="plant a fault in NAME and ask for its equation")
    other.add_argument("--template", action="store_true", help="print a file to start your own layer from")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, list, teach, or print the template."""
    with threads_for(0 if args.shape is None else math.inf):  # entry by entry, all arrays are small
        return choose(args)


def choose(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit status."""
    if args.out is not None and not args.template:
        raise DataError("--out needs --template; --json and --plot write the findings")
    if args.template:
        return give_template(template_text(), args.out)
    if args.list:
        print_list(select(args.names))
        return 0
    methods = METHODS if args.method == "both" else (args.method,)
    if args.broken is not None:
        other = args.names or args.json or args.plot or args.directions is not None or args.shape
        if other or args.device == "gpu":
            raise DataError("--break takes one name and no other options but --method and --seed")
        if args.seed is not None and args.seed < 0:
            raise DataError(f"--seed must be 0 or more, got {args.seed}")
        return 0 if teach(select([args.broken]), np.random.default_rng(args.seed), methods) else 1
    if args.seed is not None:
        raise DataError("--seed needs --break NAME")
    for path, suffix in ((args.json, ""), (args.plot, ".png")):
        check_output(path, suffix)
    device = "cupy" if args.device == "gpu" else "numpy"
    load_backend(device)
    cases = chosen_cases(args)
    if args.properties:
        table, right = property_table(cases, device)
        print(table)
        return 0 if right else 1
    return check(cases, methods, device, args.json, args.plot, args.directions or 0)


def chosen_cases(args: argparse.Namespace) -> list[Case]:
    """The cases that the arguments select.

    Raises:
        DataError: if ``--shape`` and ``--directions`` are wrong, or do not fit together or the other options.
    """
    if args.directions is not None and (args.directions < 1 or args.properties):
        raise DataError("--directions needs a number of 1 or more, and does not go with --properties")
    if args.shape is None:
        return named_cases(args.names, any_size=args.directions is not None)
    if own := [name for name in args.names if is_own(name)]:
        raise DataError(f"--shape takes registered names, not {own[0]}; set the sizes in its file, and leave --shape out")
    if args.directions is None:
        raise DataError("--shape needs --directions K: entry by entry is for small arrays")
    sizes = args.shape.split(",")
    if not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise DataError(
            f"--shape takes whole numbers of 1 or more with commas between, as in 20,35,650,650, got {args.shape}"
        )
    return sized_cases(args.names, tuple(map(int, sizes)))


def check_output(path: Path | None, suffix: str) -> None:
    """Raise unless a file can be written at ``path``; called before any work is done."""
    if path is None:
        return
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder, not a file")
    if not os.path.isdir(path.parent):
        raise DataError(f"no folder {path.parent} for {path.name}; create it first")
    if suffix and path.suffix.lower() != suffix:
        raise DataError(f"{path}: figures are written as PNG; use a name that ends in {suffix}")


def named_cases(names: list[str], any_size: bool = False) -> list[Case]:
    """The registered cases and the reader's own code with these names; all registered cases if the list is empty."""
    own = [own_case(name, any_size) for name in names if is_own(name)]
    registered = [name for name in names if not is_own(name)]
    return [*(select(registered) if registered or not own else []), *own]


def check(
    cases: list[Case],
    methods: tuple[str, ...],
    device: str,
    json_path: Path | None,
    plot_path: Path | None,
    directions: int = 0,
) -> int:
    """Run all cases and print the report; returns the exit status."""
    start = time.perf_counter()
    for case in cases:
        if reason := case.real_only or case.complex_only:
            methods = METHODS  # the table needs a column for the only method
            only = "central differences" if case.real_only else "the complex step"
            print("\n".join(wrapped(f"{case.name}: checked by {only} alone. {reason}")))
    print(header(methods))
    findings = check_cases(cases, methods, device, print, directions)
    seconds = time.perf_counter() - start
    if json_path is not None:
        text = json.dumps(document(findings, methods, device, seconds), indent=1, allow_nan=False)
        write_atomically(json_path, (text + "\n").encode("utf-8"))
        print(f"wrote {json_path}")
    if plot_path is not None:
        save_figure(plot_findings(findings), plot_path)
        print(f"wrote {plot_path}")
    right = all(finding.ok for _, finding in findings)
    if right and not directions:
        print(f"properties: {', '.join(PROPERTIES)}: none fails")
    print(summary(findings, methods, seconds, "direction" if directions else "array"))
    return 0 if right else 1


def print_list(cases: list[Case]) -> None:
    """Print all cases by family, and what is not checked, with the reasons."""
    for family in dict.fromkeys(case.family for case in cases):
        names = " ".join(case.name for case in cases if case.family == family)
        print("\n".join(textwrap.wrap(names, COLUMNS, subsequent_indent="    ", break_on_hyphens=False)))
    print("\nnot checked:")
    for name, reason in NOT_CHECKED.items():
        print("\n".join(wrapped(f"{name}: {reason}")))
    print("\nat any size, with --shape and --directions:")
    print("\n".join(wrapped(", ".join(f"{name} {SIZED[name].axes}" for name in SIZED))))
    if any(case.real_only for case in cases):
        print("\nchecked by central differences alone, not by the complex step:")
        for case in cases:
            if case.real_only:
                print("\n".join(wrapped(f"{case.name}: {case.real_only}")))
