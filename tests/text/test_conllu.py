"""CoNLL-U: what is a word, trees that are none, and writing back what was read, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.datasets.generated import generated_treebank
from scratchnn.errors import DataError
from scratchnn.text.conllu import Sentence, looks_like_conllu, parse_conllu, read_sentences

FILE = """# newdoc id = letters
# text = I don't, Zoe\u0308.
1\tI\tI\tPRON\tPRP\t_\t4\tnsubj\t4:nsubj\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
2\tdo\tdo\tAUX\tVBP\t_\t4\taux\t4:aux\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod\t4:advmod\t_
# a comment may stand here
4\tZoe\u0308\tZoe\u0308\tVERB\tVB\t_\t0\troot\t0:root\t_
4.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t4:dep\t_
5\t.\t.\tPUNCT\t.\t_\t4\tpunct:end\t4:punct\t_

# text = Go on
1\t1 000\t_\t_\t_\t_\t2\tnummod\t_\t_
2\tGo\t_\t_\t_\t_\t0\troot\t_\t_
"""


def words(*rows):
    """A file of one sentence from its heads and labels."""
    return "# text\n" + "".join(
        f"{d}\tw{d}\t_\t_\t_\t_\t{head}\t{label}\t_\t_\n" for d, (head, label) in enumerate(rows, start=1)
    )


@pytest.fixture
def write(tmp_path):
    def write(text, name="trees.conllu"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_words_heads_and_labels(write):
    first, second = read_sentences(write(FILE))
    assert first.column("form") == ["I", "do", "n't", "Zo\u00eb", "."]  # composed, as all text that a model reads
    assert first.tree() == ([4, 4, 4, 0, 4], ["nsubj", "aux", "advmod", "root", "punct:end"])
    assert (len(first), first.numbers(), second.numbers()) == (5, [3, 5, 6, 8, 10], [13, 14])
    assert second.column("form") == ["1 000", "Go"]
    assert second.tree() == ([2, 0], ["nummod", "root"])


@pytest.mark.parametrize("end", ["", "\n", "\n\n \n"])
def test_every_line_is_written_back(write, end):
    assert "\n".join(one.text() for one in read_sentences(write(FILE + end))) == FILE


def test_a_new_tree_changes_two_columns_and_nothing_else(write):
    first, _ = read_sentences(write(FILE))
    other = first.with_tree([0, 1, 1, 1, 1], list("abcde"))
    assert other.tree() == ([0, 1, 1, 1, 1], list("abcde"))
    changed = [(old.split("\t"), new.split("\t")) for old, new in zip(first.lines, other.lines, strict=True) if old != new]
    assert len(changed) == 5
    assert all(old[:6] + old[8:] == new[:6] + new[8:] for old, new in changed)
    with pytest.raises(ValueError, match="zip"):
        first.with_tree([0], ["root"])


def test_sentences_from_plain_words(write):
    sentence = Sentence.from_forms(["a", "b"])
    assert sentence.text() == "# text = a b\n1\ta" + "\t_" * 8 + "\n2\tb" + "\t_" * 8 + "\n"
    assert Sentence.from_forms([]).text() == ""
    path = write("\n".join(Sentence.from_forms(w).with_tree(h, n).text() for w, h, n in generated_treebank(20, 1)))
    assert [(one.column("form"), *one.tree()) for one in read_sentences(path)] == generated_treebank(20, 1)


@given(st.text(alphabet="1ab_#\t\n .-", max_size=60))
@settings(deadline=None)
def test_any_text_is_read_or_refused_in_one_line(text):
    kept = sum(bool(line.strip()) for line in text.split("\n"))
    message = ""
    try:
        kept -= sum(len(one.lines) for one in parse_conllu(text.split("\n"), "x"))
    except DataError as error:
        message = str(error)
    assert message.startswith("x: line ") if message else kept == 0
    assert "\n" not in message


def test_what_looks_like_conllu():
    assert looks_like_conllu(FILE.split("\n"))
    assert looks_like_conllu(["", "2-3\tdon't" + "\t_" * 8])
    assert not looks_like_conllu(["# a heading", "1 dog barks"])
    assert looks_like_conllu(["  ", "# damaged: nine columns", "1\tdog" + "\t_" * 7])
    assert not looks_like_conllu(["1\tdog\tO"])
    assert not looks_like_conllu([])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no tokens in "),
        ("# only a comment\n", "no tokens in "),
        ("1 dog _ _ _ _ 0 root _ _\n", ": line 1 has 1 column between tabs; a CoNLL-U line has ten"),
        (words((0, "root")) + "2\tw2\t_\n", ": line 3 has 3 columns between tabs; a CoNLL-U line has ten"),
        (words((0, "root")).replace("w1", ""), ": line 2 has no word in its second column"),
        (words((0, "root")).replace("1\tw", "2\tw"), ": line 2 has the id 2, expected 1"),
        (words((0, "root")).replace("1\tw", "one\tw"), ": line 2 has the id 'one'; an id is 3, a range 3-4, a node 3.1"),
        (words((0, "root")).replace("1\tw", "9" * 5000 + "\tw"), ": line 2 has the id 9999999999999999999…, expected 1"),
        (
            words((0, "root")).replace("1\tw", f"1-{'9' * 5000}\tw"),
            ": line 2 has the id '1-99999999999999999…'; an id",
        ),
        (FILE.replace("2-3\t", "2-2\t"), ": line 4 has the range 2-2; a range here begins with 2 and ends later"),
        (FILE.replace("2-3\t", "3-4\t"), ": line 4 has the range 3-4; a range here begins with 2 and ends later"),
        (FILE.replace("4.1\t", "3.1\t"), ": line 9 has the node 3.1, expected 4.1 or the like after word 4"),
    ],
)
def test_lines_that_are_refused(write, text, message):
    path = write(text)
    with pytest.raises(DataError, match=r"\A[^\n]*\Z") as error:
        read_sentences(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (words((2, "a"), ("_", "b")), "line 3: word 2 has no head (column 7)"),
        (words((0, "root"), ("-1", "b")), "line 3: word 2 has the head '-1', which is not a number (column 7)"),
        (words((0, "root"), ("9" * 5000, "b")), "line 3: the head of word 2 is 9999999999999999999…, outside 0 .. 2"),
        (words((0, "root"), (1, "_")), "line 3: word 2 has no label (column 8)"),
        (words((0, "root"), (1, " ")), "line 3: word 2 has no label (column 8)"),
        (words((0, "root"), (3, "a")), "line 3: the head of word 2 is 3, outside 0 .. 2"),
        (words((0, "root"), (2, "a")), "the sentence at line 1: word 2 is its own head"),
        (words((0, "root"), (3, "a"), (2, "b")), "the sentence at line 1: words 2, 3 form a cycle"),
        (words((0, "root"), (0, "root")), "the sentence at line 1: words 1 and 2 both have the root as their head"),
        (words((2, "a"), (1, "b")), "the sentence at line 1: words 1, 2 form a cycle"),
    ],
)
def test_trees_that_are_none(write, text, message):
    path = write(text)
    (sentence,) = read_sentences(path)
    with pytest.raises(DataError) as error:
        sentence.tree()
    assert str(error.value) == f"{path}: {message}"
