"""Exercises in the shell: solutions are accepted, wrong answers explained, bad files refused in one line."""

import ast
import copy
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scratchnn.book.solutions
from scratchnn.book.exercises import all_exercises, answer
from scratchnn.book.exercises.answer import Answer
from scratchnn.book.exercises.registry import chapter_modules
from scratchnn.book.exercises.verdict import RIGHT, judge
from scratchnn.book.exercises.verdict import WRONG as WRONG_STATUS
from scratchnn.book.solutions import solution_code
from scratchnn.cli import main

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = all_exercises()
WRONG = {}
for path in sorted(Path(__file__).parent.glob("wrong_answers_ch*.py")):
    WRONG |= importlib.import_module(path.stem).WRONG

NAMES = ("mistakes", "extremes")

each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: f"ch{e.chapter:02d}-{e.name}")
each_chapter = pytest.mark.parametrize("module", sorted({name[:4] for name in chapter_modules()}))


def solution_file(exercise):
    return Path(scratchnn.book.solutions.__file__).parent / f"ch{exercise.chapter:02d}.py"


@pytest.fixture
def checked(tmp_path, capsys):
    """Checks an answer through the command line: status, output as one line, error output."""

    def check(name, text, *options):
        path = tmp_path / "my_answer.py"
        path.write_text(text, encoding="utf-8")
        status = main(["exercise", name, str(path), *options])
        captured = capsys.readouterr()
        return status, " ".join(captured.out.split()), captured.err.replace(str(path), "my_answer.py")

    return check


# --- every exercise --------------------------------------------------------------------------------------------------


@each_exercise
def test_solution_is_accepted(exercise, capsys):
    assert main(["exercise", exercise.name, str(solution_file(exercise))]) == 0
    assert capsys.readouterr().out == f"exercise {exercise.name}, {exercise.head}: right\n"


@each_exercise
def test_solution_has_the_signature_of_the_exercise(exercise):
    functions = {
        n.name: n for n in ast.parse(solution_file(exercise).read_text(encoding="utf-8")).body if hasattr(n, "name")
    }
    assert f"{exercise.function}({ast.unparse(functions[exercise.function].args)})" == exercise.head


