"""``scratchnn learn``: the exercises in order, checked whenever you save an answer, and milestones on your answers."""

from __future__ import annotations

import argparse
import textwrap
import time
from pathlib import Path
from typing import Any

from scratchnn.book.exercises import Exercise, all_exercises, chapter_title, find
from scratchnn.book.exercises.registry import COLUMNS
from scratchnn.book.exercises.verdict import NOT_ATTEMPTED, RIGHT, WRONG, Verdict, judge
from scratchnn.book.learning import Progress
from scratchnn.book.milestones import MILESTONES, Milestone, Stopped, reach
from scratchnn.commands.arguments import add_threads
from scratchnn.errors import DataError
from scratchnn.your_layer.reader_file import ReaderFileError

EPILOG = """
    python -m scratchnn learn                 # the next; saving checks it
    python -m scratchnn learn 5               # go on with chapter 5
    python -m scratchnn learn --list          # what is done
    python -m scratchnn learn --once          # check the next exercise once
    python -m scratchnn learn --milestone 5   # train with your own functions

exit status: 0 if what was checked is right, or after an interrupt; 1 if it is
wrong; 2 if it is not attempted yet, and for bad input
"""
POLL = 0.5  # seconds between two looks at the file
STATUS = {RIGHT: 0, WRONG: 1, NOT_ATTEMPTED: 2}


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "learn",
        help="go through the exercises in order; answers are checked when saved",
        description="Goes through the exercises in order; checks an answer when you save it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="begin at a chapter (5) or an exercise (5.2)")
    parser.add_argument(
        "--folder", type=Path, default=Path("."), metavar="DIR", help="where answers and progress are (default: here)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="list what is done")
    what.add_argument("--once", action="store_true", help="check the next exercise once, without waiting for changes")
    what.add_argument("--milestone", type=int, metavar="CHAPTER", help="try the milestone of a chapter")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Go through the exercises, or do the one thing that was asked for."""
    if args.name:
        find(args.name)  # an error if there is no such exercise or chapter
    progress = Progress(args.folder)
    if args.list:
        return print_progress(progress)
    if args.milestone is not None:
        if args.milestone not in MILESTONES:
            raise DataError(f"chapter {args.milestone} has no milestone; choose from {', '.join(map(str, MILESTONES))}")
        return try_milestone(progress, MILESTONES[args.milestone])
    if args.once:
        exercise = progress.next_exercise(args.name)
        if exercise is None:
            return 0
        progress.provide(exercise)
        return check(progress, exercise)
    return watch(progress, args.name)


def watch(progress: Progress, first: str) -> int:
    """Exercise after exercise: print the question, and check the answer whenever its file changes, until it is right."""
    try:
        while (exercise := progress.next_exercise(first)) is not None:
            path = progress.provide(exercise)
            print(f"Exercise {exercise.name}: {exercise.title}\n\n    def {exercise.head}:\n\n{exercise.statement}\n")
            print(f"Write your answer in {path}; it is checked whenever you save it.")
            print(f"python -m scratchnn exercise {exercise.name} --hint gives a hint. Ctrl-C ends.\n", flush=True)
            seen = modified(path) if progress.is_template(exercise) else 0
            before = set(progress.right)
            while exercise.name not in progress.right:
                if (changed := modified(path)) not in (seen, None):
                    seen = changed
                    check(progress, exercise)
                else:
                    time.sleep(POLL)
            lost = before - progress.right  # a milestone has found a mistake
            first = min(lost, default=exercise.name)
    except KeyboardInterrupt:
        print()
    return print_summary(progress)


def modified(path: Path) -> int | None:
    """When the file was saved, in nanoseconds; None while it does not exist, as an editor replaces it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def check(progress: Progress, exercise: Exercise) -> int:
    """Check one answer, remember the result, and try the milestone that it completes; returns the exit status."""
    try:
        verdict = judge(exercise, progress.answer(exercise))
    except ReaderFileError as error:
        verdict = Verdict(exercise, WRONG, (str(error),))
    print(f"{verdict}\n", flush=True)
    if verdict.status != RIGHT:
        return STATUS[verdict.status]
    progress.mark(exercise, True)
    for milestone in MILESTONES.values():
        if exercise.name in milestone.needs and progress.ready(milestone):
            return try_milestone(progress, milestone)
    return 0


def try_milestone(progress: Progress, milestone: Milestone) -> int:
    """Train with the reader's functions; returns 0 if the milestone is reached, else 1."""
    print(f"Milestone of chapter {milestone.chapter}: {milestone.title}.")
    missing = [name for name in milestone.needs if name not in progress.right]
    if missing:
        print(
            wrap(f"It needs your answers to the exercises {', '.join(milestone.needs)}. Still to do: {', '.join(missing)}.")
        )
        return 1
    exercises = all_exercises()
    try:
        answers = {name: progress.answer(exercises[name]) for name in milestone.needs}
        reach(milestone, answers, lambda line: print(line, flush=True))
    except Stopped as stopped:
        if stopped.exercise is None:
            print(f"Stopped. {stopped}\n")
        else:
            progress.mark(stopped.exercise, False)
            print(f"Stopped at exercise {stopped.exercise.name}:\n{stopped}\n")
        return 1
    progress.reached.add(milestone.chapter)
    progress.save()
    print(f"Reached: {milestone.title}. Every gradient came from your own functions.\n")
    return 0


def print_progress(progress: Progress) -> int:
    """One line for each exercise and each milestone, marked with an x if it is done."""
    for chapter in dict.fromkeys(e.chapter for e in all_exercises().values()):
        print(chapter_title(chapter))
        for e in all_exercises().values():
            if e.chapter == chapter:
                print(f"  [{'x' if e.name in progress.right else ' '}] {e.name}  {e.title}")
        if chapter in MILESTONES:
            print(f"  [{'x' if chapter in progress.reached else ' '}] milestone: {MILESTONES[chapter].title}")
    return print_summary(progress)


def print_summary(progress: Progress) -> int:
    """How much is done, and how to go on."""
    following = progress.next_exercise()
    print(f"{len(progress.right)} of {len(all_exercises())} exercises are right.", end=" ")
    print("All are done." if following is None else f"python -m scratchnn learn goes on with {following.name}.")
    return 0


def wrap(text: str) -> str:
    """The text in lines of at most ``COLUMNS`` characters."""
    return "\n".join(textwrap.wrap(text, COLUMNS))
