"""Word vectors by counting: co-occurrence, positive pointwise mutual information, truncated SVD.

    C[v, w]    = how often word w occurs at most ``window`` positions from word v                                  (1)
    PMI[v, w]  = log2( C[v, w] N / (S[v] S[w]) ),   S[v] = sum_w C[v, w],   N = sum_v S[v]                         (2)
    PPMI[v, w] = max(PMI[v, w], 0)                                                                                 (3)
    PPMI       ~ U_k diag(s_k) V_k^T,  the k largest singular values;  word vectors: the rows of U_k               (4)

(2) says how much more often two words occur together than by chance. Pairs that never occur together would have -infinity,
so (3) keeps only the positive values. (4) is the best approximation of rank k. Sources: Church and Hanks (1990) for (2),
Bullinaria and Levy (2007) for (3) and (4).

Pairs are counted by one sort per distance, without a loop over words: a text of M words takes ``window`` sorts of M pair
numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import check_ids
from scratchnn.errors import DataError, whole_number

DENSE_LIMIT = 12_000  # words; a larger square table of counts would not fit into memory
EXACT_LIMIT = 2_000  # words; above it NumPy's full decomposition takes minutes


def pair_counts(ids: np.ndarray, vocabulary_size: int, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equation (1) as three arrays (K,): the pairs v, w that occur, in order, and their counts; each pair in both orders.

    Args:
        ids: the text (M,), as one sequence: pairs are counted across line ends too.
        vocabulary_size: V.
        window: largest distance, at least 1.
    """
    whole_number(window, "pair_counts: window")
    check_ids(ids, vocabulary_size, "pair_counts")
    if len(ids) <= window:
        raise DataError(f"a text of {len(ids)} words is not longer than the window of {window}")
    V = vocabulary_size
    numbers, counts = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    wide = ids.astype(np.int64)
    for distance in range(1, window + 1):
        pairs = wide[:-distance] * V + wide[distance:]  # a pair as one number, (v, w) = divmod(number, V)
        distinct, found = np.unique(pairs, return_counts=True)
        backwards = distinct % V * V + distinct // V
        numbers, place = np.unique(np.concatenate([numbers, distinct, backwards]), return_inverse=True)
        counts = np.bincount(place, weights=np.concatenate([counts, found, found])).astype(np.int64)
    return numbers // V, numbers % V, counts


def cooccurrence(ids: np.ndarray, vocabulary_size: int, window: int = 1) -> np.ndarray:
    """Equation (1) as a table (V, V), int32, for vocabularies of up to ``DENSE_LIMIT`` words."""
    if vocabulary_size > DENSE_LIMIT:
        raise DataError(
            f"a table of {vocabulary_size:,} x {vocabulary_size:,} counts is too large; limit the vocabulary to "
            f"{DENSE_LIMIT:,} words, or use pair_counts"
        )
    table = np.zeros((vocabulary_size, vocabulary_size), dtype=np.int32)
    rows, columns, counts = pair_counts(ids, vocabulary_size, window)
    table[rows, columns] = counts
    return table


def ppmi_of_pairs(rows: np.ndarray, columns: np.ndarray, counts: np.ndarray, vocabulary_size: int) -> np.ndarray:
    """Equations (2) and (3) for the pairs that occur: values (K,), float32. All other pairs have 0."""
    S = np.bincount(rows, weights=counts, minlength=vocabulary_size)
    pmi = np.log2(counts * S.sum() / (S[rows] * S[columns]))
    return np.maximum(pmi, 0).astype(np.float32)


def ppmi(table: np.ndarray) -> np.ndarray:
    """Equations (2) and (3): values (V, V), float32, from counts (V, V)."""
    rows, columns = np.nonzero(table)
    values = np.zeros(table.shape, dtype=np.float32)
    values[rows, columns] = ppmi_of_pairs(rows, columns, table[rows, columns].astype(np.int64), len(table))
    return values


def svd_vectors(matrix: Any, size: int, seed: int = 0) -> np.ndarray:
    """Equation (4): word vectors (V, ``size``), float32, from a dense or sparse (SciPy) ``matrix`` (V, V).

    Up to ``EXACT_LIMIT`` words, NumPy decomposes the whole matrix. For more, the randomised method of scikit-learn, in the
    extra ``text``, finds the largest singular values only (Halko et al., 2011).
    """
    if not 1 <= size <= min(matrix.shape):
        raise DataError(f"the size of word vectors must be 1 .. {min(matrix.shape)} for this matrix, got {size}")
    if isinstance(matrix, np.ndarray) and max(matrix.shape) <= EXACT_LIMIT:
        U = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)[0]
        return U[:, :size].astype(np.float32)
    try:
        from sklearn.utils.extmath import randomized_svd
    except ImportError:
        raise DataError(
            f'a vocabulary of {max(matrix.shape):,} words needs scikit-learn: pip install -e ".[text]"'
        ) from None
    U, _, _ = randomized_svd(matrix, n_components=size, n_iter=5, random_state=seed)
    return U.astype(np.float32)


def count_vectors(ids: np.ndarray, vocabulary_size: int, window: int, size: int, seed: int = 0) -> np.ndarray:
    """Equations (1) to (4), for vocabularies of any size: word vectors (V, ``size``), float32, from a text (M,)."""
    rows, columns, counts = pair_counts(ids, vocabulary_size, window)
    values = ppmi_of_pairs(rows, columns, counts, vocabulary_size)
    if vocabulary_size <= EXACT_LIMIT:
        table = np.zeros((vocabulary_size, vocabulary_size), dtype=np.float32)
        table[rows, columns] = values
        return svd_vectors(table, size, seed)
    try:
        from scipy.sparse import csr_matrix
    except ImportError:
        raise DataError(f'a vocabulary of {vocabulary_size:,} words needs SciPy: pip install -e ".[text]"') from None
    return svd_vectors(csr_matrix((values, (rows, columns)), shape=(vocabulary_size, vocabulary_size)), size, seed)
