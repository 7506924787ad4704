"""Write a training set's data card: its source, who wrote it, every removed row, its lengths."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import read_json, write_text
from scripts.lib.show.inert import escape

BAR = 40  # characters of a histogram's longest bar


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the lines of a Markdown table; a cell's line breaks and pipes are made harmless."""
    cells = [
        [escape(" ".join(str(cell).split())).replace("|", r"\|") for cell in row] for row in rows
    ]
    lines = [header, ["---"] * len(header), *cells]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def source_lines(source: dict[str, Any]) -> list[str]:
    """Return where the raw rows come from: a mirror's file, the hub, a generator or a teacher."""
    return table(["source", ""], [[name, value] for name, value in source.items()])


def counts(records: dict[str, dict[str, Any]]) -> list[str]:
    """Return the table of rows in and out of every file's steps."""
    rows = []
    for file, record in records.items():
        left = record["rows_in" if "rows_in" in record else "rows"]
        for step in record.get("steps", [{"step": "", "removed": []}]):
            removed = len(step["removed"])
            rows.append([file, step["step"], left, removed, left - removed])
            left -= removed
    return table(["file", "step", "rows in", "removed", "rows out"], rows)


def removals(records: dict[str, dict[str, Any]]) -> list[str]:
    """Return every removed row with the step that removed it and the reason."""
    rows = [
        [removed["id"], step["step"], removed["reason"]]
        for record in records.values()
        for step in record.get("steps", [])
        for removed in step["removed"]
    ]
    return table(["row", "step", "reason"], rows) if rows else ["None.", ""]


def teachers_of(
    teachers: Sequence[dict[str, Any]], records: dict[str, dict[str, Any]], examples: dict[str, Any]
) -> list[str]:
    """Return who wrote a set of own traces, what they were asked, and how their traces ended.

    `records` are those of the sampled traces by teacher. A teacher with weights here neither
    refuses nor is paid for; an endpoint's answers are counted by how they ended.
    """
    if not teachers:
        return []
    rows = [[t["teacher"], t["model"], t["licence"]] for t in teachers]
    lines = ["## Teachers", "", *table(["teacher", "model", "licence"], rows)]
    shares = [
        _shares(t["teacher"], records[t["teacher"]], right_of(examples, t["teacher"]))
        for t in teachers
    ]
    header = ["teacher", "traces", "right", "cut off", "refused", "empty", "tokens", "cost"]
    lines += table(header, shares)
    for name in ("system", "user"):
        text = teachers[0]["prompt"][name]
        if text is None:
            lines += [f"Prompt, {name}: none; the chat template may have its own.", ""]
        else:
            lines += [f"Prompt, {name}:", "", *(f"    {line}" for line in text.splitlines()), ""]
    return lines


def right_of(examples: dict[str, Any], teacher: str) -> int:
    """Return how many traces of a teacher are right, by the record of the examples."""
    if "teachers" in examples:
        return examples["teachers"][teacher]["right"]
    return examples["rows_out"]  # without a selection every right trace is an example


def _shares(teacher: str, record: dict[str, Any], right: int) -> list[str]:
    """Return the row of a teacher: the shares of its traces, and what they took."""
    rows = record["rows"]
    share = {"right": right / rows, "cut": record.get("cut_off")}
    tokens, cost = "in costs.csv", "not priced"
    if "counts" in record:
        share |= {name: record["counts"][name] / rows for name in ("cut", "refused", "empty")}
        counted = record["tokens"]
        tokens = f"{counted['prompt']:,} read, {counted['completion']:,} written"
        if record["uncounted"]:
            tokens += f", {record['uncounted']} traces without a count"
        if record["cost"]:
            amount = record["cost"]["amount"]
            digits = 2 if amount >= 1 else 4
            cost = f"{amount:,.{digits}f} {record['cost']['currency']}"
    texts = [
        f"{share[name]:.1%}" if share.get(name) is not None else "-"
        for name in ("right", "cut", "refused", "empty")
    ]
    return [teacher, f"{rows:,}", *texts, tokens, cost]


def corrupted_golds(record: dict[str, Any]) -> list[str]:
    """Return which rows brought a gold answer that is not that of their problem."""
    if "corrupted_golds" not in record:
        return []
    listed = ", ".join(record["corrupted_golds"]) or "none"
    return [f"Rows whose own gold answer is damaged (their problem's is used): {listed}.", ""]


def lengths(tokens: dict[str, Any]) -> list[str]:
    """Return a tokenizer's statistics, histogram and the examples that are too long to train on."""
    parts = ["prompt", "completion", "prompt_and_completion"]
    names = ["total", "mean", "median", "p90", "p99", "max"]
    longest = max(bin["count"] for bin in tokens["histogram"])
    bars = [
        [bin["up_to"], bin["count"], "█" * round(BAR * bin["count"] / longest)]
        for bin in tokens["histogram"]
    ]
    lines = [f"### {tokens['model']}", ""]
    lines += table(
        ["tokens", *names],
        [[part, *(_number(tokens[part][name]) for name in names)] for part in parts],
    )
    lines += table(["prompt and completion, up to", "examples", ""], bars)
    for recipe, over in tokens["over_length"].items():
        listed = ", ".join(f"{row['id']} ({row['tokens']})" for row in over["rows"]) or "none"
        lines += [
            f"Longer than the {over['max_length']} tokens of recipe `{recipe}`, and so left out of "
            f"its training: {listed}.",
            "",
        ]
    return lines + untrained(tokens["untrained_tokens"])


def untrained(tokens: Sequence[dict[str, Any]]) -> list[str]:
    """Return which tokens of the targets the model has hardly read, and how often they stand there.

    Their embeddings tell (lib/model/embeddings.py).
    """
    if not tokens:
        return ["Target tokens whose input embedding looks untrained: none.", ""]
    rows = [[t["token"], repr(t["text"]), t["times"], t["examples"]] for t in tokens]
    header = ["untrained token", "text", "times in targets", "examples"]
    return [
        "Target tokens whose input embedding looks untrained; what the model writes behind them "
        "may be noise:",
        "",
        *table(header, rows),
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def card(
    dataset: str,
    source: dict[str, Any],
    records: dict[str, dict[str, Any]],
    tokens: Sequence[dict[str, Any]],
    teachers: Sequence[dict[str, Any]] = (),
) -> str:
    """Return the Markdown card of a training set.

    `records` are those of its steps, by file; with `teachers`, who wrote its traces, the first are
    those of their traces, in the same order.
    """
    lines = [f"# Data card: {dataset}", "", *source_lines(source)]
    listed = list(records.values())
    sampled = {t["teacher"]: record for t, record in zip(teachers, listed, strict=False)}
    lines += teachers_of(teachers, sampled, listed[-1] if listed else {})
    lines += ["## Rows", "", *counts(records)]
    for record in records.values():
        lines += corrupted_golds(record)
    lines += ["## Removed rows", "", *removals(records)]
    lines += ["## Lengths", ""]
    for statistics in tokens:
        lines += lengths(statistics)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Write the data card of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the data set in config.yaml")
    parser.add_argument("--card", type=Path, required=True, help="card.md to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "make_data_card", dataset=args.dataset)
    folder = run.output("card").parent
    records = {
        f"`{file.relative_to(folder).with_suffix('.jsonl')}`": read_json(file)
        for file in run.paths("records")
    }
    tokens = [read_json(file) for file in run.paths("tokens")]
    settings = run.settings
    text = card(args.dataset, settings["source"], records, tokens, settings["teachers"])
    write_text(args.card, text)
    run.write_record(args.output, args.card)


if __name__ == "__main__":
    main()