@each_exercise
def test_template_compiles_and_is_not_an_answer(exercise, checked, capsys):
    assert main(["exercise", exercise.name, "--template"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    compile(text, "template", "exec")
    status, output, error = checked(exercise.name, text)
    assert (status, error) == (2, "")
    assert (
        f'): not attempted yet - replace NotImplementedError, or the dots, by your own code; hint("{exercise.name}")'
        in output
    )


@each_exercise
def test_hints_lead_to_the_answer_in_steps(exercise, capsys):
    """At least two hints, whole sentences; each names the command for the next one, the last that for the solution."""
    assert len(exercise.hints) >= 2
    assert [h for h in exercise.hints if not h.endswith((".", "?")) or len(h) > 250] == []
    for k in range(len(exercise.hints)):
        assert main(["exercise", exercise.name, "--hint", *([str(k + 1)] if k else [])]) == 0
        *lines, command = capsys.readouterr().out.splitlines()
        assert " ".join(map(str.strip, lines)) == f"hint {k + 1} of {len(exercise.hints)}: {exercise.hints[k]}"
        assert max(map(len, lines)) <= 80
        following = f"--hint {k + 2}" if k + 1 < len(exercise.hints) else "--solution"
        assert command == f"next: python -m scratchnn exercise {exercise.name} {following}"


@each_exercise
def test_a_printed_solution_is_an_answer_by_itself(exercise, checked, capsys):
    assert main(["exercise", exercise.name, "--solution"]) == 0
    text = capsys.readouterr().out
    assert checked(exercise.name, text)[::2] == (0, "")
    defined = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    others = {e.function for e in EXERCISES.values() if e.chapter == exercise.chapter} - {exercise.function}
    assert exercise.function in defined
    assert not others & set(defined)


@each_exercise
def test_question_is_printed(exercise, capsys):
    assert main(["exercise", exercise.name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"    def {exercise.head}:" in lines
    assert all(len(line) <= 80 for line in lines)
    assert len(exercise.statement) > 80


@each_exercise
def test_wrong_answers_are_explained(exercise, checked):
    answers = WRONG[exercise.name]
    assert len(answers) >= 3
    for text, explanation in answers:
        status, output, error = checked(exercise.name, text)
        assert (status, error) == (1, ""), text
        assert explanation in output, text


@each_exercise
def test_every_explanation_is_reached(exercise):
    """Each explanation in the ``mistakes`` and ``extremes`` of a checker has a wrong answer that gets it."""
    tree = ast.parse(inspect.getsource(exercise.checker))
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) in NAMES]
    sentences = [ast.literal_eval(key) for node in names for key in node.value.keys]
    pieces = [" ".join(piece.split()) for _, piece in WRONG[exercise.name]]
    assert [s for s in sentences if not any(piece in s for piece in pieces)] == []


@each_chapter
def test_chapter_has_three_to_seven_exercises(module):
    functions = [e.function for e in EXERCISES.values() if e.chapter == int(module[2:])]
    assert 3 <= len(functions) <= 7
    assert len(set(functions)) == len(functions)
    numbers = [e.number for e in EXERCISES.values() if e.chapter == int(module[2:])]
    assert numbers == list(range(1, len(numbers) + 1))


@each_chapter
def test_chapter_names_its_exercises(module):
    (chapter,) = (ROOT / "chapters").glob(f"{module}_*.py")
    named = re.findall(r"^# (?:- )?\*\*(\d+\.\d+)\*\*", chapter.read_text(encoding="utf-8"), re.MULTILINE)
    assert named == [e.name for e in EXERCISES.values() if e.chapter == int(module[2:])]


# --- the command -----------------------------------------------------------------------------------------------------


def test_list_of_a_chapter(capsys):
    assert main(["exercise", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Chapter 1, arrays and the neural network"
    assert [line.split()[0] for line in lines[1:]] == ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]


def test_list_of_all(capsys):
    assert main(["exercise"]) == 0
    output = capsys.readouterr().out
    assert re.findall(r"^  (\d+\.\d+) ", output, re.MULTILINE) == list(EXERCISES)
    assert re.findall(r"^  \d.* (\w+)$", output, re.MULTILINE) == [e.function for e in EXERCISES.values()]
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["99"], "no exercise 99; there are exercises for chapters 1"),
        (["1.99"], "no exercise 1.99; chapter 1 has 1.1, 1.2,"),
        (["x"], "no exercise x; there are exercises for chapters 1"),
        (["1", "--template"], "name one exercise: 1.1, 1.2,"),
        (["--template"], "name one exercise: 1.1, 1.2,"),
        (["1.1", "no_such_file.py"], "no file no_such_file.py; python -m scratchnn exercise 1.1 --template prints one"),
        (["1.1", "."], ". is a folder; a file is needed, and python -m scratchnn exercise 1.1 --template prints one"),
        (["1", "--hint"], "name one exercise: 1.1, 1.2,"),
        (["1.1", "--hint", "9"], "exercise 1.1 has hints 1 to 2; there is no --hint 9"),
        (["1.1", "--hint", "--solution"], "choose one of --hint and --solution"),
        (["1.1", "a.py", "--solution"], "--solution checks no file; leave out either --solution or FILE.py"),
        (["1.1", "a.py", "--template"], "--template checks no file; leave out either --template or FILE.py"),
    ],
)
def test_bad_arguments(arguments, message, capsys):
    assert main(["exercise", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", "my_answer.py: the import raised SyntaxError in line 1: "),
        ("import no_such_module\n", "my_answer.py: the import raised ModuleNotFoundError in line 1: "),
        ("raise SystemExit\n", "my_answer.py: the import raised SystemExit in line 1: "),
        ("x = 1\n", "my_answer.py has no function count_parameters, which exercise 1.5 asks for\n"),
        ("def count_parameter(sizes): pass\n", "asks for; rename count_parameter if it is your answer\n"),
        ("count_parameters = 3\n", "my_answer.py: count_parameters is int, not a function\n"),
        (
            "def count_parameters(sizes):\n    return sizes[0] / 0\n",
            "my_answer.py: count_parameters(sizes=[2, 10, 3]) raised ZeroDivisionError in line 2: division by zero\n",
        ),
        (
            "def count_parameters():\n    return 1\n",
            "my_answer.py: count_parameters(sizes=[2, 10, 3]) raised TypeError: "
            "count_parameters() takes 0 positional arguments but 1 was given\n",
        ),
        ("import sys\ndef count_parameters(sizes):\n    sys.exit(0)\n", "raised SystemExit in line 3: 0\n"),
    ],
)
def test_files_that_cannot_be_checked(text, message, checked):
    status, output, error = checked("1.5", text)
    assert (status, output) == (2, "")
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("returned", "explanation"),
    [
        ("print(end='')", "count_parameters returns None: is the return statement missing?"),
        ("'63'", "the result is '63' (str), expected 24"),
        ("[63]", "the result has shape (1,), expected ()"),
        ("float('nan')", "the result is not finite: nan, expected 24"),
        ("{}", "the result is {} (dict), expected 24"),
        ("64", "count_parameters(sizes=[5, 4]): the result is 64, expected 24"),
    ],
)
def test_results_of_the_wrong_kind(returned, explanation, checked):
    status, output, _ = checked("1.5", f"def count_parameters(sizes):\n    return {returned}\n")
    assert status == 1
    assert explanation in output


