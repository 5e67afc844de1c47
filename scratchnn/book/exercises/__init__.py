"""The exercises of the book and the code that checks answers; the solutions are in ``chapters/solutions``.

The exercises of each chapter are in a file of their own (``ch01.py`` and so on), which is found by its name.
"""

from scratchnn.book.exercises.registry import Exercise, all_exercises, chapter_title, exercise, find

__all__ = ["Exercise", "all_exercises", "chapter_title", "exercise", "find"]
