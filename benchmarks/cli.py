"""The command line: ``python -m benchmarks [NAME ...] [--against LIBRARY] ...``."""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.contest import Result, compete
from benchmarks.figure import plot_ratios
from benchmarks.processes import check_installed
from benchmarks.program import finish
from benchmarks.table import speed_table
from benchmarks.text import default_text
from scratchnn.backend.arrays import load_backend
from scratchnn.backend.precision import PRECISIONS
from scratchnn.cli import Parser
from scratchnn.errors import BackendError, DataError, whole_number
from scratchnn.files import write_atomically

FAMILIES = {  # the module that makes each family's rows
    "rnn": "recurrent",
    "gru": "recurrent",
    "lstm": "recurrent",
    "lm": "language_model",
    "classifier": "classifier",
    "tagger": "tagger",
    "parser": "parser",
    "seq2seq": "seq2seq",
    "captioner": "captioner",
    "music": "music",
    "forecaster": "forecaster",
    "softmax": "softmax",
    "embedding": "embedding",
    "word2vec": "word2vec_speed",
    "waiting": "waiting",
    "tour": "waiting",
    "threads": "threads",
    "busy-tour": "threads",
    "few-labels": "few_labels",
    "gpu-check": "gpu_check",
}
OWN_TABLES = ("threads", "busy-tour")
BY_NAME_ONLY = ("waiting", "tour", "few-labels", "gpu-check", *OWN_TABLES)
LABELS = [200, 2_000, 25_000]
SHAPED = ("rnn", "gru", "lstm", "lm")
AGAINST = ("torch", "cudnn", "gensim", "svd")
SECONDS, QUICK_SECONDS = 0.5, 0.02  # per measurement


def build_parser() -> Parser:
    """The parser of all arguments."""
    parser = Parser(
        prog="benchmarks",
        description="Time scratchnn side by side with PyTorch and gensim, each contestant in a process of its own. See "
        "benchmarks/README.md.",
        allow_abbrev=False,
    )
    names = ", ".join(FAMILIES)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{names} (default: all but {', '.join(BY_NAME_ONLY)})")
    parser.add_argument("--against", action="append", default=[], choices=AGAINST, help="an opponent; may be repeated")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="where to compute (default: cpu)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float32", help="of matrix products on a GPU (default: float32)"
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads per contestant (default: 2)")
    parser.add_argument("--rounds", type=int, metavar="R", help="rounds, in which every row is measured once (default: 3)")
    parser.add_argument("--shapes", nargs="+", type=shape, metavar="N,T,D,H", help=f"other sizes for {', '.join(SHAPED)}")
    parser.add_argument("--quick", action="store_true", help="one short round with small sizes, to test the benchmarks")
    parser.add_argument("--json", metavar="FILE", help="write all measurements (JSON)")
    parser.add_argument("--plot", metavar="FILE", help="write the ratios as a figure (PNG)")
    vectors = parser.add_argument_group("word2vec")
    vectors.add_argument(
        "--text", metavar="FILE", help="text to train on (default: PTB in $SCRATCHNN_DATA, or Python's manual)"
    )
    vectors.add_argument("--words", type=int, nargs="+", default=[], metavar="N", help="use only its first N words")
    vectors.add_argument("--epochs", type=int, metavar="E", help="passes over the text (default: 1 for speed, 5 otherwise)")
    vectors.add_argument(
        "--quality", action="store_true", help="compare the quality of the vectors, or of forecasts, instead of speed"
    )
    vectors.add_argument("--similarity", nargs="+", default=[], metavar="FILE", help="files of judged word pairs")
    vectors.add_argument("--analogies", metavar="FILE", help="analogy questions")
    vectors.add_argument("--jobs", type=int, default=1, metavar="N", help="contestants of --quality at a time (default: 1)")
    forecasts = parser.add_argument_group("forecaster", "with --quality; what follows -- are options of train forecaster")
    forecasts.add_argument("--models", nargs="+", default=[], metavar="MODEL", help="train only these (default: all)")
    forecasts.add_argument("--orders", action="store_true", help="compare orders of the rows of a window")
    few = parser.add_argument_group("few-labels")
    few.add_argument(
        "--vectors", metavar="PATH", help="word vectors of unlabelled reviews: a file, or a run of train word2vec"
    )
    counts = ", ".join(map(str, LABELS))
    few.add_argument(
        "--labels",
        type=int,
        nargs="+",
        default=LABELS,
        metavar="N",
        help=f"labelled reviews (default: {counts})",
    )
    both = parser.add_argument_group("word2vec and few-labels")
    both.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="S", help="random seeds (default: 0)")
    both.add_argument(
        "--out", metavar="DIR", help="folder of results, to go on from (default: runs/quality or runs/few-labels)"
    )
    return parser


