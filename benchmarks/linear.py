"""``python -m benchmarks.linear DIR --data NAME``: a classifier beside the model that it has to beat, a linear one.

scikit-learn's logistic regression reads the tf-idf weights of the same tokens of the same training texts. How strongly its
weights are held down (C) is picked on the same validation texts; then the test texts are read once.
"""

from __future__ import annotations

import sys

from benchmarks.processes import check_installed
from benchmarks.program import finish
from benchmarks.runs import load_run
from scratchnn.cli import Parser
from scratchnn.errors import DataError, whole_number
from scratchnn.tasks.labelled import Columns, read_labelled
from scratchnn.tasks.text_tokens import tokens_of

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)


def main(arguments: list[str] | None = None) -> None:
    """Print the accuracy for each C, and that on the test part for the best."""
    parser = Parser(prog="benchmarks.linear", description="A classifier beside a linear model.")
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train classifier")
    parser.add_argument("--data", nargs="+", required=True, metavar="DATA", help="test texts, as evaluate takes them")
    parser.add_argument("--ngrams", type=int, metavar="N", help="tokens in a run of tokens (default: as in the run)")
    options = parser.parse_args(arguments)
    trained = load_run(options.run_folder, "classifier")
    task = trained.known_kind()
    settings = {setting.name: setting.default for setting in task.settings} | trained.settings
    if settings["output"] == "multilabel":
        raise DataError(f"{options.run_folder} has several labels per text; name a run with one")
    if options.ngrams is not None:
        settings["ngrams"] = whole_number(options.ngrams, "--ngrams")
    columns = Columns(settings["text_column"], settings["label_column"], of_run=True)
    train, valid = task.read_parts(settings, columns)
    test = read_labelled(options.data, columns, "test")
    known = {label for _, label in train}
    if len(known) < 2:
        raise DataError(f"all training texts of {options.run_folder} have one label; its data have changed since the run")
    if unknown := {label for _, label in [*valid, *test]} - known:
        raise DataError(f"the label {min(unknown)!r} does not occur in the training texts of {options.run_folder}")
    check_installed("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer=lambda text: tokens_of(text, settings), min_df=2, sublinear_tf=True)
    (train_texts, train_labels), *others = (tuple(zip(*part, strict=True)) for part in (train, valid, test))
    try:
        weights = vectorizer.fit_transform(train_texts)
    except ValueError:  # nothing is left to weigh
        raise DataError(
            f"no token occurs in two training texts of {options.run_folder}; name a run on more texts"
        ) from None
    (valid_weights, valid_labels), (test_weights, test_labels) = (
        (vectorizer.transform(texts), labels) for texts, labels in others
    )
    print(f"{len(train):,} texts to learn, {weights.shape[1]:,} tokens, runs of up to {settings['ngrams']}")
    models = {}
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=300).fit(weights, train_labels)
        models[strength] = model.score(valid_weights, valid_labels), model
        print(f"C {strength:g}: validation accuracy {models[strength][0]:.4f}", flush=True)
    best = max(models, key=lambda strength: models[strength][0])
    print(f"test accuracy with C {best:g}: {models[best][1].score(test_weights, test_labels):.4f}")


if __name__ == "__main__":
    sys.exit(finish(main))
