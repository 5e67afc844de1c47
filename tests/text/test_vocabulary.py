"""Vocabularies: the order of ids, limits, and files that are complete or refused."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError, ShapeError
from scratchnn.text import BEGIN, END, PADDING, SPECIALS, UNKNOWN, Vocabulary, tokenize


def test_ids_are_ordered_by_frequency_then_alphabet_after_the_special_tokens():
    vocabulary = Vocabulary.build(list("bacadba"))
    assert vocabulary.tokens == ["<pad>", "<unk>", "<bos>", "<eos>", "a", "b", "c", "d"]
    assert len(vocabulary) == 8
    assert vocabulary.encode(["d", "x", "a", "<pad>"]).tolist() == [7, 1, 4, 0]
    assert vocabulary.encode(["a"]).dtype == np.int32
    assert vocabulary.decode(np.array([7, 1, 4])) == ["d", "<unk>", "a"]
    assert "a" in vocabulary
    assert "x" not in vocabulary


def test_ids_that_are_none_are_refused_and_do_not_count_from_the_end():
    vocabulary = Vocabulary(["a", "b", "c"])
    for ids in ([2, 0], (2, 0), iter([2, 0]), np.array([2, 0], np.uint8), [np.int64(2), 0]):
        assert vocabulary.decode(ids) == ["c", "a"]
    assert vocabulary.decode([]) == vocabulary.decode(np.array([])) == []
    for ids, bad in ([[-1], -1], [(0, 3), 3], [np.array([1, -3]), -3], [[2**40], 2**40], [np.array([2**63], "u8"), 2**63]):
        with pytest.raises(DataError, match=rf"^Vocabulary.decode: id {bad} is out of range 0 \.\. 2$"):
            vocabulary.decode(ids)
    for ids, dtype in ([[1.0], "float64"], [[True], "bool"], [["1"], "<U1"], [[None], "object"], [[0, np.nan], "float64"]):
        with pytest.raises(ShapeError, match=rf"^Vocabulary.decode: ids must be integers, got dtype {dtype}$"):
            vocabulary.decode(ids)
    with pytest.raises(ShapeError, match=r"^Vocabulary.decode: ids must have shape \(M,\), got \(1, 2\)$"):
        vocabulary.decode([[0, 1]])


def test_special_tokens_have_the_first_ids():
    vocabulary = Vocabulary.build("abc")
    assert SPECIALS == (PADDING, UNKNOWN, BEGIN, END) == tuple(vocabulary.tokens[:4])
    assert (vocabulary.padding, vocabulary.unknown, vocabulary.begin, vocabulary.end) == (0, 1, 2, 3)
    some = Vocabulary.build("abc", specials=(UNKNOWN, END))
    assert (some.padding, some.unknown, some.begin, some.end) == (None, 0, None, 1)


def test_ends_of_lines_are_counted_or_special():
    tokens = list(tokenize("a b\na\n", "word"))
    assert Vocabulary.build(tokens, specials=(UNKNOWN,)).tokens == ["<unk>", "<eos>", "a", "b"]
    assert Vocabulary.build(tokens).tokens == [*SPECIALS, "a", "b"]


def test_the_order_of_the_text_does_not_matter():
    tokens = ["to", "be", "or", "not", "to", "be", "that", "is", "the", "question"]
    assert Vocabulary.build(tokens).tokens == Vocabulary.build(reversed(tokens)).tokens


def test_a_special_token_that_occurs_in_the_text_is_not_counted_twice():
    assert Vocabulary.build(["<unk>", "<unk>", "a", "<eos>"]).tokens == [*SPECIALS, "a"]
    assert Vocabulary.build(["<unk>", "<unk>"]).tokens == [*SPECIALS]


def test_size_and_count_limits():
    tokens = list("aaaabbbccd")
    assert Vocabulary.build(tokens, max_size=6).tokens == [*SPECIALS, "a", "b"]
    assert Vocabulary.build(tokens, min_count=3).tokens == [*SPECIALS, "a", "b"]
    assert Vocabulary.build(tokens, max_size=99).tokens == [*SPECIALS, "a", "b", "c", "d"]
    assert Vocabulary.build(tokens, specials=(), max_size=1).tokens == ["a"]
    assert Vocabulary.build(tokens, specials=(UNKNOWN,), max_size=2).encode("abd").tolist() == [1, 0, 0]


@given(
    st.lists(st.sampled_from([*"abcdef", *SPECIALS]), min_size=1, max_size=40),
    st.sampled_from([SPECIALS, (UNKNOWN,), (PADDING, UNKNOWN), ()]),
    st.integers(1, 4),
    st.none() | st.integers(5, 9),
)
@settings(max_examples=50, deadline=None)
def test_the_most_frequent_are_kept(tokens, specials, min_count, max_size):
    vocabulary = Vocabulary.build(tokens, specials, max_size, min_count)
    kept = vocabulary.tokens[len(specials) :]
    assert tuple(vocabulary.tokens[: len(specials)]) == specials
    assert max_size is None or len(vocabulary) <= max_size
    ranks = [(-tokens.count(token), token) for token in kept]
    assert ranks == sorted(ranks)
    left = set(tokens) - set(vocabulary.tokens)
    if max_size is None or len(vocabulary) < max_size:
        assert all(tokens.count(token) < min_count for token in left)
    elif ranks:
        assert all(tokens.count(token) < min_count or (-tokens.count(token), token) > ranks[-1] for token in left)


@pytest.mark.parametrize("size", [4, 1, 0, -5, 5.5])
def test_a_vocabulary_must_be_larger_than_its_special_tokens(size):
    with pytest.raises(DataError, match=f"max_size must be a whole number of 5 or more, got {size}"):
        Vocabulary.build("abc", max_size=size)


def test_without_unk_an_unknown_token_is_an_error():
    vocabulary = Vocabulary.build("abc", specials=())
    assert vocabulary.unknown is None
    with pytest.raises(DataError, match="token 'x' is not in the vocabulary, which has no <unk>"):
        vocabulary.encode("abxy")


def test_bad_vocabularies():
    with pytest.raises(DataError, match="cannot build a vocabulary from a text without tokens"):
        Vocabulary.build([])
    with pytest.raises(DataError, match="must be distinct"):
        Vocabulary(["a", "b", "a"])


@given(st.lists(st.text(max_size=3) | st.sampled_from(SPECIALS), min_size=1, unique=True))
@settings(max_examples=30, deadline=None)
def test_a_saved_vocabulary_keeps_every_id(tmp_path_factory, tokens):
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.json"
    vocabulary = Vocabulary(tokens)
    vocabulary.save(path)
    loaded = Vocabulary.load(path)
    assert vars(loaded) == vars(vocabulary)
    assert [loaded.tokens[k] for k in loaded.encode(tokens)] == tokens


def test_a_file_written_before_there_were_four_special_tokens(tmp_path):
    path = tmp_path / "vocabulary.json"
    path.write_bytes(b'{\n"format": "scratchnn vocabulary 1",\n"tokens": [\n"<unk>",\n"the",\n"<eos>"\n]\n}')
    vocabulary = Vocabulary.load(path)
    assert vocabulary.encode(["<eos>", "the", "cat"]).tolist() == [2, 1, 0]
    assert (vocabulary.padding, vocabulary.unknown, vocabulary.begin, vocabulary.end) == (None, 0, None, 2)
    before = path.read_bytes()
    vocabulary.save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"format": "scratchnn vocabulary 1", "tokens": ["a", "b"', "is not a vocabulary file: Expecting"),
        (b"", "is not a vocabulary file"),
        (b"\xff\xfe", "is not a vocabulary file"),
        (b'["a", "b"]', "is not a vocabulary file of this version"),
        (b'{"format": "another 2", "tokens": []}', "is not a vocabulary file of this version"),
        (b'{"format": "scratchnn vocabulary 1"}', "its tokens are not a list of strings"),
        (b'{"format": "scratchnn vocabulary 1", "tokens": {"a": 1}}', "its tokens are not a list of strings"),
        (b'{"format": "scratchnn vocabulary 1", "tokens": ["a", 2]}', "its tokens are not a list of strings"),
        (b'{"format": "scratchnn vocabulary 1", "tokens": ["a", "a"]}', "a token occurs in it twice"),
    ],
)
def test_a_damaged_vocabulary_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        Vocabulary.load(path)
    assert str(path) in str(caught.value)


def test_a_vocabulary_truncated_anywhere_is_refused(tmp_path):
    path = tmp_path / "vocabulary.json"
    Vocabulary(["a", "한", "\n"]).save(path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="vocabulary"):
            Vocabulary.load(path)
    with pytest.raises(DataError, match="cannot read vocabulary"):
        Vocabulary.load(tmp_path / "none.json")


def test_a_vocabulary_file_is_plain_json(tmp_path):
    Vocabulary.build(["누가", "가", "가"]).save(tmp_path / "v.json")
    raw = (tmp_path / "v.json").read_text(encoding="utf-8")
    assert "누가" in raw
    assert json.loads(raw)["tokens"] == [*SPECIALS, "가", "누가"]


# --- digest and repr -------------------------------------------------------------------------------------------------


def test_the_digest_depends_on_the_tokens_and_their_order_alone(tmp_path):
    vocabulary = Vocabulary(["a", "한", "\n"])
    assert vocabulary.digest() == "ec6bc78b24ecb658"
    assert Vocabulary(("a", "한", "\n")).digest() == vocabulary.digest()
    others = (["한", "a", "\n"], ["a", "한"], ["a", "한", "\n", ""], ["a", "한\n"], ["a", "\u1112\u1161\u11ab", "\n"])
    assert len({Vocabulary(tokens).digest() for tokens in others} | {vocabulary.digest()}) == 6
    assert Vocabulary.build("abc").digest() == "29590b871768d42d"


def test_the_digest_is_the_beginning_of_the_file_s_sha256(tmp_path):
    vocabulary = Vocabulary.build(["누가", "가", "가"])
    vocabulary.save(tmp_path / "v.json")
    digest = hashlib.sha256((tmp_path / "v.json").read_bytes()).hexdigest()
    assert vocabulary.digest() == digest[:16]
    assert Vocabulary.load(tmp_path / "v.json").digest() == digest[:16]


def test_save_writes_the_same_bytes_on_every_platform(tmp_path):
    Vocabulary(["<unk>", "한", 'a"\n']).save(tmp_path / "v.json")
    expected = '{\n"format": "scratchnn vocabulary 1",\n"tokens": [\n"<unk>",\n"한",\n"a\\"\\n"\n]\n}'
    assert (tmp_path / "v.json").read_bytes() == expected.encode("utf-8")


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([*SPECIALS, "a", *(f"w{k}" for k in range(1018)), "zebra"], "1,024 tokens: <pad>, <unk>, ..., 'zebra'"),
        (["<unk>", "\n", "한"], "3 tokens: <unk>, '\\n', '한'"),
        (["a", "b", "c", "d"], "4 tokens: 'a', 'b', ..., 'd'"),
        (["a"], "1 token: 'a'"),
        (["x" * 21, "y" * 20], f"2 tokens: '{'x' * 19}…', '{'y' * 20}'"),
    ],
)
def test_repr_is_one_short_line(tokens, expected):
    assert repr(Vocabulary(tokens)) == f"Vocabulary of {expected}"
