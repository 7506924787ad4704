"""Which runs have collapsed (the paper's ‡), read from their logs and evaluations when scored.

A mark is a rule's name, its reason in words and its evidence. The thresholds are `collapse` in the
config, which stands in no training's key. Only numbers that are none end a training
(lib/training/collapse.py); all that is marked here has finished, and keeps its number.

The rules on rewards look at the mean accuracy reward of every window of a run's steps. With all
groups without spread, or an entropy near zero, a run may be healthy: a good policy has both. A hard
benchmark alone cuts off nearly everything, so that the median over benchmarks is judged.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Any, NamedTuple

Mark = dict[str, Any]
Entry = Mapping[str, Any]
Thresholds = Mapping[str, float]

ACCURACY = "rewards/accuracy_reward"
SHORTEST_WINDOW = 10  # steps; a shorter run is not judged by its log
TAIL = 400  # characters of a completion's end in which a loop is looked for
LONGEST_PIECE = 50  # characters of what comes again and again
REPEATS = 8  # a loop has at least so many
SHORTEST_LOOP = 60  # characters
SHOWN = 200  # characters of a sample text
SAMPLES = 3


class Texts(NamedTuple):
    """What one evaluation says about legibility: two shares, and texts for each."""

    unreadable: float
    repetition: float
    samples: dict[str, list[str]]


def marks_of_log(
    log: Sequence[Entry],
    vocabulary: int | None,
    limits: Thresholds,
    rollouts: Sequence[Entry] = (),
) -> list[Mark]:
    """Return the marks of a training's log; `vocabulary` is the model's number of tokens.

    A log without an accuracy reward is no reinforcement learning's, and has none. The evidence is
    the last steps, and of `rollouts` (training/rollout_sample.py) some of the last window.
    """
    window = max(SHORTEST_WINDOW, min(int(limits["window"]), len(log) // 4))
    if len(log) < window or ACCURACY not in log[0]:
        return []
    last = log[-window:]
    means = _rolling([_number(entry, ACCURACY) for entry in log], window)
    best, end = max(means), means[-1]
    span = f"the last {window} steps"
    of = f"mean of {span}"
    texts = _texts_of([r for r in rollouts if r["step"] >= last[0]["step"]])
    marks = []

    def mark(rule: str, reason: str, *columns: str) -> None:
        shown = ("step", ACCURACY, *columns)
        evidence = [{c: e[c] for c in shown if c in e} for e in last[-SAMPLES:]]
        marks.append({"rule": rule, "reason": reason, "evidence": evidence + texts})

    if best < limits["accuracy_reward"]:
        mark(
            "no reward", f"the accuracy reward was {best:.4f} in its best {window} steps", "reward"
        )
    elif end < limits["accuracy_reward"]:
        flat = _mean(last, "frac_reward_zero_std")
        if flat is not None and flat >= limits["without_spread"]:
            mark(
                "nothing to learn",
                f"the accuracy reward was {end:.4f} and {flat:.0%} of the groups had no spread "
                f"({of})",
                "frac_reward_zero_std",
            )
    if best >= limits["fall_from"] and end < limits["fall"] * best:
        mark("fall", f"the accuracy reward fell from {best:.3f} to {end:.3f} ({of})", "reward")
    if (kl := _median(last, "kl")) is not None and kl > limits["kl"]:
        mark("KL", f"the KL divergence from the parent was {kl:.3g} (median of {span})", "kl")
    if vocabulary and (entropy := _median(last, "entropy")) is not None:
        most = limits["entropy"] * math.log(vocabulary)
        if entropy > most:
            mark("entropy", f"the entropy was {entropy:.2f} nats, above {most:.2f}", "entropy")
    cut = _mean(last, "completions/clipped_ratio")
    if cut is not None and cut >= limits["cut_off"]:
        mark(
            "cut off", f"{cut:.0%} of the rollouts were cut off ({of})", "completions/clipped_ratio"
        )
    return marks


def marks_of_texts(texts: Mapping[str, Texts], limits: Thresholds) -> list[Mark]:
    """Return the marks of a seed's evaluations, {benchmark: texts}: medians over benchmarks."""
    marks: list[Mark] = []
    words = {"unreadable": "had no readable answer", "repetition": "ended in a loop"}
    for rule, said in words.items():
        shares = {name: getattr(of, rule) for name, of in texts.items()}
        if shares and median(shares.values()) >= limits[rule]:
            worst = max(shares, key=lambda name: shares[name])
            reason = f"{median(shares.values()):.0%} of the completions {said} (median over "
            reason += f"{len(shares)} benchmark{'s' if len(shares) > 1 else ''})"
            evidence = [{"benchmark": worst, "text": t} for t in texts[worst].samples[rule]]
            marks.append({"rule": rule, "reason": reason, "evidence": evidence})
    return marks


