"""``word2vec --quality``: compares the quality of our vectors and gensim's, on the same text and the same questions.

Each contestant (two libraries, two models) is trained once per seed, in a process of its own. All vectors are scored by
``scratchnn.word2vec.evaluation``. Both libraries count the words of the same file, and gensim's words are sorted into our
order, so that both are asked the same questions; if they are not, the run stops with an error.

The results of a contestant are saved in a folder as ``NAME.bin`` (vectors) and ``NAME.json`` (scores). A run that was
interrupted continues with the contestants that are missing.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.evaluation import evaluation_files, score, value_of
from benchmarks.processes import check_installed, run_job
from benchmarks.results import check_same_run, kept, make_folder
from benchmarks.table import columns_of, fixed
from benchmarks.text import digest, write_text
from benchmarks.word2vec import MODELS, SENTENCES, SIZES
from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.terminal import progress_bar
from scratchnn.word2vec.formats import read_vectors

LIBRARIES = ("ours", "gensim")


def trained(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Train one contestant and score its vectors; runs in a process of its own."""
    from benchmarks import word2vec

    result = {"ours": word2vec.ours, "gensim": word2vec.gensim}[case["library"]](case, settings)
    return {**result, "scores": score(read_vectors(case["out"]), case["similarity"], case["analogies"])}


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """Train the missing contestants and print the tables; returns what ``--json`` writes."""
    check_installed("gensim")
    similarity, analogies = evaluation_files(options.similarity, options.analogies)
    out = make_folder(options.out)
    text = Path(options.folder, "text.txt")
    write_text(options.text, text, max(options.words, default=None))
    shared = {"epochs": options.epochs or 5, "similarity": similarity, "analogies": analogies}
    check_same_run(out, {**shared, **SIZES, "text": digest(text)})
    cases = [
        {**shared, "library": library, "model": model, "seed": seed, "text": str(text), "feed": SENTENCES}
        for seed in options.seeds
        for model in MODELS
        for library in LIBRARIES
    ]
    results = {name_of(case): kept(out, name_of(case)) for case in cases}
    todo = [case for case in cases if results[name_of(case)] is None]
    if len(todo) < len(cases):
        print(f"{len(cases) - len(todo)} of {len(cases)} contestants are in {out} already", flush=True)

    def train(case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name = name_of(case)
        case = {**case, "out": str(out / f"{name}.bin")}
        result = run_job("benchmarks.word2vec_quality:trained", case, {**settings, "threads": 1})
        write_atomically(out / f"{name}.json", json.dumps(result, indent=1).encode())
        return name, result

    with (
        progress_bar(total=len(todo), desc="training", unit="contestant") as bar,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        futures = [pool.submit(train, case) for case in todo]
        try:
            for future in as_completed(futures):
                name, results[name] = future.result()
                bar.set_postfix_str(name, refresh=False)
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    done = {name: result for name, result in results.items() if result is not None}
    check_same_questions(done)
    print(*quality_table(done, options.seeds), sep="\n")
    return {"settings": shared, "seeds": options.seeds, "contestants": done}


def name_of(case: dict[str, Any]) -> str:
    """The name of a contestant and of its files."""
    return f"{case['library']}-{case['model']}-seed{case['seed']}"


def check_same_questions(results: dict[str, dict[str, Any]]) -> None:
    """Raise ``DataError`` unless all contestants have the same size of vocabulary and were asked as many questions."""
    asked = {
        name: (result["vocabulary"], *(part["covered"] for part in result["scores"])) for name, result in results.items()
    }
    for name, counts in asked.items():
        if counts != next(iter(asked.values())):
            raise DataError(f"{name} has other words or questions than {next(iter(asked))}: {counts}")


def quality_table(results: dict[str, dict[str, Any]], seeds: Sequence[int]) -> Iterator[str]:
    """The lines of each model: mean, lowest and highest score over the seeds, and our mean minus gensim's."""
    first = next(iter(results.values()))
    widths = (30, 9, 18, 9, 18, 11)
    for model, title in MODELS.items():
        yield ""
        heading = f"{title}, {len(seeds)} seed{'s' if len(seeds) > 1 else ''}"
        yield columns_of(widths, heading, "ours", "lowest, highest", "gensim", "lowest, highest", "difference")
        for k, part in enumerate(first["scores"]):
            cells, means = [], []
            for library in LIBRARIES:
                values = [value_of(results[f"{library}-{model}-seed{seed}"]["scores"][k]) for seed in seeds]
                means.append(statistics.fmean(values))
                cells += [fixed(means[-1], ".4f"), f"{fixed(min(values), '.4f')} {fixed(max(values), '.4f')}"]
            yield columns_of(widths, f"  {part['name']} ({part['covered']:,})", *cells, fixed(means[0] - means[1], "+.4f"))
