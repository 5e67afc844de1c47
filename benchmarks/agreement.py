"""``python -m benchmarks.agreement A.jsonl B.jsonl --out agreed.jsonl``: labels for texts that have none.

The files contain what ``predict --json`` of several classifiers says of the same texts. Kept are the texts to which all
give the same label, each with a probability of at least ``--least``; the result is training data for the next classifier.
Two models of different kinds make different mistakes, so what they agree on is right more often (co-training: Blum and
Mitchell, 1998).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from benchmarks.program import finish
from scratchnn.cli import Parser
from scratchnn.errors import DataError
from scratchnn.files import check_new_file, write_atomically
from scratchnn.tasks.table_files import check_characters, json_object
from scratchnn.text import read_text


def main(arguments: list[str] | None = None) -> None:
    """Write the texts and labels on which all agree."""
    parser = Parser(prog="benchmarks.agreement", description="Labels on which classifiers agree.")
    parser.add_argument("answers", nargs="+", metavar="FILE", help="what predict --json wrote, one file per classifier")
    parser.add_argument("--least", type=float, default=0.62, metavar="P", help="least probability (default: 0.62)")
    parser.add_argument("--out", required=True, metavar="FILE", help="the JSON lines to write: text and label")
    options = parser.parse_args(arguments)
    if not 0 <= options.least <= 1:
        raise DataError(f"--least must be from 0 to 1, got {options.least}")
    check_new_file(options.out, "--out")
    files = [read_answers(name) for name in options.answers]
    texts = [answer["text"] for answer in files[0]]
    for name, found in zip(options.answers[1:], files[1:], strict=True):
        if [answer["text"] for answer in found] != texts:
            raise DataError(f"{name} and {options.answers[0]} answer different texts; predict the same file with each run")
    kept = [
        {"text": answers[0]["text"], "label": answers[0]["label"]}
        for answers in zip(*files, strict=True)
        if len({answer["label"] for answer in answers}) == 1
        and min(answer["probability"] for answer in answers) >= options.least
    ]
    if not kept:
        raise DataError(f"no text has one label of {options.least} or more in all files; choose a smaller --least")
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in kept]
    write_atomically(options.out, "".join(lines).encode())
    shares = ", ".join(f"{label} {count:,}" for label, count in sorted(Counter(row["label"] for row in kept).items()))
    print(f"{len(kept):,} of {len(texts):,} texts are in {options.out}: {shares}")


def read_answers(name: str) -> list[dict[str, Any]]:
    """The answers of one classifier: each text, its label and the probability of that."""
    if not name:
        raise DataError("the name of a file is empty; name what predict --json wrote")
    answers = []
    for number, line in enumerate(read_text(name).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}: line {number}"
        match json_object(place, line):
            case {"text": str(text), "label": str(label), "probabilities": dict(found)} if is_probability(found.get(label)):
                check_characters(place, {"text": text, "label": label})
                answers.append({"text": text, "label": label, "probability": found[label]})
            case _:
                raise DataError(f"{place} is no answer of predict --json of a classifier with one label per text")
    if not answers:
        raise DataError(f"no answers in {name}; write them with predict --json")
    return answers


def is_probability(value: object) -> bool:
    """Whether it is a number from 0 to 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


if __name__ == "__main__":
    sys.exit(finish(main))
