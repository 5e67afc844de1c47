"""Scores of whole structures and the best structure: tag sequences (CRF, Viterbi) and trees (biaffine, Eisner, Edmonds)."""

from scratchnn.structured.biaffine import (
    Biaffine,
    LabelScores,
    biaffine_backward,
    biaffine_forward,
    biaffine_loop,
    head_loss_backward,
    head_loss_forward,
    label_scores_backward,
    label_scores_forward,
    label_scores_loop,
    possible_heads,
)
from scratchnn.structured.chain import sequence_score, viterbi, viterbi_loop
from scratchnn.structured.crf import (
    CRF,
    crf_backward,
    crf_forward,
    crf_log_partition,
    crf_loop_backward,
    crf_loop_forward,
    crf_marginals,
)
from scratchnn.structured.trees import best_trees, check_tree, chu_liu_edmonds, crossing_arcs, eisner

__all__ = [
    "CRF",
    "Biaffine",
    "LabelScores",
    "best_trees",
    "biaffine_backward",
    "biaffine_forward",
    "biaffine_loop",
    "check_tree",
    "chu_liu_edmonds",
    "crf_backward",
    "crf_forward",
    "crf_log_partition",
    "crf_loop_backward",
    "crf_loop_forward",
    "crf_marginals",
    "crossing_arcs",
    "eisner",
    "head_loss_backward",
    "head_loss_forward",
    "label_scores_backward",
    "label_scores_forward",
    "label_scores_loop",
    "possible_heads",
    "sequence_score",
    "viterbi",
    "viterbi_loop",
]