def test_loading_an_answer_takes_nothing_of_the_gradient_check():
    code = "import sys, scratchnn.book.exercises.answer; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "scratchnn.your_layer.reader_file" in loaded
    assert not [name for name in loaded if name.startswith("scratchnn.gradcheck")]


def test_list_that_is_written_into(checked):
    text = solution_file(EXERCISES["1.5"]).read_text(encoding="utf-8") + "\n\nright = count_parameters\n\n\n"
    text += "def count_parameters(sizes):\n    n = right(sizes)\n    sizes.clear()\n    return n\n"
    status, output, _ = checked("1.5", text)
    assert status == 1
    assert output.endswith("- count_parameters changes its argument sizes in place: [2, 10, 3] becomes []; work on a copy")


# --- answers that never end, and holes that every checker has to close -----------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def count_parameters(sizes):\n    while True:\n        pass\n", "was stopped in line"),
        ("import time\ndef count_parameters(sizes):\n    time.sleep(60)\n", "was stopped in line 3"),
        (
            "def count_parameters(sizes):\n    while True:\n        try:\n            1 / 0\n        except Exception:\n"
            "            pass\n",
            "was stopped in line",
        ),
    ],
)
def test_an_answer_that_never_ends_is_stopped(text, message, checked, monkeypatch):
    monkeypatch.setattr(answer, "LIMIT", 0.2)
    status, output, error = checked("1.5", text)
    assert (status, error) == (1, "")
    assert f"count_parameters(sizes=[2, 10, 3]) {message}" in output
    assert "after 0.2 seconds: does a loop never end?" in output


def test_a_file_that_never_ends_is_stopped(checked, monkeypatch):
    monkeypatch.setattr(answer, "LIMIT", 0.2)
    status, _, error = checked("1.5", "while True:\n    pass\n")
    assert (status, error) == (
        2,
        "error: my_answer.py: the import was stopped after 0.2 seconds: does a loop never end?\n",
    )


def returned_as_lists(result):
    """Arrays as nested lists."""
    if isinstance(result, tuple):
        return tuple(map(returned_as_lists, result))
    return result.tolist() if isinstance(result, np.ndarray) else result


def solution_of(exercise):
    names = {}
    exec(solution_code(exercise.chapter, exercise.function), names)
    return names[exercise.function]


@each_exercise
def test_a_list_is_no_array(exercise):
    solution = solution_of(exercise)
    seen = []

    def lists(*arguments):
        result = solution(*arguments)
        seen.append(any(isinstance(part, np.ndarray) for part in (result if isinstance(result, tuple) else (result,))))
        return returned_as_lists(result)

    verdict = judge(exercise, Answer(lists, exercise.head))
    assert verdict.status == (WRONG_STATUS if any(seen) else RIGHT)
    assert not any(seen) or re.search(r"is a list(, not an array| of shape)", str(verdict))


@each_exercise
def test_an_argument_that_is_changed_in_place_is_named(exercise):
    """Each argument that can be changed is, in turn; the result stays right."""
    solution = solution_of(exercise)
    for k, name in enumerate(exercise.head.rstrip(")").partition("(")[2].split(", ")):
        changed = []

        def spoiled(*arguments, k=k, changed=changed):
            result = copy.deepcopy(solution(*arguments))
            if isinstance(arguments[k] if arguments else None, np.ndarray) and arguments[k].size:
                arguments[k][...] = arguments[k] == 0
                changed.append(k)
            return result

        verdict = judge(exercise, Answer(spoiled, exercise.head))
        assert verdict.status == (WRONG_STATUS if changed else RIGHT)
        assert not changed or f"changes its argument {name} in place" in " ".join(str(verdict).split())


def test_an_explanation_is_printed_once(checked):
    """Both gradients have the same fault; it is explained once, with one example."""
    text, explanation = WRONG["6.1"][0]
    _, output, _ = checked("6.1", text)
    assert output.count(explanation) == 1
    assert output.count("For example") == 1


def test_an_example_names_the_arguments_and_shows_small_values(checked):
    _, output, _ = checked("1.5", "def count_parameters(sizes):\n    return sum(a * b for a, b in zip(sizes, sizes[1:]))\n")
    expected = (
        "- The biases are missing: there is one per neuron. For example, count_parameters(sizes=[5, 4]): the result is 20,"
    )
    assert output.endswith(f"{expected} expected 24")
