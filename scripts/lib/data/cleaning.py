"""Preprocessing of training problems (paper 3.1): duplicates and test questions are removed."""

import re
import unicodedata
from collections.abc import Iterable

Problem = dict[str, str]
Removal = dict[str, str]


def words(text: str) -> list[str]:
    """Return a text's words for comparison: one Unicode form, lower case, no punctuation."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower())


def deduplicate(problems: Iterable[Problem]) -> tuple[list[Problem], list[Removal]]:
    """Return the first of every group of equal questions, and why each other one was removed."""
    first: dict[str, str] = {}
    kept, removed = [], []
    for problem in problems:
        question = " ".join(words(problem["question"]))
        if question in first:
            reason = f"same question as {first[question]}"
            removed.append({"id": problem["id"], "step": "deduplicate", "reason": reason})
        else:
            first[question] = problem["id"]
            kept.append(problem)
    return kept, removed


def decontaminate(
    problems: Iterable[Problem], tests: dict[str, list[Problem]], ngram: int
) -> tuple[list[Problem], list[Removal]]:
    """Return the problems that share no n-gram of words with a test question, and the others.

    `tests` holds the problems of every test set by name.
    """
    seen: dict[tuple[str, ...], str] = {}
    for name, test in tests.items():
        for problem in test:
            for gram in _ngrams(words(problem["question"]), ngram):
                seen.setdefault(gram, f"{name} {problem['id']}")
    kept, removed = [], []
    for problem in problems:
        grams = _ngrams(words(problem["question"]), ngram)
        shared = next((gram for gram in grams if gram in seen), None)
        if shared is None:
            kept.append(problem)
        else:
            reason = f"shares {' '.join(shared)!r} with {seen[shared]}"
            removed.append({"id": problem["id"], "step": "decontaminate", "reason": reason})
    return kept, removed


def _ngrams(text: list[str], length: int) -> list[tuple[str, ...]]:
    """Return all runs of `length` words; a shorter text is one run of all its words."""
    return [tuple(text[i : i + length]) for i in range(max(1, len(text) - length + 1))]
