"""``learn``: the next exercise, checks on save, progress in a file; milestones that are reached and that are stopped."""

from __future__ import annotations

import json
import re

import pytest

from scratchnn.book.exercises import all_exercises
from scratchnn.book.learning import Progress
from scratchnn.book.milestones import MILESTONES, ch05, ch06, ch11
from scratchnn.book.solutions import solution_code
from scratchnn.cli import main
from scratchnn.commands import learn as command

EXERCISES = all_exercises()


def solve(progress, *names):
    """Write the solutions of exercises, and mark them right."""
    for name in names:
        exercise = EXERCISES[name]
        progress.provide(exercise).write_text(solution_code(exercise.chapter, exercise.function), encoding="utf-8")
        progress.right.add(name)
    progress.save()


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path)


@pytest.fixture
def learn(tmp_path, capsys):
    """Runs the command in a folder: status and output."""

    def run(*arguments):
        status = main(["learn", "--folder", str(tmp_path), *arguments])
        return status, capsys.readouterr().out

    return run


def plant(progress, name, old, new):
    """Put a mistake into an answer."""
    path = progress.answer_file(EXERCISES[name])
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- the way through the exercises -----------------------------------------------------------------------------------


def test_one_look_at_a_time(learn, progress, tmp_path):
    file = tmp_path / "answer_1_1.py"
    status, printed = learn("--once")
    assert (status, "not attempted yet" in printed) == (2, True)
    assert file.read_text(encoding="utf-8") == EXERCISES["1.1"].template()
    file.write_text("def sum_to_shape(dy, shape):\n    return dy.sum()\n", encoding="utf-8")
    status, printed = learn("--once")
    assert status == 1
    assert printed.startswith("exercise 1.1, sum_to_shape(dy, shape): not yet right\n  - ")
    file.write_text(solution_code(1, "sum_to_shape"), encoding="utf-8")
    assert learn("--once") == (0, "exercise 1.1, sum_to_shape(dy, shape): right\n\n")
    assert json.loads((tmp_path / "progress.json").read_text()) == {"right": ["1.1"], "milestones": []}
    assert "  [x] 1.1  backward" in learn("--list")[1]
    assert "1 of " in learn("--list")[1]
    assert "python -m scratchnn learn goes on with 1.2." in learn("--list")[1]
    assert learn("--once")[0] == 2
    assert (tmp_path / "answer_1_2.py").exists()
    assert learn("5", "--once")[0] == 2
    assert (tmp_path / "answer_5_1.py").exists()


def test_saving_a_file_checks_it(learn, progress, tmp_path, monkeypatch):
    """The reader saves a mistake, an exception, the solution; the next exercise comes, and Ctrl-C ends."""
    file = tmp_path / "answer_1_5.py"
    saved = [
        "def count_parameters(sizes):\n    return 1\n",
        "def count_parameters(sizes):\n    return 1 / 0\n",
        solution_code(1, "count_parameters"),
    ]

    def sleep(seconds):
        if not saved:
            raise KeyboardInterrupt
        file.unlink()  # as editors do that replace a file
        file.write_text(saved.pop(0), encoding="utf-8")

    monkeypatch.setattr(command.time, "sleep", sleep)
    status, printed = learn("1.5")
    assert status == 0
    lines = printed.splitlines()
    assert [line for line in lines if line.startswith("exercise ")] == [
        *["exercise 1.5, count_parameters(sizes): not yet right"] * 2,
        "exercise 1.5, count_parameters(sizes): right",
    ]
    assert "raised ZeroDivisionError in line 2" in " ".join(printed.split())
    assert [line for line in lines if line.startswith("Exercise ")] == [
        "Exercise 1.5: counting parameters",
        "Exercise 1.6: the leaky ReLU",
    ]
    assert f"Write your answer in {file}; it is checked whenever you save it." in lines
    assert lines[-1].startswith("1 of ")


