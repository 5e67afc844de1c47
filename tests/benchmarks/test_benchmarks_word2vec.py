"""Word vectors side by side: what contestants report, runs that go on where they stopped, tables."""

from __future__ import annotations

import json

import pytest
from small_text import assert_one_line, write_text

from benchmarks import cli, word2vec, word2vec_quality, word2vec_speed, word2vec_svd
from benchmarks.evaluation import evaluation_files, score, value_of
from benchmarks.table import WIDTH
from scratchnn.errors import DataError
from scratchnn.word2vec import read_vectors

SETTINGS = {"device": "cpu", "threads": 1, "seconds": 0.001}
NAMES = [
    f"{library}-{model}-seed{seed}" for seed in (0, 3) for model in ("skipgram", "cbow") for library in ("ours", "gensim")
]


@pytest.fixture
def questions(tmp_path, monkeypatch):
    """Files of judgements and analogies about the small text's words, in the usual folder."""
    folder = tmp_path / "data" / "wordsim"
    folder.mkdir(parents=True)
    (folder / "EN-WS-353-ALL.txt").write_text("cat\tdog\t9\nmat\tran\t1\nthe\ta\t8\nking\tqueen\t8\n")
    (folder / "EN-WS-353-REL.txt").write_text("cat\tdog\t9\n")
    (folder / "EN-SIMLEX-999.txt").write_text("king\tqueen\t9\nsat\tran\t5\n")
    (folder / "questions-words.txt").write_text(": first\ncat dog sat ran\nking queen man woman\n: gram1\na the it on\n")
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path / "data"))
    return folder


@pytest.fixture
def text(tmp_path):
    return write_text(tmp_path / "text.txt", lines=100)


# --- one contestant --------------------------------------------------------------------------------------------------


def test_what_ours_reports(text):
    case = {"text": str(text), "model": "cbow", "epochs": 3, "seed": 0}
    found = word2vec.ours(case, SETTINGS)
    assert found["words"] == 600
    assert found["vocabulary"] == 11
    assert found["value"] == pytest.approx(1800 / found["training_seconds"])
    assert found["counting_seconds"] > 0
    assert found["memory_mb"] >= 0


def test_trained_and_judged(text, tmp_path, questions):
    similarity, analogies = evaluation_files([], None)
    case = {
        "library": "ours",
        "model": "skipgram",
        "text": str(text),
        "epochs": 1,
        "seed": 0,
        "out": str(tmp_path / "v.bin"),
    }
    found = word2vec_quality.trained({**case, "similarity": similarity, "analogies": analogies}, SETTINGS)
    assert [(part["name"], part["covered"], part["total"]) for part in found["scores"]] == [
        ("SimLex-999", 1, 2),
        ("WordSim-353", 3, 4),
        ("analogies, semantic", 1, 2),
        ("analogies, syntactic", 1, 1),
        ("analogies, total", 2, 3),
    ]
    assert found["scores"][0]["value"] is None  # one pair has no correlation
    assert value_of(found["scores"][0]) != value_of(found["scores"][0])
    assert -1 <= value_of(found["scores"][1]) <= 1
    assert found["scores"] == score(read_vectors(tmp_path / "v.bin"), similarity, analogies)


def test_files_to_judge_by(questions):
    similarity, analogies = evaluation_files([], None)
    assert [path.rpartition("/")[2] for path in similarity] == ["EN-SIMLEX-999.txt", "EN-WS-353-ALL.txt"]
    assert analogies == str(questions / "questions-words.txt")
    given = str(questions / "EN-WS-353-REL.txt")
    assert evaluation_files([given], None) == ([given], None)
    with pytest.raises(DataError, match=r"cannot read missing\.txt"):
        evaluation_files(["missing.txt"], None)


# --- speed -----------------------------------------------------------------------------------------------------------


def test_speed_alone(text, tmp_path, capsys):
    command = [
        "word2vec",
        "--text",
        str(text),
        "--words",
        "300",
        "600",
        "--rounds",
        "2",
        "--json",
        str(tmp_path / "b.json"),
    ]
    assert cli.main(command) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= WIDTH
    assert "counting words, s" in out
    document = json.loads((tmp_path / "b.json").read_text())
    assert document["text"] == str(text)
    assert document["peak_gflops"] is None
    assert [row["label"] for row in document["rows"]] == [
        f"{model}, {words} words" for words in (300, 600) for model in ("skip-gram", "CBOW")
    ]
    assert [part["words"] for part in document["rows"][0]["rounds"]["ours"]] == [300, 300]


def test_gensim_reads_in_its_faster_way(text, tmp_path, monkeypatch, capsys):
    def run_job(function, case, settings):
        assert settings["threads"] == 1
        return {"value": {"corpus_file": 2.0, "LineSentence": {"cbow": 3.0, "skipgram": 1.0}[case["model"]]}[case["feed"]]}

    monkeypatch.setattr(word2vec_speed, "run_job", run_job)
    options = cli.build_parser().parse_args(["word2vec", "--against", "gensim", "--quick", "--words", "100"])
    options.text, options.folder = text, str(tmp_path)
    rows = word2vec_speed.rows("word2vec", options, SETTINGS)
    assert {row.case["model"]: row.case["feed"] for row in rows} == {"cbow": "LineSentence", "skipgram": "corpus_file"}
    assert all(row.theirs == "benchmarks.word2vec:gensim" and row.threads == 1 for row in rows)
    assert "gensim, CBOW: corpus_file 2 words/s, LineSentence 3 words/s; timed by LineSentence" in capsys.readouterr().out