def shape(text: str) -> tuple[int, ...]:
    """Parse ``N,T,D,H``: four whole numbers of 1 or more."""
    sizes = tuple(int(part) for part in text.split(","))
    if len(sizes) != 4 or min(sizes) < 1:
        raise ValueError(text)
    return sizes


def check(options: argparse.Namespace) -> None:
    """Fill in defaults that depend on other options; raise ``DataError`` if the options do not fit together."""
    for name in options.names:
        if name not in FAMILIES:
            raise DataError(f"unknown name {name!r}; choose from {', '.join(FAMILIES)}")
    options.names = list(dict.fromkeys(options.names)) or [name for name in FAMILIES if name not in BY_NAME_ONLY]
    options.rounds = (1 if options.quick else 3) if options.rounds is None else options.rounds
    given = {"--threads": options.threads, "--rounds": options.rounds, "--jobs": options.jobs}
    given |= {"--epochs": 1 if options.epochs is None else options.epochs}
    for flag, value in [*given.items(), *(("--words", words) for words in options.words)]:
        whole_number(value, flag)
    for labels in options.labels:
        whole_number(labels, "--labels", 2)
    for seed in options.seeds:
        whole_number(seed, "--seeds", 0)
    if len(set(options.seeds)) < len(options.seeds):
        raise DataError("--seeds names a seed twice")
    if "few-labels" in options.names:
        check_few_labels(options)
    whole = "--quality" if options.quality else "--against svd" if "svd" in options.against else ""
    able = ["word2vec", "forecaster"] if options.quality else ["word2vec"]
    if whole and (len(options.names) > 1 or options.names[0] not in able):
        raise DataError(f"{whole} goes with {' or '.join(able)} alone: python -m benchmarks {able[0]} {whole}")
    if not (options.quality and options.names == ["forecaster"]) and (options.models or options.orders or options.train):
        raise DataError("--models, --orders and options after -- go with forecaster --quality")
    for name in OWN_TABLES:
        if name in options.names and (len(options.names) > 1 or options.against or options.device == "gpu"):
            raise DataError(f"{name} is measured by itself, on the CPU: python -m benchmarks {name}")
    for library in options.against:
        if whole and library != ("gensim" if options.quality else "svd"):
            raise DataError(f"{whole} has opponents of its own; leave out --against {library}")
    if whole and options.plot:
        raise DataError(f"--plot draws ratios of speed; there are none with {whole}")
    if not whole and options.plot and not options.against:
        raise DataError("--plot draws ratios; name an opponent with --against")
    if options.shapes and not set(SHAPED) & set(options.names):
        raise DataError(f"--shapes goes with {', '.join(SHAPED)}, not with {', '.join(options.names)}")
    for flag, path in (("--json", options.json), ("--plot", options.plot)):
        if path and not Path(path).absolute().parent.is_dir():
            raise DataError(f"{flag} {path}: there is no such folder")
    options.out = options.out or f"runs/{'few-labels' if 'few-labels' in options.names else 'quality'}"
    options.text = default_text() if options.text is None else Path(options.text)
    if "gpu-check" in options.names:
        if options.names != ["gpu-check"] or options.against or options.plot or options.precision != "float32":
            raise DataError(
                "gpu-check has rows, opponents and a page of its own: python -m benchmarks gpu-check [--json FILE]"
            )
        options.device = "cpu" if options.quick and not has_gpu() else "gpu"
        options.json = options.json or "gpu-check.json"
    if options.device == "gpu":
        load_backend("cupy")
    if options.precision != "float32" and options.device != "gpu":
        raise DataError(f"--precision {options.precision} goes with --device gpu")
    if "cudnn" in options.against and options.device != "gpu":
        raise DataError("--against cudnn goes with --device gpu")
    for library in options.against:
        if library != "svd":
            check_installed("torch" if library == "cudnn" else library)


