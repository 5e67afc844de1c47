"""``scratchnn exercise``: the exercises of the book, and a check of your answer."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any

from scratchnn.book.exercises import Exercise, all_exercises, chapter_title, find
from scratchnn.book.exercises.answer import check_answer, load_answer
from scratchnn.book.exercises.registry import COLUMNS
from scratchnn.commands.arguments import add_threads, give_template
from scratchnn.errors import DataError

EPILOG = """
    python -m scratchnn exercise                    # lists all exercises
    python -m scratchnn exercise 1                  # lists those of chapter 1
    python -m scratchnn exercise 1.2                # prints the question
    python -m scratchnn exercise 1.2 --template --out my_answer.py
    python -m scratchnn exercise 1.2 my_answer.py   # checks your answer

exit status: 0 if the answer is right, 1 if it is wrong, 2 for bad input
"""


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "exercise",
        help="list the exercises of the book, or check your answer",
        description="Lists the exercises of the book, prints a question, or checks your answer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a chapter (1) or an exercise (1.2); default: all")
    parser.add_argument("answer", nargs="?", type=Path, metavar="FILE.py", help="the file with your answer")
    parser.add_argument("--template", action="store_true", help="print a file to start from")
    parser.add_argument("--out", metavar="FILE.py", help="with --template: write the file, in UTF-8")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List exercises, print a question or a template, or check an answer."""
    exercises = find(args.name) if args.name is not None else list(all_exercises().values())
    one = args.name is not None and "." in args.name
    if (args.template or args.answer) and not one:
        raise DataError(f"name one exercise: {', '.join(e.name for e in exercises)}")
    if args.out is not None and not args.template:
        raise DataError("--out needs --template")
    if args.template and args.answer:
        raise DataError("--template prints a file and checks none; leave out either --template or FILE.py")
    if args.template:
        return give_template(exercises[0].template(), args.out)
    if args.answer is not None:
        return check(exercises[0], args.answer)
    if one:
        print_question(exercises[0])
    else:
        print_list(exercises)
    return 0


def check(exercise: Exercise, path: Path) -> int:
    """Print what is wrong with the answer; returns the exit status."""
    wrong = check_answer(exercise.checker, load_answer(path, exercise.function, exercise.name))
    if not wrong:
        print(f"exercise {exercise.name}, {exercise.head}: right")
        return 0
    print(f"exercise {exercise.name}, {exercise.head}: not yet right")
    for explanation in wrong:
        print("\n".join(textwrap.wrap(explanation, COLUMNS, initial_indent="  - ", subsequent_indent="    ")))
    return 1


def print_question(exercise: Exercise) -> None:
    """Print the question, and the commands that check an answer."""
    print(f"Exercise {exercise.name}: {exercise.title}\n\n    def {exercise.head}:\n\n{exercise.statement}\n")
    print(f"python -m scratchnn exercise {exercise.name} --template --out my_answer.py")
    print(f"python -m scratchnn exercise {exercise.name} my_answer.py")


def print_list(exercises: list[Exercise]) -> None:
    """Print one line per exercise, chapter by chapter: number, title, and the function to write."""
    wide = max(len(e.title) for e in exercises)
    for chapter in dict.fromkeys(e.chapter for e in exercises):
        print(chapter_title(chapter))
        for e in exercises:
            if e.chapter == chapter:
                print(f"  {e.name}  {e.title:<{wide}}  {e.function}")
