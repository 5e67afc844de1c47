"""What comes in and goes out: encodings of terminals and files, full and closed streams, Ctrl-C, usage lines."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata

import numpy as np
import pytest
from small_text import assert_one_line, command, train

from scratchnn.cli import COMMANDS, build_parser
from scratchnn.commands.arguments import LateParser
from scratchnn.tasks.registry import KINDS
from scratchnn.tasks.trained import load
from scratchnn.text import Vocabulary
from scratchnn.word2vec import KeyedVectors, write_vectors

pytestmark = pytest.mark.usefixtures("quick")
KOREAN = "고양이가 밥을 café – “naïve” 🙂 먹는다\n강아지가 집에 간다 ひらがな\n"
HIGHEST = 10**26


def process(*arguments, encoding="utf-8", **options):
    """A command in a process of its own: what came out is decoded by that encoding, strictly."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "MPLBACKEND": "agg"}
    line = [sys.executable, "-m", "scratchnn", *map(str, arguments)]
    done = subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, **{"capture_output": True, **options})
    return done.returncode, (done.stdout or b"").decode(encoding), (done.stderr or b"").decode(encoding)


@pytest.fixture(scope="module")
def korean(tmp_path_factory):
    """A folder with a Korean text, a run of ``train lm`` on it, and vectors."""
    folder = tmp_path_factory.mktemp("korean")
    (folder / "text.txt").write_text(KOREAN * 40, encoding="utf-8")
    assert train("--text", folder / "text.txt", "--out", folder / "run") == 0
    words = KOREAN.split()
    write_vectors(folder / "v.txt", KeyedVectors(words, np.random.default_rng(0).standard_normal((len(words), 4))))
    return folder


# --- output in any encoding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["sample", "{run}", "--prompt", "고양이가 밥을 🙂", "--length", "30"], 0, "고양이가 밥을 🙂"),
        (["exercise", "2.6"], 0, "학생은"),
        (["exercise", "2.6", "--template"], 0, "학생은"),
        (["exercise"], 0, "2.6"),
        (["similar", "{v}", "🙂"], 0, "“naïve”"),
        (["similar", "{v}", "없다"], 2, "'없다' is not among the"),
        (["analogy", "{v}", "밥을", "집에", "간다"], 0, "ひらがな"),
        (["evaluate", "{run}", "--data", "없는 파일"], 2, "cannot read 없는 파일"),
        (["gradcheck", "--list"], 0, "lstm"),
        (["data", "list"], 0, "imdb"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_character_is_printed_or_escaped(korean, arguments, status, expected, encoding):
    names = {"run": korean / "run", "v": korean / "v.txt"}
    found, out, error = process(*(word.format(**names) for word in arguments), encoding=encoding)
    assert found == status
    assert expected.encode(encoding, "backslashreplace").decode(encoding) in out + error
    assert "Traceback" not in error
    if status == 2:
        assert error.count("\n") == 1


def test_lone_surrogates_are_printed_saved_and_read_back(tmp_path, capsys):
    vocabulary = Vocabulary(["<unk>", "a", "\ud800", "x\udcff"])
    vocabulary.save(tmp_path / "vocabulary.json")
    assert Vocabulary.load(tmp_path / "vocabulary.json").tokens == vocabulary.tokens
    assert Vocabulary.load(tmp_path / "vocabulary.json").digest() == vocabulary.digest()
    assert len({vocabulary.digest(), Vocabulary(["<unk>", "a", r"\ud800", r"x\udcff"]).digest()}) == 2
    (tmp_path / "vocabulary.json").read_bytes().decode("utf-8")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names there are always Unicode")
def test_a_text_file_whose_name_is_not_utf8(tmp_path, capsys):
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("the cat sat on the mat\n" * 60)
    assert train("--text", tmp_path / name, "--out", tmp_path / "run") == 0
    settings = json.loads((tmp_path / "run" / "settings.json").read_text(encoding="utf-8"))
    assert settings["data"] == [str(tmp_path / name)]
    capsys.readouterr()
    assert command("train", "lm", "--resume", "--epochs", 2, "--out", tmp_path / "run") == 0
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / name) == 0
    status, _, error = process("evaluate", tmp_path / "run", "--data", os.fsdecode(b"\xe9\xff"))
    assert (status, error) == (2, "error: cannot read \\udce9\\udcff: No such file or directory\n")


# --- templates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("exercise", "2.6"), ("gradcheck",)])
def test_a_template_is_written_in_utf8_and_replaces_no_file(tmp_path, capsys, arguments):
    path = tmp_path / "mine.py"
    assert command(*arguments, "--template") == 0
    printed = capsys.readouterr().out
    assert command(*arguments, "--template", "--out", path) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert path.read_text(encoding="utf-8") == printed
    path.write_text("my work")
    assert command(*arguments, "--template", "--out", path) == 2
    assert_one_line(capsys, f"{path} already exists; choose another --out")
    assert path.read_text() == "my work"
    assert command(*arguments, "--out", tmp_path / "other.py") == 2
    assert_one_line(capsys, "--out needs --template")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_template_that_powershell_has_written_is_read(tmp_path, capsys, encoding, end):
    for arguments, name in ((("exercise", "2.6"), "answer.py"), (("gradcheck",), "layer.py")):
        assert command(*arguments, "--template") == 0
        (tmp_path / name).write_bytes(capsys.readouterr().out.replace("\n", end).encode(encoding))
    assert command("exercise", "2.6", tmp_path / "answer.py") == 2
    assert "exercise 2.6, topic(word): not attempted yet" in capsys.readouterr().out
    assert command("gradcheck", f"{tmp_path / 'layer.py'}:MyGRU") == 0


