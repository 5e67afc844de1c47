"""Files with one token per line: CoNLL columns and CoNLL-U."""

from __future__ import annotations

import gzip

import pytest

from scratchnn.errors import DataError
from scratchnn.text.columns import read_columns, read_conllu

COLUMNS = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
# NN I-NP O

Cafe\u0301 NNP B-NP B-LOC

"""
CONLLU = """# sent_id = 1
# text = I can't go
1\tI\tI\tPRON\tPRP\t_\t2\tnsubj\t_\t_
2-3\tcan't\t_\t_\t_\t_\t_\t_\t_\t_
2\tca\tcan\tAUX\tMD\t_\t0\troot\t_\t_
3\tn't\tnot\tPART\tRB\t_\t2\tadvmod\t_\t_
3.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t2:x\t_

# nothing but a comment


1\t1 000\t1000\tNUM\tCD\t_\t0\troot\t_\t_"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.txt"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode("utf-8")) if name.endswith(".gz") else text.encode("utf-8"))
        return path

    return write


@pytest.mark.parametrize("separator", [" ", "   ", "\t"])
def test_columns(write, separator):
    first, second = read_columns(write(COLUMNS.replace(" ", separator)))
    assert first.fields == [["EU", "NNP", "B-NP", "B-ORG"], ["#", "NN", "I-NP", "O"]]
    assert (first.lines, second.lines) == ([3, 4], [6])
    assert second.fields == [["Café", "NNP", "B-NP", "B-LOC"]]


def test_words_with_spaces_between_tabs(write):
    (sentence,) = read_columns(write("New York\tB-LOC\r\n, \tO\r\n"))
    assert sentence.fields == [["New York", "B-LOC"], [", ", "O"]]


@pytest.mark.parametrize("first", ["-DOCSTART-\n\n", "-DOCSTART- -X- O\n\n", "-DOCSTART-\tO\n"])
@pytest.mark.parametrize("separator", [" ", "\t"])
def test_the_start_of_a_document_may_have_other_columns(write, first, separator):
    (sentence,) = read_columns(write(first + "Ann B-PER\nmet O\n".replace(" ", separator)))
    assert sentence.fields == [["Ann", "B-PER"], ["met", "O"]]


def test_only_spaces_and_tabs_separate_columns(write):
    (sentence,) = read_columns(write("a O\n10\u00a0000 \t O \nx\u2028y O\n"))
    assert sentence.fields == [["a", "O"], ["10\u00a0000", "O"], ["x\u2028y", "O"]]


def test_conllu_without_comments_ranges_and_empty_nodes(write):
    first, second = read_conllu(write(CONLLU, "data.conllu.gz"))
    assert [fields[1] for fields in first.fields] == ["I", "ca", "n't"]
    assert [fields[6] for fields in first.fields] == ["2", "0", "2"]
    assert first.lines == [3, 5, 6]
    assert (second.fields[0][1], second.lines) == ("1 000", [12])


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_columns, "a O\nb\n", "line 2 has 1 column, line 1 has 2 columns"),
        (read_columns, "a\tO\n\nb\tX\tO\n", "line 3 has 3 columns, line 1 has 2 columns"),
        (read_columns, "a\tO\n\tO\n", "line 2 has no word in its first column"),
        (read_columns, "\n \n", "no tokens in"),
        (read_columns, "-DOCSTART- -X- O O\n", "no tokens in"),
        (read_conllu, "1\ta\tNOUN\n", "line 1 has 3 columns between tabs; a CoNLL-U line has ten"),
        (read_conllu, CONLLU.replace("\n3\t", "\n4\t"), "line 6 has the id 4, expected 3"),
        (read_conllu, CONLLU.replace("3.1\t", "x\t"), "line 7 has the id 'x'; an id is 3, a range 3-4, a node 3.1"),
        (read_conllu, CONLLU.replace("\tn't\t", "\t\t"), "line 6 has no word in its second column"),
        (read_conllu, "# only a comment\n", "no tokens in"),
    ],
)
def test_bad_files_are_named_with_the_line(write, read, text, message):
    path = write(text)
    with pytest.raises(DataError, match=r"\A[^\n]*\Z") as error:
        read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
