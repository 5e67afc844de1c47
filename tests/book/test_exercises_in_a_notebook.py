"""Exercises in a notebook: the sentences of the shell for every answer; hints, solutions, time limits."""

from __future__ import annotations

import importlib
import signal
import threading
import time
from pathlib import Path

import pytest

from scratchnn.book.exercises import all_exercises, check, hint, notebook, solution
from scratchnn.book.exercises.time_limit import TimeUp, time_limit
from scratchnn.book.solutions import solution_code
from scratchnn.cli import main
from scratchnn.errors import DataError

EXERCISES = all_exercises()
WRONG = {}
for path in sorted(Path(__file__).parent.glob("wrong_answers_ch*.py")):
    WRONG |= importlib.import_module(path.stem).WRONG

each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: f"ch{e.chapter:02d}-{e.name}")


def defined(text, function):
    """The function that a cell with this text defines."""
    names = {}
    exec(compile(text, "<cell>", "exec"), names)
    return names[function]


@each_exercise
def test_the_sentences_are_those_of_the_shell(exercise, tmp_path, capsys):
    file = tmp_path / "answer.py"
    for text in (solution_code(exercise.chapter, exercise.function), *(text for text, _ in WRONG[exercise.name])):
        file.write_text(text, encoding="utf-8")
        status = main(["exercise", exercise.name, str(file)])
        in_shell = capsys.readouterr().out
        check(exercise.name, defined(text, exercise.function))
        assert capsys.readouterr().out == in_shell
        assert in_shell.splitlines()[0].endswith(": right" if status == 0 else ": not yet right")


BODIES = [
    "raise NotImplementedError",
    'raise NotImplementedError("replace this line by your own")',
    "...",
    "pass",
    "return None",
    "return ...",
    "return ..., 1",
    '"""Later."""',
]


@pytest.mark.parametrize("body", BODIES)
def test_not_attempted_is_not_wrong(body, capsys):
    check("1.5", defined(f"def count_parameters(sizes):\n    {body}\n", "count_parameters"))
    assert capsys.readouterr().out.startswith("exercise 1.5, count_parameters(sizes): not attempted yet\n")


def test_an_exception_is_one_sentence_with_its_line(capsys):
    check("1.5", defined("def count_parameters(sizes):\n    n = 0\n    return sizes[7]\n", "count_parameters"))
    printed = " ".join(capsys.readouterr().out.split())
    assert printed == (
        "exercise 1.5, count_parameters(sizes): not yet right "
        "- count_parameters(sizes=[2, 10, 3]) raised IndexError in line 3: list index out of range"
    )


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("1.5", 63, r'check takes the function, not its result: check\("1.5", count_parameters\); got int'),
        ("1", len, "name one exercise: 1.1, 1.2"),
        ("1.99", len, "no exercise 1.99; chapter 1 has 1.1"),
        (1.5, None, "got NoneType"),
    ],
)
def test_what_check_does_not_take(name, answer, message):
    with pytest.raises(DataError, match=message):
        check(name, answer)


def test_hints_come_one_by_one(capsys, monkeypatch):
    monkeypatch.setattr(notebook, "_GIVEN", {})
    for _ in range(4):
        hint("1.5")
    hint("1.6")
    printed = capsys.readouterr().out
    firsts = [line for line in printed.splitlines() if not line.startswith(" ")]
    assert [line.partition(":")[0] for line in firsts] == [
        "hint 1 of 2",
        "hint 2 of 2",
        *['exercise 1.5 has no more hints; solution("1.5") prints the solution'] * 2,
        "hint 1 of 2",
    ]
    assert " ".join(EXERCISES["1.5"].hints[1].split()) in " ".join(printed.split())


@each_exercise
def test_a_solution_can_be_copied_into_a_cell(exercise, capsys):
    solution(exercise.name)
    code = capsys.readouterr().out
    check(exercise.name, defined(code, exercise.function))
    assert capsys.readouterr().out == f"exercise {exercise.name}, {exercise.head}: right\n"


# --- the time limit --------------------------------------------------------------------------------------------------


def forever():
    while True:
        pass


@pytest.fixture(params=["with a timer", "without"])
def system(request, monkeypatch):
    """This system, and one without timers, as Windows is."""
    if request.param == "without":
        monkeypatch.delattr(signal, "setitimer", raising=False)


def test_a_loop_is_stopped_and_the_handlers_are_as_before(system):
    numbers = [signal.SIGINT, *([signal.SIGALRM] if hasattr(signal, "SIGALRM") else [])]
    before = [signal.getsignal(number) for number in numbers]
    start = time.monotonic()
    with pytest.raises(TimeUp), time_limit(0.2):
        forever()
    assert 0.2 <= time.monotonic() - start < 5
    assert [signal.getsignal(number) for number in numbers] == before
    with time_limit(0.2):
        pass
    time.sleep(0.3)  # nothing arrives afterwards
    assert [signal.getsignal(number) for number in numbers] == before


def test_an_interrupt_of_the_user_stays_one(system):
    with pytest.raises(KeyboardInterrupt), time_limit(5):
        signal.raise_signal(signal.SIGINT)


def test_another_thread_has_no_limit():
    done = []

    def work():
        with time_limit(0.05):
            time.sleep(0.2)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_in_a_kernel():
    """A real notebook: a right answer, a loop that never ends, and an exception with its line."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "from scratchnn.book.exercises import answer, check, hint\nanswer.LIMIT = 0.3\n"
        "def weighted(sizes):\n    return sum(a * b + b for a, b in zip(sizes, sizes[1:]))\ncheck('1.5', weighted)",
        "def endless(sizes):\n    while True:\n        pass\ncheck('1.5', endless)",
        "def failing(sizes):\n    return 1 / 0\ncheck('1.5', failing)",
        "hint('1.5')",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    printed = [" ".join("".join(output["text"] for output in cell.outputs).split()) for cell in book.cells]
    assert printed[0].endswith("count_parameters(sizes): right")
    assert "was stopped in line" in printed[1]
    assert printed[1].endswith("after 0.3 seconds: does a loop never end?")
    assert printed[2].endswith("raised ZeroDivisionError in line 2: division by zero")
    assert printed[3].startswith("hint 1 of 2:")
