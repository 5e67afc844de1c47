"""The reader's way through the exercises: one file for each answer in a folder, and which answers are right.

Progress is the file ``progress.json`` in that folder, written whole or not at all. An answer counts as right until a check,
that of a milestone for instance, finds it wrong.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from scratchnn.book.exercises.answer import Answer, load_answer
from scratchnn.book.exercises.registry import Exercise, all_exercises
from scratchnn.book.milestones import MILESTONES, Milestone
from scratchnn.errors import DataError
from scratchnn.files import write_atomically

PROGRESS = "progress.json"


class Progress:
    """Which exercises are right and which milestones are reached, in a folder.

    Args:
        folder: exists, or is made when something is written.

    Raises:
        DataError: if the file is damaged.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / PROGRESS
        self.right: set[str] = set()
        self.reached: set[int] = set()
        try:
            saved = json.loads(self.file.read_text(encoding="utf-8"))
            self.right, self.reached = set(map(str, saved["right"])), set(map(int, saved["milestones"]))
        except (FileNotFoundError, NotADirectoryError):
            pass  # nothing is done yet
        except OSError as error:
            raise DataError(f"cannot read {self.file}: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"cannot read {self.file} ({error}); remove it to start again, your answers stay") from None

    def save(self) -> None:
        """Write the file."""
        state = {"right": [name for name in all_exercises() if name in self.right], "milestones": sorted(self.reached)}
        self.make_folder()
        write_atomically(self.file, (json.dumps(state, indent=1) + "\n").encode("utf-8"))

    def make_folder(self) -> None:
        """Make the folder if it does not exist."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot make the folder {self.folder}: {error.strerror or error}") from None

    def mark(self, exercise: Exercise, right: bool) -> None:
        """Remember whether the answer to an exercise is right; a milestone that needs it has to be reached again if not."""
        if right:
            self.right.add(exercise.name)
        else:
            self.right.discard(exercise.name)
            self.reached -= {chapter for chapter, milestone in MILESTONES.items() if exercise.name in milestone.needs}
        self.save()

    def answer_file(self, exercise: Exercise) -> Path:
        """Where the answer is: ``answer_5_2.py``."""
        return self.folder / f"answer_{exercise.chapter}_{exercise.number}.py"

    def provide(self, exercise: Exercise) -> Path:
        """The file of the answer; if it does not exist, the template is written."""
        path = self.answer_file(exercise)
        if not os.path.lexists(path):  # a link to a place that is not there now stays
            self.make_folder()
            write_atomically(path, exercise.template().encode("utf-8"))
        return path

    def is_template(self, exercise: Exercise) -> bool:
        """Whether the file of the answer is still as ``provide`` writes it."""
        try:
            return self.answer_file(exercise).read_bytes() == exercise.template().encode("utf-8")
        except OSError:
            return False  # the check says why

    def answer(self, exercise: Exercise) -> Answer:
        """The reader's answer from its file.

        Raises:
            ReaderFileError: if there is no such file, or if it cannot be executed.
        """
        return load_answer(self.answer_file(exercise), exercise.head, exercise.name)

    def next_exercise(self, first: str = "") -> Exercise | None:
        """The first exercise that is not right, from exercise or chapter ``first`` on; None if all are right."""
        names = list(all_exercises())
        start = next((k for k, name in enumerate(names) if name == first or name.partition(".")[0] == first), 0)
        return next((all_exercises()[name] for name in names[start:] if name not in self.right), None)

    def ready(self, milestone: Milestone) -> bool:
        """Whether a milestone can be tried: it is not reached, and the answers that it needs are marked right."""
        return milestone.chapter not in self.reached and set(milestone.needs) <= self.right