@pytest.mark.parametrize("encoding", ["cp949", "utf-16-le"])
def test_a_template_in_another_encoding_is_refused_with_a_way_out(tmp_path, capsys, encoding):
    assert command("exercise", "2.6", "--template") == 0
    path = tmp_path / "answer.py"
    path.write_bytes(capsys.readouterr().out.encode(encoding))
    assert command("exercise", "2.6", path) == 2
    if encoding == "cp949":
        line = 1 + next(k for k, line in enumerate(path.read_bytes().split(b"\n")) if not line.isascii())
        message = f"{path} is not UTF-8: byte 0x"
        assert_one_line(capsys, message, f" in line {line}; save it as UTF-8", "exercise 2.6 --template --out FILE.py")
    else:
        assert_one_line(capsys, "answer.py")


def test_an_encoding_that_the_file_declares_is_python_s(tmp_path, capsys):
    assert command("exercise", "2.6", "--template") == 0
    text = "# -*- coding: cp949 -*-\n" + capsys.readouterr().out
    (tmp_path / "answer.py").write_bytes(text.encode("cp949"))
    assert command("exercise", "2.6", tmp_path / "answer.py") == 2
    assert "exercise 2.6, topic(word): not attempted yet" in capsys.readouterr().out


# --- streams --------------------------------------------------------------------------------------------------------

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
PRINTING = [["--help"], ["--version"], ["exercise"], ["train", "lm", "--help"], ["gradcheck", "--list"]]


@needs_full
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_to_a_full_disk(arguments, buffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", buffered)
    with open("/dev/full", "wb") as full:
        status, _, error = process(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert (status, error) == (2, "error: cannot write the output: No space left on device\n")
        assert process("similar", "nowhere", "a", capture_output=False, stderr=full)[0] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by sh")
@pytest.mark.parametrize("arguments", [*PRINTING, ["similar", "nowhere", "a"], ["predict", "nowhere"]], ids=" ".join)
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams(arguments, closed):
    line = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "scratchnn", *arguments]
    done = subprocess.run(line, capture_output=True)
    assert done.returncode == (2 if "nowhere" in arguments else 0)
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX pipes")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_reader_that_has_ended(arguments):
    read, write = os.pipe()
    os.close(read)
    try:
        status, _, error = process(*arguments, capture_output=False, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (status, error) == (141, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_while_the_commands_are_being_imported(tmp_path):
    """A module that takes long to import stands for a slow disk."""
    (tmp_path / "tqdm.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", os.getcwd())])}
    line = [sys.executable, "-m", "scratchnn", "exercise"]
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout.readline() == b"importing\n"
        time.sleep(0.1)
        started.send_signal(signal.SIGINT)
        _, error = started.communicate(timeout=30)
    assert (started.returncode, error) == (130, b"\ninterrupted\n")


# --- usage lines ----------------------------------------------------------------------------------------------------


