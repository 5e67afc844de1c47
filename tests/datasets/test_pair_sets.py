"""Data sets of pairs: their files, their parts, and the generated ones."""

from __future__ import annotations

import datetime
import gzip
import re

import pytest
from small_data import write
from small_text import assert_one_line, command

from scratchnn.datasets import load_addition, load_chatbot, load_dates, load_kor_eng, load_multi30k
from scratchnn.datasets.folder import data_folder, existing
from scratchnn.datasets.generated import generated_dates, generated_sums
from scratchnn.datasets.pairs import PARTS, letters_and_digits, pairs_of_part, part_of
from scratchnn.errors import DataError

SETS = {  # loader, file, key of a pair, numbers of pairs in the published set
    "addition": (load_addition, "addition.txt.gz", lambda pair: pair[0], (42_578, 2_449, 4_973)),
    "dates": (load_dates, "date.txt.gz", lambda pair: pair[1], (35_476, 2_060, 4_042)),
    "chatbot": (load_chatbot, "ChatbotData.csv", lambda pair: letters_and_digits(pair[0]), (10_056, 581, 1_113)),
    "kor_eng": (load_kor_eng, "tatoeba_kor.txt.gz", lambda pair: letters_and_digits(pair[1]), (4_963, 307, 622)),
}
FILES = {  # small ones
    "addition": "".join(f"{f'{k}+1':7}_{k + 1:<4}\n" for k in range(100)),
    "dates": "".join(f"{f'1/{k % 28 + 1}/{k % 90 + 10}':29}_19{k % 90 + 10}-01-{k % 28 + 1:02}\n" for k in range(400)),
    "chatbot": "Q,A,label\r\n" + "".join(f'"질문 {k}, 어때?",좋아요 {k % 7},{k % 3}\r\n' for k in range(100)),
    "kor_eng": "".join(f"Go {k % 60}!\t가 {k}.\tCC-BY 2.0\n" for k in range(100)),
}
PLACES = (
    "train train train train test test train train train train train train".split()
)  # of "key 0" .. "key 11", on every machine
each_set = pytest.mark.parametrize("name", SETS)


@each_set
def test_parts_have_no_key_in_common_and_all_pairs(folder, name):
    loader, file, key, _ = SETS[name]
    content = FILES[name].encode("utf-8")
    write(folder / name / file, gzip.compress(content) if file.endswith(".gz") else content)
    parts = {part: loader(part) for part in PARTS}
    assert all(parts.values())
    keys = [{key(pair) for pair in pairs} for pairs in parts.values()]
    assert sum(map(len, keys)) == len(set.union(*keys))
    distinct = len(dict.fromkeys(FILES[name].splitlines()))
    assert sum(map(len, parts.values())) == distinct - (name == "chatbot")  # without the header
    assert all(side == side.strip() for pairs in parts.values() for pair in pairs for side in pair)


@each_set
def test_published_sets_have_the_known_numbers_of_pairs(name, monkeypatch):
    loader, file, key, counts = SETS[name]
    if existing(name, [file]) is None:
        pytest.skip(f"{file} is not in {data_folder()}")
    parts = [loader(part) for part in PARTS]
    assert tuple(map(len, parts)) == counts
    assert not {key(pair) for pair in parts[2]} & {key(pair) for pair in parts[0]}


def test_multi30k_if_it_is_there():
    if existing("multi30k", ["train.en", "train.en.gz"]) is None:
        pytest.skip(f"train.en is not in {data_folder()}")
    assert [len(load_multi30k(part)) for part in ("train", "valid", "test", "2017", "coco", "2018")] == [
        29_000, 1_014, 1_000, 1_000, 461, 1_071,
    ]  # fmt: skip
    pairs = load_multi30k("train", "de-en")
    assert pairs[0] == (
        "Zwei junge weiße Männer sind im Freien in der Nähe vieler Büsche.",
        "Two young, White males are outside near many bushes.",
    )
    assert not any("\t" in side for pair in pairs for side in pair)


