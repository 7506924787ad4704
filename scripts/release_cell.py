"""Write what a trained cell is released as: weights, tokenizer, adapter, settings, results, card.

The folder is made whole, and nothing in it is typed by hand: the card is a template
(scripts/lib/release/templates/) filled from records and config. Weights share their blocks with the
checkpoint where the disk can.
"""

from datetime import UTC
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCard

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.console import report, spell_bytes
from scripts.lib.dag.jobs import files_of
from scripts.lib.files import digest_files, folder_made_whole, read_json, size_of
from scripts.lib.model.weights import required_checkpoint
from scripts.lib.provenance import finished
from scripts.lib.release import facts
from scripts.lib.release.cards import write_card
from scripts.lib.release.folders import put_all
from scripts.lib.release.metadata import eval_files, model_data, unknown_licences

Record = dict[str, Any]

EXAMPLES = {"given": "examples", "over_length": "left out as too long", "used": "trained on"}
SAMPLING = (
    *("temperature", "top_p", "top_k", "repetition_penalty"),
    *("max_new_tokens", "max_model_length", "dtype"),
)


def put_weights(record_path: Path, record: Record, folder: Path) -> None:
    """Put the checkpoint that a training's record vouches for into a folder, and its adapter.

    Raises SystemExit if a file is not the one that was recorded.
    """
    checkpoint = required_checkpoint(record_path)
    put_all(checkpoint, record["files"], folder)
    if adapter := record["adapter_files"]:
        source = record_path.parent / "adapter"
        if digest_files(source) != adapter:
            raise SystemExit(
                f"{source}: differs from {record_path}; delete {record_path} and run again to make "
                "both anew"
            )
        put_all(source, adapter, folder / "adapter")


def trained_stage(stage: Record, record: Record) -> Record:
    """Return what a card says of one stage, by the config and the training's record."""
    counted = record.get("examples", {})  # a training whose parent collapsed read none
    examples = {EXAMPLES[name]: f"{counted[name]:,}" for name in EXAMPLES if name in counted}
    settings = facts.flat(record["config"])
    return {
        **{name: stage[name] for name in ("label", "cell", "trainer", "dataset", "source")},
        "status": record["status"],
        "reason": record["reason"],
        "facts": examples | {"optimiser steps": f"{record['steps']:,}"},
        "settings": {name.removeprefix("recipe."): settings[name] for name in sorted(settings)},
    }


def resolved(settings: Record) -> Record:
    """Return the settings of a cell as a file for readers, without what only its card needs."""
    left_out = ("templates", "label", "parent_label")
    return {name: value for name, value in settings.items() if name not in left_out}


def context(run: Run, seed: int | None, trainings: list[Record]) -> Record:
    """Return what the card's template is given, for a seed; without one, for the first.

    `trainings` are those of that seed, the cell's own last.
    """
    settings, last = run.settings, trainings[-1]
    cells = [read_json(path) for path in run.paths("cells")]
    shown = last["seed"]
    pairs = [
        (read_json(record), read_json(scores))
        for record, scores in zip(run.paths("runs"), run.paths("scores"), strict=True)
    ]
    pairs = [pair for pair in pairs if pair[1]["seed"] == shown]
    sources = [
        (file.job.rule, read_json(run.root / file.path))
        for file in files_of(run.job.inputs["sources"])
    ]
    results = {
        prompt: facts.results(cells, settings["benchmarks"], prompt, shown)
        for prompt in settings["prompts"]
    }
    stages = settings["stages"]
    return {
        **settings,
        "seed": seed,
        "adapter": bool(last["adapter_files"]) and seed is not None,
        "results": results,
        "methods": sorted(
            {row["interval_method"] for rows in results.values() for row in rows} - {None}
        ),
        "sampling": {
            run.study.prompt_and_benchmark(scores["task"])[0]: {
                name: scores["settings"][name] for name in SAMPLING
            }
            for _, scores in reversed(pairs)
        },
        "collapse": facts.collapse_marks(cells),
        "trained": [
            trained_stage(stage, record) for stage, record in zip(stages, trainings, strict=True)
        ],
        "steps": facts.data_steps(sources),
        "curve": facts.curve(last.get("log", [])),
        "costs": facts.costs(trainings, *map(list, zip(*pairs, strict=True))),
        "software": last["versions"],
        "provenance": {
            "commit of the study": last["git_commit"],
            "key of the training": last["key"],
            "digest of its code": last["code_fingerprint"],
            "platform": last["platform"],
        },
        "licences": {stage["dataset"]: stage["license"] for stage in stages},
    }


def make(run: Run, folder: Path) -> Path:
    """Write the release of a planned job into an empty folder; return its card."""
    settings, paths = run.settings, run.paths("trainings")
    records = [read_json(path) for path in paths]
    own = [of for of in records if of["cell"] == settings["cell"]]
    seed = facts.released_seed(own)
    shown = own[0]["seed"] if seed is None else seed
    trainings = [of for of in records if of["seed"] == shown]
    if seed is not None:
        put_weights(paths[records.index(trainings[-1])], trainings[-1], folder)
    text = yaml.safe_dump(resolved(settings), sort_keys=False, allow_unicode=True, width=100)
    (folder / "resolved-config.yaml").write_text(text, encoding="utf-8")
    facts.curve_frame(trainings).to_csv(
        folder / "learning-curve.csv", index=False, lineterminator="\n"
    )
    given = context(run, seed, trainings)
    main = given["results"][settings["main_prompt"]]
    dates = [finished(read_json(path), path) for path in run.paths("runs")]
    date = max(dates).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if seed is not None:
        for benchmark, entries in eval_files(settings, main, date).items():
            place = folder / ".eval_results" / f"{benchmark}.yaml"
            place.parent.mkdir(exist_ok=True)
            place.write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    data = model_data(settings, main, given["adapter"])
    return write_card(folder, ModelCard, data, "model.md.j2", given)


def main() -> None:
    """Read the flags and write the folder."""
    parser = job_arguments(__doc__)
    parser.add_argument("--cell", required=True, help="name of the trained cell")
    parser.add_argument("--card", type=Path, required=True, help="the card to write, README.md")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "release_cell", cell=args.cell)
    with folder_made_whole(args.card.parent) as folder:
        make(run, folder)
        released = digest_files(folder)
        size = size_of(folder)
    root, stages = run.settings["root"], run.settings["stages"]
    licences = {root["model"]: root["license"]} | {of["dataset"]: of["license"] for of in stages}
    unknown = unknown_licences(licences)
    run.write_record(
        args.output, args.card, kind="model", released=released, unknown_licences=unknown
    )
    report(f"release_cell: {args.card.parent}, {spell_bytes(size)}")


if __name__ == "__main__":
    main()