def legibility(rows: Sequence[Entry]) -> Texts:
    """Return the legibility of one evaluation, from its completions with their statuses."""
    found: dict[str, list[str]] = {"unreadable": [], "repetition": []}
    for row in rows:
        if row["status"] != "ok":
            found["unreadable"].append(row["completion"])
        if loops(row["completion"]):
            found["repetition"].append(row["completion"])
    total = len(rows) or 1
    samples = {rule: [text[-SHOWN:] for text in of[:SAMPLES]] for rule, of in found.items()}
    return Texts(len(found["unreadable"]) / total, len(found["repetition"]) / total, samples)


def loops(text: str) -> bool:
    r"""Say whether a completion ends in one piece of text again and again.

    As the expression (.{1,50}?)\1{7,}\s*$ finds it, which takes a hundred times as long.

    >>> loops("so " * 40), loops("It is 18. " + "=" * 20)
    (True, False)
    """
    tail = text[-TAIL:]
    shortest = max(len(tail.rstrip()), REPEATS)  # white space may follow, or be part of it
    return any(
        len(tail) - _first_repeat(whole, size) >= SHORTEST_LOOP
        for whole in (tail[:end] for end in range(shortest, len(tail) + 1))
        for size in _sizes(whole)
        if whole.endswith(whole[-size:] * REPEATS)
    )


def _sizes(text: str) -> Iterator[int]:
    """Yield by how much earlier a text's last characters stand too: so long is a loop's piece."""
    last = text[1 - REPEATS :]
    at = text.rfind(last, 0, -1)
    while at >= 0 and (size := len(text) - len(last) - at) <= LONGEST_PIECE:
        yield size
        at = text.rfind(last, 0, at + len(last) - 1)


def _first_repeat(text: str, size: int) -> int:
    """Return where the piece of so many characters at a text's end begins to come again."""
    start = len(text) - size
    while start >= size and text[start - size : start] == text[-size:]:
        start -= size
    return start


def _texts_of(rollouts: Sequence[Entry]) -> list[Mark]:
    """Return some rollouts at evenly spaced places, with the ends of their completions."""
    count = min(SAMPLES, len(rollouts))
    chosen = [rollouts[number * len(rollouts) // count] for number in range(count)]
    return [
        {"step": r["step"], "text": r["completion"][-SHOWN:], "rewards": r["rewards"]}
        for r in chosen
    ]


def _rolling(values: Sequence[float], window: int) -> list[float]:
    return [fmean(values[end - window : end]) for end in range(window, len(values) + 1)]


def _number(entry: Entry, name: str) -> float:
    return float(entry.get(name) or 0.0)


def _mean(entries: Sequence[Entry], name: str) -> float | None:
    values = [float(entry[name]) for entry in entries if entry.get(name) is not None]
    return fmean(values) if values else None


def _median(entries: Sequence[Entry], name: str) -> float | None:
    values = [float(entry[name]) for entry in entries if entry.get(name) is not None]
    known = [math.inf if math.isnan(value) else value for value in values]
    return median(known) if known else None