# --- quality ---------------------------------------------------------------------------------------------------------


class Trained:
    """Stands in for the processes: remembers who was trained, and fails for the names in ``broken``."""

    def __init__(self):
        self.names, self.broken, self.covered = [], set(), {}

    def __call__(self, function, case, settings):
        name = word2vec_quality.name_of(case)
        if name in self.broken:
            raise DataError(f"{name} is broken")
        self.names.append(name)
        value = {"ours": 0.5, "gensim": 0.25}[case["library"]] + case["seed"] / 100
        part = {"name": "WordSim-353", "value": value, "covered": self.covered.get(name, 3), "total": 4}
        return {"vocabulary": 11, "scores": [part, {**part, "name": "SimLex-999", "value": None}]}


@pytest.fixture
def trained(monkeypatch, questions):
    stand_in = Trained()
    monkeypatch.setattr(word2vec_quality, "run_job", stand_in)
    monkeypatch.setattr(word2vec_quality, "check_installed", lambda name: None)
    return stand_in


@pytest.fixture
def command(text, tmp_path):
    return ["word2vec", "--quality", "--seeds", "0", "3", "--text", str(text), "--out", str(tmp_path / "out")]


def test_quality(trained, command, tmp_path, capsys):
    assert cli.main([*command, "--json", str(tmp_path / "q.json")]) == 0
    assert trained.names == NAMES
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "  WordSim-353 (3)".split() + "0.5150 0.5000 0.5300 0.2650 0.2500 0.2800 +0.2500".split() in map(
        str.split, lines
    )
    assert "  SimLex-999 (3)".split() + "- - - - - - -".split() in map(str.split, lines)
    document = json.loads((tmp_path / "q.json").read_text())
    assert list(document["quality"]["contestants"]) == NAMES
    assert document["quality"]["settings"]["epochs"] == 5


def test_quality_goes_on_where_it_stopped(trained, command, tmp_path, capsys):
    trained.broken = {NAMES[2]}
    assert cli.main(command) == 2
    assert_one_line(capsys, "ours-cbow-seed0 is broken")
    done = list(trained.names)
    assert done[:2] == NAMES[:2]
    trained.names, trained.broken = [], set()
    assert cli.main([*command, "--jobs", "2"]) == 0
    assert sorted(done + trained.names) == sorted(NAMES)  # none of them twice
    assert f"{len(done)} of 8 contestants are in" in capsys.readouterr().out
    trained.names = []
    assert cli.main(command) == 0
    assert trained.names == []


def test_more_seeds_later(trained, command):
    assert cli.main(command) == 0
    trained.names = []
    command[command.index("3")] = "4"
    assert cli.main(command) == 0
    assert [name[-1] for name in trained.names] == ["4"] * 4


def test_folder_of_another_run(trained, command, text, capsys):
    assert cli.main(command) == 0
    capsys.readouterr()
    assert cli.main([*command, "--epochs", "1"]) == 2
    assert_one_line(capsys, "contains results of another text or of other settings; choose another --out")
    write_text(text, lines=99)
    assert cli.main(command) == 2
    assert_one_line(capsys, "another text")


def test_damaged_result(trained, command, tmp_path, capsys):
    assert cli.main(command) == 0
    capsys.readouterr()
    (tmp_path / "out" / f"{NAMES[1]}.json").write_text('{"voc')
    assert cli.main(command) == 2
    assert_one_line(capsys, f"{NAMES[1]}.json is damaged; remove it")


def test_other_questions(trained, command, capsys):
    trained.covered = {NAMES[1]: 2}
    assert cli.main(command) == 2
    assert "gensim-skipgram-seed0 has other words or questions than ours-skipgram-seed0" in capsys.readouterr().err


# --- counting --------------------------------------------------------------------------------------------------------


def test_against_svd(text, questions, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(word2vec_svd, "check_installed", lambda name: None)
    monkeypatch.setattr(word2vec_svd, "SIZES", {**word2vec_svd.SIZES, "size": 5})
    functions = {"counted": word2vec_svd.counted, "predicted": word2vec_svd.predicted}
    monkeypatch.setattr(
        word2vec_svd, "run_job", lambda name, case, settings: functions[name.partition(":")[2]](case, settings)
    )
    assert cli.main(["word2vec", "--against", "svd", "--text", str(text), "--json", str(tmp_path / "s.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].split() == "600 words; epochs of word2vec: 5 PPMI and SVD skip-gram CBOW".split()
    assert len(lines) == 2 + 5 + 1
    methods = json.loads((tmp_path / "s.json").read_text())["svd"]["methods"]
    assert list(methods) == ["svd", "skipgram", "cbow"]
    assert methods["svd"]["scores"][1]["covered"] == 3