def leaves(parser):
    """All parsers of commands that have no commands below them."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield parser
    for action in below:
        for name, child in action.choices.items():
            if isinstance(child, LateParser) and child.fill is not None and name in KINDS:
                child.fill(child, [])
                child.fill = None
            yield from leaves(child)


def as_printed(parser):
    """The words of the usage line after the command, options and all, with a value for each placeholder."""
    usage = " ".join(parser.format_usage().split()).removeprefix(f"usage: {parser.prog} ")
    usage = re.sub(r"(\w[\w.]*) \[\1 \.\.\.\]", r"\1 \1", usage)  # FILE [FILE ...] is given twice
    usage = re.sub(r"\[(\w+) \.\.\.\]", r"\1 \1", usage)  # [NAME ...]
    usage = re.sub(r"\{(\w[^,}]*)[^}]*\}", r"\1", usage)  # the first of several choices
    usage = re.sub(r" \| [^\]]*", "", usage)  # of alternatives, too
    numbers = {a.metavar or a.dest.upper(): "1" for a in parser._actions if a.type in (int, float)}
    choices = {a.metavar: str(a.choices[0]) for a in parser._actions if a.choices and a.metavar}
    return [choices.get(word, numbers.get(word, word)) for word in usage.replace("[", "").replace("]", "").split()]


PARSERS = {parser.prog.removeprefix("scratchnn "): parser for parser in leaves(build_parser())}


@pytest.mark.parametrize("name", PARSERS)
def test_the_usage_line_works_as_printed(name):
    words = [word for word in as_printed(PARSERS[name]) if word != "-h"]
    values = vars(PARSERS[name].parse_args(words))
    printed = {word for word in words if word.startswith("--")}
    for action in PARSERS[name]._actions:
        if action.dest != "help" and (not action.option_strings or printed & set(action.option_strings)):
            assert values[action.dest] not in (None, [], False), action.dest


def test_all_commands_have_a_usage_line_that_is_tested():
    assert {name.replace("_", "-") for name in COMMANDS} <= {name.split()[0] for name in PARSERS}
    assert {f"train {kind}" for kind in KINDS} <= PARSERS.keys()


def test_several_texts_after_the_folder(trained, capsys):
    text = trained / "text.txt"
    assert command("evaluate", trained / "char", "--text", text, text) == 0
    usage = " ".join(PARSERS["evaluate"].format_usage().split())
    assert usage == "usage: scratchnn evaluate [-h] [--threads N] DIR --data FILE [FILE ...]"


# --- sizes and names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--hidden", "--embed", "--layers", "--batch", "--window", "--accumulate"])
@pytest.mark.parametrize("size", [HIGHEST, 10**18])
def test_sizes_beyond_any_memory(text, tmp_path, capsys, option, size):
    assert train("--text", text, "--out", tmp_path / "run", option, size) == 2
    assert_one_line(capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["similar", "{}", "w"],
        ["analogy", "{}", "a", "b", "c"],
        ["evaluate-vectors", "{}", "--similarity", "{}"],
        ["sample", "{}"],
        ["evaluate", "{}", "--data", "{}"],
        ["predict", "{}", "x"],
        ["exercise", "1.1", "{}"],
        ["exercise", "1.1", "--template", "--out", "{}"],
        ["gradcheck", "{}.py:A"],
        ["gradcheck", "dense", "--json", "{}"],
        ["gradcheck", "dense", "--plot", "{}.png"],
        ["gradcheck", "dense", "--json", "{}/a"],
        ["data", "text", "nsmc", "--data", "{}"],
        ["data", "fetch", "nsmc", "--data", "{}"],
        ["train", "lm", "--data", "{}"],
        ["train", "word2vec", "--data", "{}"],
        ["train", "classifier", "--data", "{}"],
        ["train", "lm", "--out", "{}", "--hidden", "2", "--data", "{}"],
        ["tour", "--out", "{}"],
    ],
    ids=" ".join,
)
def test_names_that_no_file_can_have(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("x" * 300, "x/" * 3000):
        status = command(*(word.format(name) for word in arguments))
        error = capsys.readouterr().err
        assert status == 2
        assert error.splitlines()[-1].startswith("error: ")
        assert "Traceback" not in error


# --- one rule for Unicode forms and line ends -----------------------------------------------------------------------


def test_words_of_a_decomposed_text_are_found_by_typing_them(tmp_path, capsys):
    """A text as a Mac saves names: each word once, in the form that is typed."""
    composed = "고양이 밥 고양이 밥 café 고양이 밥 café\n" * 20
    mixed = composed + unicodedata.normalize("NFD", composed)
    runs = []
    for name, text in (
        ("composed", composed * 2),
        ("decomposed", unicodedata.normalize("NFD", composed * 2)),
        ("mixed", mixed),
    ):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
        run = tmp_path / name
        assert command("train", "word2vec", "--data", f"{run}.txt", "--dim", 4, "--epochs", 1, "--out", run) == 0
        runs.append((run / "vectors.txt").read_bytes())
    assert runs[0] == runs[1] == runs[2]
    for word in ("고양이", unicodedata.normalize("NFD", "고양이")):
        assert command("similar", tmp_path / "mixed", word) == 0
        assert "among 3 words" in capsys.readouterr().out


def test_the_words_of_a_file_in_any_form_are_found(capsys):
    composed, decomposed = "고양이", unicodedata.normalize("NFD", "고양이")
    for kept in (composed, decomposed):
        vectors = KeyedVectors(["a", kept], np.eye(2))
        assert vectors.row(composed) == vectors.row(decomposed) == 1
        assert composed in vectors
        assert decomposed in vectors
        assert vectors.words[1] == kept
    both = KeyedVectors([decomposed, composed], np.eye(2))
    assert (both.row(decomposed), both.row(composed)) == (0, 1)
    assert "고" not in both
    assert 3 not in both


def test_labels_of_any_form_are_the_same(tmp_path, capsys):
    lines = "좋은 영화\t긍정\n나쁜 영화\t부정\n" * 30
    for form in ("NFC", "NFD"):
        (tmp_path / f"{form}.txt").write_text(unicodedata.normalize(form, lines), encoding="utf-8")
    run = tmp_path / "run"
    options = ["--hidden", 4, "--embed", 4, "--epochs", 1, "--out", run]
    assert command("train", "classifier", "--data", tmp_path / "NFC.txt", *options) == 0
    assert load(run).evaluate(tmp_path / "NFC.txt") == load(run).evaluate(tmp_path / "NFD.txt")
