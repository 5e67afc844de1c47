"""The exercises of the book, and the code that checks answers; the solutions are in ``scratchnn.book.solutions``.

The exercises of a chapter are in files that are found by their names (``ch01.py``, ``ch01_network.py``). In a notebook:

    from scratchnn.book.exercises import check, hint, solution

    check("5.2", switch_weights)    # your function
    hint("5.2")                     # one step; call it again for the next
    solution("5.2")
"""

from scratchnn.book.exercises.notebook import check, hint, solution
from scratchnn.book.exercises.registry import Exercise, all_exercises, chapter_title, exercise, find

__all__ = ["Exercise", "all_exercises", "chapter_title", "check", "exercise", "find", "hint", "solution"]