def has_gpu() -> bool:
    """Whether CuPy finds a GPU."""
    try:
        load_backend("cupy")
    except BackendError:
        return False
    return True


def check_few_labels(options: argparse.Namespace) -> None:
    """The same for ``few-labels``, which trains classifiers instead of timing anything."""
    if options.names != ["few-labels"] or options.against or options.plot or options.quality:
        raise DataError("few-labels is a run of its own; leave out --against, --plot, --quality and other names")
    if options.vectors is None:
        raise DataError("few-labels needs --vectors: a run of train word2vec on the text of imdb:unsup")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status, as ``finish``."""
    words = sys.argv[1:] if arguments is None else arguments
    cut = words.index("--") if "--" in words else len(words)
    options = build_parser().parse_args(words[:cut])
    options.train = words[cut + 1 :]
    return finish(lambda: checked_run(options))


def checked_run(options: argparse.Namespace) -> None:
    """``run`` with a folder for its files, once the options are known to go together."""
    check(options)
    with tempfile.TemporaryDirectory() as options.folder:
        run(options)


def run(options: argparse.Namespace) -> None:
    """Measure, print the tables, and write the files."""
    seconds = QUICK_SECONDS if options.quick else SECONDS
    settings = {"device": options.device, "threads": options.threads, "seconds": seconds, "precision": options.precision}
    document: dict[str, Any] = {
        "format": "scratchnn benchmarks 1",
        "machine": machine(),
        "settings": {**settings, "rounds": options.rounds},
    }
    if "word2vec" in options.names:
        document["text"] = str(options.text or "the Python manual")
    if options.quality:
        document["quality"] = importlib.import_module(f"benchmarks.{options.names[0]}_quality").run(options, settings)
    elif options.names == ["gpu-check"]:
        document |= importlib.import_module("benchmarks.gpu_check").run(options, settings)
    elif options.names[0] in OWN_TABLES:
        document["threads"] = importlib.import_module("benchmarks.threads").run(options, settings)
    elif "svd" in options.against:
        document["svd"] = importlib.import_module("benchmarks.word2vec_svd").run(options, settings)
    elif "few-labels" in options.names:
        document["few_labels"] = importlib.import_module("benchmarks.few_labels").run(options, settings)
    else:
        results, peak = speed(options, settings)
        document |= {"peak_gflops": None if math.isnan(peak) else peak, "rows": [result.document() for result in results]}
        if options.plot:
            plot_ratios(results, options.plot, f"scratchnn against {' and '.join(options.against)}, {options.device}")
    if options.json:
        write_atomically(options.json, (json.dumps(document, indent=1) + "\n").encode())


def speed(options: argparse.Namespace, settings: dict[str, Any]) -> tuple[list[Result], float]:
    """Measure all rows of all families and print their tables; returns the results and the peak in GFLOP/s."""
    modules = {name: importlib.import_module(f"benchmarks.{FAMILIES[name]}") for name in options.names}
    for library in options.against:
        if not any(library in module.OPPONENTS for module in modules.values()):
            raise DataError(f"{library} has nothing to set against {', '.join(options.names)}")
    rows = [row for name, module in modules.items() for row in module.rows(name, options, settings)]
    results, peak = compete(rows, options.rounds, settings)
    known = "" if math.isnan(peak) else f"; matrix products at most {peak:,.0f} GFLOP/s (float32)"
    how_often = "1 round" if options.rounds == 1 else f"medians of {options.rounds} rounds"
    where = options.device if options.device == "cpu" else f"gpu, {options.precision} products"
    print(f"{where}, {options.threads} threads, {how_often}{known}")
    print(*speed_table(results, peak), sep="\n")
    for name, module in modules.items():
        if hasattr(module, "notes"):
            print(*module.notes([result for result in results if result.row.section.startswith(name)]), sep="\n")
    return results, peak


def machine() -> dict[str, Any]:
    """The machine and the versions: what the figures depend on besides the code."""
    packages = ["numpy", "torch", "gensim", "cupy-cuda12x", "cupy-cuda13x"]
    versions = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
