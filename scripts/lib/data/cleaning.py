"""Preprocessing of training problems (paper 3.1): duplicates and test questions are removed.

Every step returns what it keeps and, for each row that it removes, `{"id", "reason"}`.
"""

import re
import unicodedata
from collections.abc import Sequence

Problem = dict[str, str]
Removal = dict[str, str]


def words(text: str) -> list[str]:
    """Return a text's words for comparison: one Unicode form, lower case, no punctuation."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower())


def removal(row: dict, reason: str) -> Removal:
    """Return the entry of a removed row, which has an `id`."""
    return {"id": row["id"], "reason": reason}


def normalised(question: str) -> str:
    """Return the form in which two questions are the same: words, numbers and operators.

    >>> normalised("What is 2.5 + 3?") == normalised("what is  2.5+3")
    True
    """
    text = unicodedata.normalize("NFKC", question).lower()
    return " ".join(re.findall(r"\d+(?:[.,]\d+)*|[^\W_]+|[-+*/^=<>%\\]", text)) or text


def ngrams(question: str, length: int) -> list[str]:
    """Return all runs of `length` words; a shorter question is one run of all its words."""
    text = words(question)
    return [" ".join(text[i : i + length]) for i in range(max(1, len(text) - length + 1))]


def deduplicate(problems: Sequence[Problem]) -> tuple[list[Problem], list[Removal]]:
    """Keep the first of every group of questions that are equal after normalisation."""
    first: dict[str, str] = {}
    kept, removed = [], []
    for problem in problems:
        question = normalised(problem["question"])
        if question in first:
            removed.append(removal(problem, f"same question as {first[question]}"))
        else:
            first[question] = problem["id"]
            kept.append(problem)
    return kept, removed


def remove_near_duplicates(
    problems: Sequence[Problem], ngram: int, threshold: float, num_perm: int
) -> tuple[list[Problem], list[Removal]]:
    """Keep the first of questions whose n-grams have a Jaccard index of `threshold` or more.

    MinHash with `num_perm` permutations proposes the pairs, weighted against missing one; the
    index of a proposed pair is then computed exactly.
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=num_perm, weights=(0.1, 0.9))
    kept_ngrams: dict[str, set[str]] = {}
    kept, removed = [], []
    for problem in problems:
        own = set(ngrams(problem["question"], ngram))
        sketch = MinHash(num_perm=num_perm, seed=1)
        sketch.update_batch([text.encode() for text in sorted(own)])
        likeness = {
            other: _jaccard(own, kept_ngrams[other]) for other in sorted(index.query(sketch))
        }
        nearest = max(likeness, key=likeness.__getitem__, default=None)
        if nearest is not None and likeness[nearest] >= threshold:
            reason = f"Jaccard index {likeness[nearest]:.2f} with {nearest}"
            removed.append(removal(problem, reason))
        else:
            index.insert(problem["id"], sketch)
            kept_ngrams[problem["id"]] = own
            kept.append(problem)
    return kept, removed


def decontaminate(
    problems: Sequence[Problem], tests: dict[str, list[Problem]], ngram: int
) -> tuple[list[Problem], list[Removal]]:
    """Keep the problems that share no n-gram of words with a question of any of the test sets."""
    seen: dict[str, str] = {}
    for name, test in tests.items():
        for problem in test:
            for gram in ngrams(problem["question"], ngram):
                seen.setdefault(gram, f"{name} {problem['id']}")
    kept, removed = [], []
    for problem in problems:
        shared = next((gram for gram in ngrams(problem["question"], ngram) if gram in seen), None)
        if shared is None:
            kept.append(problem)
        else:
            reason = f"shares {shared!r} with {seen[shared]}"
            removed.append(removal(problem, reason))
    return kept, removed


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)
