"""``scratchnn exercise``: the exercises of the book, a check of your answer, hints and solutions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from scratchnn.book.exercises import Exercise, all_exercises, chapter_title, find
from scratchnn.book.exercises.answer import load_answer
from scratchnn.book.exercises.verdict import NOT_ATTEMPTED, RIGHT, WRONG, hint_text, judge
from scratchnn.book.solutions import solution_code
from scratchnn.commands.arguments import add_threads, give_template
from scratchnn.errors import DataError

EPILOG = """
    python -m scratchnn exercise                    # lists all exercises
    python -m scratchnn exercise 1                  # lists those of chapter 1
    python -m scratchnn exercise 1.2                # prints the question
    python -m scratchnn exercise 1.2 --template --out my_answer.py
    python -m scratchnn exercise 1.2 my_answer.py   # checks your answer
    python -m scratchnn exercise 1.2 --hint         # a step; --hint 2 the next
    python -m scratchnn exercise 1.2 --solution

exit status: 0 if the answer is right, 1 if it is wrong, 2 if it is not yet
attempted, and for bad input
"""
STATUS = {RIGHT: 0, WRONG: 1, NOT_ATTEMPTED: 2}


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "exercise",
        help="list the exercises of the book, or check your answer",
        description="Lists the exercises, prints a question, hint or solution, or checks an answer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a chapter (1) or an exercise (1.2); default: all")
    parser.add_argument("answer", nargs="?", type=Path, metavar="FILE.py", help="the file with your answer")
    parser.add_argument("--template", action="store_true", help="print a file to start from")
    parser.add_argument("--out", metavar="FILE.py", help="with --template: write the file, in UTF-8")
    parser.add_argument("--hint", nargs="?", type=int, const=1, metavar="N", help="print hint N (default: 1)")
    parser.add_argument("--solution", action="store_true", help="print the solution")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List exercises, print a question, a template, a hint or a solution, or check an answer."""
    exercises = find(args.name) if args.name is not None else list(all_exercises().values())
    one = args.name is not None and "." in args.name
    printing = {"--template": args.template, "--hint": args.hint is not None, "--solution": args.solution}
    asked = [option for option, given in printing.items() if given]
    if (asked or args.answer) and not one:
        raise DataError(f"name one exercise: {', '.join(e.name for e in exercises)}")
    if args.out is not None and not args.template:
        raise DataError("--out needs --template")
    if len(asked) > 1:
        raise DataError(f"choose one of {' and '.join(asked)}")
    if asked and args.answer:
        raise DataError(f"{asked[0]} checks no file; leave out either {asked[0]} or FILE.py")
    if args.template:
        return give_template(exercises[0].template(), args.out)
    if args.hint is not None:
        print_hint(exercises[0], args.hint)
    elif args.solution:
        print(solution_code(exercises[0].chapter, exercises[0].function))
    elif args.answer is not None:
        verdict = judge(exercises[0], load_answer(args.answer, exercises[0].head, exercises[0].name))
        print(verdict)
        return STATUS[verdict.status]
    elif one:
        print_question(exercises[0])
    else:
        print_list(exercises)
    return 0


def print_hint(exercise: Exercise, number: int) -> None:
    """Print hint ``number``, and how to get the next."""
    count = len(exercise.hints)
    if not 1 <= number <= count:
        raise DataError(f"exercise {exercise.name} has hints 1 to {count}; there is no --hint {number}")
    print(hint_text(exercise, number))
    print(
        f"next: python -m scratchnn exercise {exercise.name} {f'--hint {number + 1}' if number < count else '--solution'}"
    )


def print_question(exercise: Exercise) -> None:
    """Print the question, and the commands that check an answer and that help."""
    print(f"Exercise {exercise.name}: {exercise.title}\n\n    def {exercise.head}:\n\n{exercise.statement}\n")
    command = f"python -m scratchnn exercise {exercise.name}"
    for options in ("--template --out my_answer.py", "my_answer.py", "--hint"):
        print(f"{command} {options}")


def print_list(exercises: list[Exercise]) -> None:
    """Print one line per exercise, chapter by chapter: number, title, and the function to write."""
    wide = max(len(e.title) for e in exercises)
    for chapter in dict.fromkeys(e.chapter for e in exercises):
        print(chapter_title(chapter))
        for e in exercises:
            if e.chapter == chapter:
                print(f"  {e.name}  {e.title:<{wide}}  {e.function}")
