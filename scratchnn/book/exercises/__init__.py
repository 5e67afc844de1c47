"""The book's exercises and what checks the reader's answers; solutions lie in ``chapters/solutions``.

Each chapter's exercises stand in a file of their own, ``ch01.py`` and so on, which is found by its name.
"""

from scratchnn.book.exercises.registry import Exercise, all_exercises, chapter_title, exercise, find

__all__ = ["Exercise", "all_exercises", "chapter_title", "exercise", "find"]