def test_a_file_that_is_being_replaced_is_waited_for(learn, progress, tmp_path, monkeypatch):
    """No template is written in its place, and nothing is checked, until it exists again."""
    file = tmp_path / "answer_1_5.py"
    looks = iter(range(4))

    def sleep(seconds):
        look = next(looks, None)
        if look is None:
            raise KeyboardInterrupt
        if look == 0:
            file.unlink()
        elif look < 3:
            assert not file.exists()
        else:
            file.write_text(solution_code(1, "count_parameters"), encoding="utf-8")

    monkeypatch.setattr(command.time, "sleep", sleep)
    status, printed = learn("1.5")
    assert status == 0
    verdicts = [line for line in printed.splitlines() if line.startswith("exercise ")]
    assert verdicts == ["exercise 1.5, count_parameters(sizes): right"]


@pytest.mark.parametrize("kind", ["UTF-16", "Latin-1", "a folder"])
def test_answers_that_are_no_utf8_are_checked_like_others(learn, progress, tmp_path, monkeypatch, kind):
    """Windows PowerShell writes UTF-16, which is read; what cannot be read is a line, and ``learn`` waits on."""
    file = tmp_path / "answer_1_5.py"
    if kind == "UTF-16":
        file.write_text(solution_code(1, "count_parameters"), encoding="utf-16")
    elif kind == "Latin-1":
        file.write_bytes(b"# caf\xe9\n")
    else:
        file.mkdir()

    def stop(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", stop)
    status, printed = learn("1.5")
    assert status == 0
    assert ("count_parameters(sizes): right" in printed) == (kind == "UTF-16")
    assert ("is not UTF-8: byte 0xe9 in line 1" in " ".join(printed.split())) == (kind == "Latin-1")
    assert "Traceback" not in printed


def test_a_link_to_a_place_that_is_not_there_stays(learn, progress, tmp_path):
    file = tmp_path / "answer_1_5.py"
    file.symlink_to(tmp_path / "elsewhere" / "answer.py")
    status, printed = learn("1.5", "--once")
    assert status != 0
    assert file.is_symlink()
    assert "Traceback" not in printed


def test_a_folder_in_place_of_an_answer_is_named(learn, tmp_path):
    (tmp_path / "answer_1_5.py").mkdir()
    status, printed = learn("1.5", "--once")
    assert status == 1
    assert "answer_1_5.py is a folder; a file is needed" in " ".join(printed.split())


def test_all_done(learn, progress):
    progress.right = set(EXERCISES)
    progress.reached = set(MILESTONES)
    progress.save()
    assert learn() == (0, f"{len(EXERCISES)} of {len(EXERCISES)} exercises are right. All are done.\n")
    assert learn("--once") == (0, "")
    assert "[ ]" not in learn("--list")[1]


@pytest.mark.parametrize(
    ("arguments", "content", "message"),
    [
        ([], "{", r"cannot read \S+progress.json \(.*\); remove it to start again, your answers stay"),
        ([], '{"right": 3, "milestones": []}', "cannot read"),
        (["--list"], "[]", "cannot read"),
        (["99"], None, "no exercise 99; there are exercises for chapters 1"),
        (["--milestone", "1"], None, "chapter 1 has no milestone; choose from 5, 6"),
    ],
)
def test_bad_input_is_one_line(arguments, content, message, tmp_path, capsys):
    if content is not None:
        (tmp_path / "progress.json").write_text(content)
    assert main(["learn", "--folder", str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert error.count("\n") == 1


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for folder, message in (
        (tmp_path / "file", "cannot make the folder"),
        (tmp_path / "file" / "below", "cannot make the folder"),
        (tmp_path / ("long" * 100), "progress.json: File name too long"),
    ):
        assert main(["learn", "--folder", str(folder), "--once"]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


# --- milestones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("milestone", MILESTONES.values(), ids=lambda m: f"ch{m.chapter:02d}")
def test_a_milestone_is_reached_with_right_answers(milestone, learn, progress):
    solve(progress, *milestone.needs)
    status, printed = learn("--milestone", str(milestone.chapter))
    assert status == 0, printed
    assert f"Reached: {milestone.title}." in printed
    assert all(f"  {name}  {EXERCISES[name].title}: right\n" in printed for name in milestone.needs)
    assert Progress(progress.folder).reached == {milestone.chapter}


def test_the_last_answer_that_a_milestone_needs_starts_it(learn, progress, monkeypatch):
    *others, last = MILESTONES[5].needs
    solve(progress, *others)
    monkeypatch.setattr(ch05, "train", lambda own, report: True)
    path = progress.provide(EXERCISES[last])
    path.write_text(solution_code(5, EXERCISES[last].function), encoding="utf-8")
    status, printed = learn(last, "--once")
    assert status == 0
    assert "Milestone of chapter 5" in printed
    assert "Reached: " in printed


PLANTED = [
    (5, "5.3", "from_later = dh + da @ Wh.T", "from_later = da @ Wh.T", "You send the gradient back one way only"),
    (5, "1.3", "dy @ W.T", "dy @ W.T / len(x)", "This gradient is divided by the number of rows"),
    (6, "6.3", "dc = dc_next + dh", "dc = dh", "dc_next, is left out"),
    (6, "6.1", "factor = min(1.0, max_norm / norm)", "factor = max_norm / norm[0]", "raised IndexError in line"),
    (11, "11.3", "np.where(real[:, None], q @ k.transpose(0, 2, 1), -np.inf)", "q @ k.transpose(0, 2, 1)", "ignore real"),
]
UNSEEN = [
    (5, "5.4", "    return (y", "    y = y if len(z) < 10 else 2 * y\n    return (y"),
    (6, "6.3", "    return da_o", "    dc_before = dc_before if len(f) < 10 else 0 * f\n    return da_o"),
    (11, "11.4", "    return dq", "    dk = dk if len(q) < 10 else 0 * dk\n    return dq"),
]
TOO_SHORT = {5: (ch05, "LEARNING_RATE", 0.0), 6: (ch06, "STEPS", 4), 11: (ch11, "EPOCHS", 1)}


def of_this_book(cases):
    """The cases of chapters whose exercises are here."""
    return [case for case in cases if case[0] in MILESTONES]


@pytest.mark.parametrize(("chapter", "name", "old", "new", "explanation"), of_this_book(PLANTED))
def test_a_planted_mistake_stops_a_milestone_with_its_number(chapter, name, old, new, explanation, learn, progress):
    solve(progress, *MILESTONES[chapter].needs)
    plant(progress, name, old, new)
    status, printed = learn("--milestone", str(chapter))
    assert status == 1
    assert f"\nStopped at exercise {name}:\n" in printed
    assert explanation in " ".join(printed.split())
    assert "Reached" not in printed
    again = Progress(progress.folder)
    assert again.reached == set()
    assert name not in again.right  # learn goes back to it
    status, printed = learn("--milestone", str(chapter))
    assert (status, f"Still to do: {name}." in " ".join(printed.split())) == (1, True)


@pytest.mark.parametrize(("chapter", "name", "old", "new"), of_this_book(UNSEEN))
def test_a_mistake_that_no_check_has_seen_is_named_too(chapter, name, old, new, learn, progress):
    """It shows in large batches only, which the checks do not have; the training compares with the solution."""
    solve(progress, *MILESTONES[chapter].needs)
    plant(progress, name, old, new)
    status, printed = learn("--milestone", str(chapter))
    assert status == 1
    assert f"\nStopped at exercise {name}:\n" in printed
    assert "passes its check, but gives wrong results in the training." in printed


@pytest.mark.parametrize("chapter", MILESTONES)
def test_a_network_that_does_not_learn_is_no_milestone(chapter, learn, progress, monkeypatch):
    solve(progress, *MILESTONES[chapter].needs)
    monkeypatch.setattr(*TOO_SHORT[chapter])
    status, printed = learn("--milestone", str(chapter))
    assert (status, "Stopped. Each answer is right by itself" in printed) == (1, True)
    assert Progress(progress.folder).right == set(MILESTONES[chapter].needs)
