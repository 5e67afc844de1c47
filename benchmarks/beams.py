"""``python -m benchmarks.beams DIR --data NAME``: a trained sequence-to-sequence model with beams of several widths.

For each width and each length norm: exact match, BLEU and chrF in lower case (sacrebleu), tokens per answer, the share of
answers that did not end within the limit, and seconds. The mean log-probability of the best answers shows how much better
the search is, the scores show whether that helps.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from benchmarks.processes import check_installed
from benchmarks.program import finish
from benchmarks.runs import load_run
from scratchnn.cli import Parser
from scratchnn.metrics import exact_match
from scratchnn.tasks.answers import search, text_of
from scratchnn.tasks.pair_sources import read_sources

WIDTHS = (1, 2, 4, 8, 16, 32)
NORMS = (0.0, 1.0)
HEADER = "beam  norm   exact    BLEU    chrF  tokens  cut off  log p  seconds"


def main(arguments: list[str] | None = None) -> None:
    """Print one row per width and length norm."""
    parser = Parser(prog="benchmarks.beams", description="Answers of a model by width of the beam.")
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train seq2seq")
    parser.add_argument("--data", nargs="+", required=True, metavar="DATA", help="pairs, as train seq2seq takes them")
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS, metavar="B", help="widths of the beam")
    parser.add_argument("--norms", nargs="+", type=float, default=NORMS, metavar="A", help="length norms")
    parser.add_argument("--limit", type=int, default=100, metavar="M", help="largest number of tokens (default: 100)")
    options = parser.parse_args(arguments)
    trained = load_run(options.run_folder, "seq2seq")
    task, settings, parts = trained.known_kind(), trained.settings, trained.parts
    pairs = read_sources(options.data, "test")
    examples = task.encode(pairs, settings, parts)
    check_installed("sacrebleu")
    from sacrebleu.metrics import BLEU, CHRF

    references = [[target for _, target in pairs]]
    print(HEADER)
    for norm in options.norms:
        for beam in options.widths:
            start = time.perf_counter()
            how = {"beam": beam, "limit": options.limit, "length_norm": norm}
            best = [answers[0] for answers in search(trained.model, [source for source, _ in examples], how, parts)]
            seconds = time.perf_counter() - start
            texts = [text_of(one.ids, settings, parts) for one in best]
            right = exact_match([one.ids for one in best], [target.tolist() for _, target in examples])
            bleu, chrf = (metric(lowercase=True).corpus_score(texts, references).score for metric in (BLEU, CHRF))
            lengths = np.array([len(one.ids) + one.ended for one in best])
            total = np.mean([one.score * length**norm for one, length in zip(best, lengths, strict=True)])
            cut = 1 - np.mean([one.ended for one in best])
            print(f"{beam:4} {norm:5.2f} {right:7.4f} {bleu:7.2f} {chrf:7.2f} {lengths.mean():7.2f} {cut:8.4f} "
                  f"{total:6.2f} {seconds:8.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    sys.exit(finish(main))
