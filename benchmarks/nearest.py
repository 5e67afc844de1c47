"""``python -m benchmarks.nearest --data kor_eng:ko-en``: the simplest translation, that of the nearest known sentence.

The target of a source is that of the training source that is most similar to it, by the cosine of tf-idf weights of all
runs of one to four characters. A model that does worse has learned less than its training set says.
"""

from __future__ import annotations

import sys

from benchmarks.processes import check_installed
from benchmarks.program import finish
from scratchnn.cli import Parser
from scratchnn.tasks.answer_scores import score_lines
from scratchnn.tasks.pair_sources import read_sources


def main(arguments: list[str] | None = None) -> None:
    """Print the scores of the nearest sentences."""
    parser = Parser(prog="benchmarks.nearest", description="Answers of the nearest training sentences.")
    parser.add_argument("--data", nargs="+", required=True, metavar="NAME", help="a known set, as train seq2seq takes it")
    options = parser.parse_args(arguments)
    train, test = (read_sources(options.data, part) for part in ("train", "test"))
    check_installed("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    known = vectorizer.fit_transform([source for source, _ in train])
    nearest = (vectorizer.transform([source for source, _ in test]) @ known.T).toarray().argmax(axis=1)
    answers, targets = [train[place][1] for place in nearest], [target for _, target in test]
    print(f"exact match {sum(map(str.__eq__, answers, targets)) / len(test):.4f}")
    print(*score_lines(answers, targets), sep="\n")


if __name__ == "__main__":
    sys.exit(finish(main))