def test_aligned_captions(folder):
    write(folder / "multi30k" / "val.en", "a dog\n two   cats\n")
    write(folder / "multi30k" / "val.de.gz", gzip.compress(b"ein Hund\nzwei\tKatzen\n"))
    assert load_multi30k("valid") == [("a dog", "ein Hund"), ("two cats", "zwei Katzen")]
    assert load_multi30k("valid", "de-en") == [("ein Hund", "a dog"), ("zwei Katzen", "two cats")]
    write(folder / "multi30k" / "val.fr", "un chien\n")
    with pytest.raises(DataError, match="part 'valid' has 1 and 2 captions in fr-de; obtain it again"):
        load_multi30k("valid", "fr-de")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_addition("dev"), "unknown part 'dev'; choose one of train, valid, test"),
        (lambda: load_multi30k("dev"), "unknown part 'dev'; choose one of train, valid, test, 2017, coco, 2018"),
        (lambda: load_multi30k("test", "en-ko"), "unknown direction 'en-ko'; choose one of en-de, en-fr, de-en"),
        (lambda: load_kor_eng("test", "en-de"), "unknown direction 'en-de'; choose one of ko-en, en-ko"),
        (lambda: generated_sums(0, 0), "generated_sums: count must be a whole number of 1 or more, got 0"),
        (lambda: generated_sums(10**6, 0), "generated_sums: count must be 250,250 or less, got 1,000,000"),
        (lambda: generated_dates(3, -1), "generated_dates: seed must be a whole number of 0 or more, got -1"),
    ],
)
def test_wrong_arguments(folder, call, message):
    write(folder / "addition.txt", FILES["addition"])
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("addition", "addition.txt", "1+2_3\n1+3 4\n", "line 2 has no underscore between a source and its target"),
        ("kor_eng", "kor.txt", "Go.\t가.\n", "line 1 is not an English and a Korean sentence and their authors"),
        ("chatbot", "ChatbotData.csv", "Q,A\n안녕,네\n", "is not a CSV file with the columns Q, A, label"),
        ("chatbot", "ChatbotData.csv", "Q,A,label\n안녕,네\n", "is not a CSV file with the columns Q, A, label"),
        ("dates", "date.txt", b"caf\xe9_x\n", "is not UTF-8"),
    ],
)
def test_files_of_another_layout(folder, name, file, content, message):
    write(folder / name / file, content)
    with pytest.raises(DataError, match=message):
        SETS[name][0]("train")


@each_set
def test_verify_compares_with_the_published_file(folder, capsys, name):
    _, file, _, _ = SETS[name]
    content = FILES[name].encode("utf-8")
    write(folder / name / file, gzip.compress(content) if file.endswith(".gz") else content)
    assert command("data", "verify", name) == 1
    assert re.search(r"damaged +\w+: .* has \d+ .* but is not the published file; obtain it again", capsys.readouterr().out)
    assert command("data", "fetch", name) == 0  # it is there
    (folder / name / file).unlink()
    capsys.readouterr()
    assert command("data", "fetch", name) == 2
    assert_one_line(capsys, f"{name} cannot be downloaded")


def test_the_part_of_a_key_depends_on_the_key_alone():
    shares = [sum(part_of(f"key {k}") == part for k in range(20_000)) / 20_000 for part in PARTS]
    assert shares == pytest.approx([0.85, 0.05, 0.10], abs=0.01)
    assert [part_of(f"key {k}") for k in range(12)] == PLACES
    assert letters_and_digits("Go, 3 times!") == letters_and_digits("go 3 TIMES") == "go3times"
    pairs = [("a", "1"), ("b", "2"), ("a", "1"), ("a", "3")]
    found = [pairs_of_part(pairs, part, lambda pair: pair[0]) for part in PARTS]
    assert sorted(pair for part in found for pair in part) == [("a", "1"), ("a", "3"), ("b", "2")]


# --- generated -------------------------------------------------------------------------------------------------------


def test_generated_sums_are_right_and_different():
    pairs = generated_sums(3000, seed=0)
    numbers = [tuple(map(int, source.split("+"))) for source, _ in pairs]
    assert [int(target) for _, target in pairs] == [a + b for a, b in numbers]
    assert len({tuple(sorted(both)) for both in numbers}) == 3000
    assert max(map(max, numbers)) < 1000
    assert pairs == generated_sums(3000, seed=0) != generated_sums(3000, seed=1)


def test_generated_dates_are_right_in_every_form():
    forms = {"%m/%d/%y": 0, "%b %d, %Y": 0, "%B %d, %Y": 0, "%A, %B %d, %Y": 0}
    pairs = generated_dates(2000, seed=0)
    for source, target in pairs:
        for form in forms:
            try:
                found = datetime.datetime.strptime(source, form).date()
            except ValueError:
                continue
            forms[form] += 1
            assert found.isoformat() == target or form == "%m/%d/%y"  # its century is a guess of strptime
            assert found.isoformat()[2:] == target[2:]
            break
    assert sum(forms.values()) == 2000
    assert all(count > 400 for count in forms.values())
    cases = [source for source, _ in pairs if "/" not in source]
    assert 0.2 < sum(source.islower() for source in cases) / len(cases) < 0.3
    assert 0.2 < sum(source.isupper() for source in cases) / len(cases) < 0.3
    assert all("1970" <= target[:4] <= "2017" for _, target in pairs)
