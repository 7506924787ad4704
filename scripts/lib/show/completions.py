"""One problem as cells solved it: question, gold, prompt, completions, verdicts and reasons."""

from collections.abc import Sequence
from itertools import groupby

from scripts.lib.evaluation.finished import Row
from scripts.lib.show.inert import block, escape

COLUMNS = (
    "problem",
    "sample",
    "question",
    "prompt",
    "completion",
    "gold",
    "extracted",
    "correct",
    "strict_correct",
    "status",
    "strict_status",
    "lighteval_correct",
    "tokens",
    "finish_reason",
)
REASONS = {
    "ok": "the answer found was compared with the gold answer",
    "no_answer": "no answer was found",
    "unparsable": "an answer was found that cannot be read by value",
    "timeout": "the limit of time or memory was reached",
}
ENDS = {"stop": "it stopped by itself", "length": "cut off at the limit"}


def problem_page(rows: Sequence[Row], whole: bool) -> list[str]:
    """Return the lines of one problem; each row has the `name` of its cell and its `seed`.

    Rows of several cells are shown one below the other, seed by seed and sample by sample. A prompt
    is shown where it differs from the one above it for the same cell.
    """
    first = rows[0]
    lines = [f"problem {escape(first['problem'])}", "", "Question:"]
    lines += [*block(first["question"], whole), "Gold:", *block(first["gold"], whole)]
    prompts: dict[str, str] = {}
    names = list(dict.fromkeys(row["name"] for row in rows))

    def turn(row: Row) -> tuple[int, int]:
        return row["seed"], row["sample"]

    for _, same_turn in groupby(sorted(rows, key=turn), key=turn):
        for row in sorted(same_turn, key=lambda row: names.index(row["name"])):
            if prompts.get(row["name"]) != row["prompt"]:
                prompts[row["name"]] = row["prompt"]
                lines += ["", f"{row['name']}: the prompt as the model read it:"]
                lines += block(row["prompt"], whole)
            lines += ["", *completion_lines(row, whole)]
    return lines


def completion_lines(row: Row, whole: bool) -> list[str]:
    """Return one completion, what was found in it and what was decided, with the reasons."""
    end = ENDS.get(row["finish_reason"], row["finish_reason"])
    return [
        f"{row['name']}, seed {row['seed']}, sample {row['sample']}: "
        f"{row['tokens']:,} tokens, {end}",
        *block(row["completion"], whole),
        f"  extracted: {'nothing' if row['extracted'] is None else escape(row['extracted'])}",
        f"  verdict:   {verdict(row['correct'], row['status'])}",
        f"  strict:    {verdict(row['strict_correct'], row['strict_status'])}",
        f"  LightEval: {LIGHTEVAL[row['lighteval_correct']]}",
    ]


LIGHTEVAL = {True: "right", False: "wrong", None: "it came to no verdict"}


def verdict(correct: bool, status: str) -> str:
    """Return a verdict and why the grader came to it.

    >>> verdict(False, "no_answer")
    'wrong (no_answer: no answer was found)'
    """
    return f"{'right' if correct else 'wrong'} ({status}: {REASONS.get(status, 'unknown status')})"
