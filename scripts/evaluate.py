"""Evaluate one cell's model on every benchmark, under every prompt, with LightEval in one process.

A task is a benchmark under a prompt. One that was evaluated before is taken from the store; if all
are there, no model starts.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from scripts.cli import add_engine, job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.disk import temporary_folder
from scripts.lib.engines.start import EngineSettings
from scripts.lib.evaluation.completions import (
    NO_NUMBERS,
    checked_problems,
    completions_of,
    graded_text,
    lighteval_part,
    parquet_bytes,
    summary,
    with_verdicts,
    without_times,
)
from scripts.lib.evaluation.store import entry, write_evaluation
from scripts.lib.files import read_json, read_jsonl, sha256_of
from scripts.lib.machine.devices import device_name, require_one_device, visible_devices
from scripts.lib.machine.energy import job_meter
from scripts.lib.machine.imports import quick_imports
from scripts.lib.machine.memory import check_memory, evaluation_gb
from scripts.lib.machine.usage import peak_memory
from scripts.lib.model.architecture import require_causal_lm
from scripts.lib.model.weights import checkpoint_of, weights_digest
from scripts.lib.provenance import run_facts
from scripts.lib.study.cells import model_of

Settings = dict[str, Any]


def evaluate(
    cell: str,
    seed: int,
    model_record: Path,
    tasks: dict[str, Path],
    settings: dict[str, Settings],
    store: Path,
    output_folder: Path,
    engine: EngineSettings,
    memory_gb: float | None = None,
    vouched: dict[str, Settings] | None = None,
    judges: int = 1,
    expected: dict[str, float] | None = None,
) -> None:
    """Write {task}.json, .parquet, .lighteval.json and .run.json for every task into a folder.

    `tasks` gives each one's problems: `gsm8k` under the prompt of the tables, `training/gsm8k`
    under another. `settings` holds for each its prompt, generation, number of samples, grader,
    seed, and the `key` that stands for all of them; `vouched` what every job's record holds. With
    less memory than `memory_gb` (10^9 bytes) no model is loaded: the program exits with an error.
    `judges` processes judge completions side by side. `expected` says how long those of a benchmark
    are, in any unit: an engine that takes all tasks at once begins with the longest.
    """
    checkpoint = checkpoint_of(model_record)
    model = read_json(model_record)
    problems = {name: checked_problems(path, read_jsonl(path)) for name, path in tasks.items()}
    records = {
        name: {
            "key": vouched[name]["key"] if vouched else settings[name]["key"],
            "cell": cell,
            "seed": seed,
            "benchmark": benchmark_of(name),
            "task": name,
            "status": model["status"],
            "reason": model.get("reason"),
            "problems": len(problems[name]),
            "samples": settings[name]["num_samples"],
            "settings": {k: v for k, v in settings[name].items() if k != "key"},
        }
        for name in tasks
    }
    if checkpoint is None:
        for name, facts in records.items():
            facts = {**facts, **NO_NUMBERS, "weights": None, "lighteval": None}
            nothing = {"wall_seconds": 0.0, "device_seconds": 0.0, "joules": 0.0}
            run = {**nothing, **run_facts("evaluate")}
            run |= (vouched or {}).get(name, {})
            folder = (output_folder / name).parent
            write_evaluation(folder, benchmark_of(name), facts, parquet_bytes([]), {}, run)
        report(f"evaluate {cell} seed-{seed}: the training collapsed, nothing to evaluate")
        return

    weights = weights_digest(model)
    entries = {
        name: entry(store / name, weights, decides(name, settings, vouched), sha256_of(path))
        for name, path in tasks.items()
    }
    missing = [name for name in tasks if entries[name].record() is None]
    with contextlib.ExitStack() as opened:
        evaluator = None
        if missing:
            if memory_gb is not None:
                check_memory(cell, memory_gb)
            evaluator = opened.enter_context(
                Evaluator(checkpoint, f"{cell}/seed-{seed}", settings[missing[0]], engine, judges)
            )
            evaluator.sample(
                {name: (problems[name], settings[name], entries[name].journal) for name in missing},
                expected or {},
            )
        for number, name in enumerate(tasks, start=1):
            if (record := entries[name].record()) is None:
                assert evaluator is not None
                journal = entries[name].journal
                found = evaluator.evaluate(name, problems[name], settings[name], journal)
                record = {**records[name], **found.numbers, "weights": weights}
                run = found.run | (vouched or {}).get(name, {})
                entries[name].keep(record, parquet_bytes(found.rows), found.lighteval, run)
            entries[name].publish((output_folder / name).parent)
            report(
                f"evaluate {cell} seed-{seed}: {name} {record['accuracy']:.3f} "
                f"({number}/{len(tasks)})"
            )


def benchmark_of(task: str) -> str:
    """Return the benchmark of a task such as `gsm8k` or `training/gsm8k`."""
    return task.rpartition("/")[2]


def decides(name: str, settings: dict[str, Settings], vouched: dict[str, Settings] | None) -> str:
    """Return what a kept evaluation must have in common with a planned one: key and engines' code.

    What was evaluated by hand, without a key, is not taken for what is planned.
    """
    made = (vouched or {}).get(name, {})
    by_hand = vouched is not None and made.get("key") is None
    return json.dumps([settings[name]["key"], made.get("engines"), by_hand], sort_keys=True)


class Evaluated(NamedTuple):
    """One task's completions with verdicts, its numbers, LightEval's own file, the run's facts."""

    rows: list[dict[str, Any]]
    numbers: dict[str, Any]
    lighteval: dict[str, Any]
    run: dict[str, Any]


class Evaluator:
    """LightEval with a loaded model, and the judges: started once, for all tasks of a cell."""

    def __init__(
        self,
        checkpoint: Path,
        name: str,
        settings: Settings,
        engine: EngineSettings,
        judges: int = 1,
    ) -> None:
        started = time.perf_counter()
        with quick_imports():
            self.meter = job_meter()
            from scripts.lib.evaluation.judges import Judges
            from scripts.lib.evaluation.lighteval_model import CheckpointModel
            from scripts.lib.evaluation.tasks import run_lighteval

        require_causal_lm(checkpoint)
        self.judges = Judges(judges, settings["grader"]["timeout"])
        self.model = CheckpointModel(checkpoint, name, settings, engine)
        self.run_lighteval = run_lighteval
        self.queue = Used(0.0, 0.0)
        self.tokens: dict[str, int] = {}
        self.start = Used(time.perf_counter() - started, self.meter.lap())

    def __enter__(self) -> "Evaluator":
        return self

    def __exit__(self, *_: object) -> None:
        self.model.engine.close()
        self.judges.close()

    def sample(
        self,
        tasks: dict[str, tuple[list[dict[str, Any]], Settings, Path]],
        expected: dict[str, float],
    ) -> None:
        """Sample all tasks in one queue where the engine can, and free its device.

        A task is its problems, its settings and the file that keeps its completions until it is
        evaluated.
        """
        from scripts.lib.engines.requests import StreamingEngine
        from scripts.lib.evaluation.journal import Journal
        from scripts.lib.evaluation.one_queue import Task, sample_all

        if not isinstance(self.model.engine, StreamingEngine):
            return
        started = time.perf_counter()
        queued = [
            Task(name, problems, settings, Journal(path), expected.get(benchmark_of(name), 1.0))
            for name, (problems, settings, path) in tasks.items()
        ]
        self.tokens = sample_all(self.model, queued, self.judges)
        self.model.engine.close()
        self.queue = Used(time.perf_counter() - started, self.meter.lap())

    def evaluate(
        self,
        task: str,
        problems: list[dict[str, Any]],
        settings: Settings,
        journal: Path | None = None,
    ) -> Evaluated:
        """Return what one task's evaluation found.

        Its part of a queue's time and energy is that of its tokens. `journal` keeps the batches of
        an engine that has no queue.
        """
        started = time.perf_counter()
        self.meter.lap()  # what was used between two tasks is neither's
        benchmark = benchmark_of(task)
        self.model.use(task, settings, journal)
        with temporary_folder("lighteval-") as folder:
            results, details = self.run_lighteval(
                self.model, benchmark, problems, settings, self.judges.match, folder
            )
        generated = time.perf_counter()
        rows = completions_of(details, problems, self.model.stop_ids)
        rules = settings["grader"]["rules"]
        answers = [(rules, row["gold"], graded_text(row)) for row in rows]
        rows = with_verdicts(rows, self.judges.grade(answers))
        finished = time.perf_counter()
        lighteval, times = without_times(results)
        devices = max(1, len(visible_devices()))
        share = self.tokens.get(task, 0) / (sum(self.tokens.values()) or 1)
        queued = self.queue.seconds * share
        joules = self.meter.lap()
        run = {
            "engine_start_seconds": self.start.seconds,
            "engine_start_joules": self.start.joules,
            "queue_seconds": queued,
            "lighteval_seconds": generated - started,
            "lighteval_times": times,
            "grading_seconds": finished - generated,
            "wall_seconds": queued + finished - started,
            "device_seconds": (queued + finished - started) * devices,
            "joules": None if joules is None else joules + (self.queue.joules or 0.0) * share,
            "peak_memory_bytes": peak_memory() or None,  # 0: engines in processes of their own
            "device": device_name(),
            "devices": devices,
            **self.model.engine.facts,
            **run_facts("evaluate"),
        }
        numbers = {**summary(rows), "lighteval": lighteval_part(results, benchmark)}
        return Evaluated(rows, numbers, lighteval, run)


class Used(NamedTuple):
    """Wall time and energy; the latter is None where no meter is."""

    seconds: float
    joules: float | None


def main() -> None:
    """Run the rule."""
    parser = job_arguments(__doc__)
    parser.add_argument("--cell", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--model-record", type=Path, required=True, help="training.json or model.json of the cell"
    )
    parser.add_argument(
        "--store", type=Path, required=True, help="folder that keeps finished tasks"
    )
    parser.add_argument(
        "--judges", type=int, default=1, help="processes that judge completions, side by side"
    )
    add_engine(parser)
    args = parser.parse_args()
    require_one_device(args.engine)
    run = planned_run(args, "evaluate", cell=args.cell, seed=args.seed)
    # read when LightEval is imported
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    parts = {name: run.part(name) for name in run.job.parts}
    settings = {name: part.settings | {"key": part.job.key} for name, part in parts.items()}
    config = run.study.config
    engine = EngineSettings(args.engine, config["vllm"])
    evaluate(
        args.cell,
        args.seed,
        args.model_record,
        {name: part.paths("problems")[0] for name, part in parts.items()},
        settings,
        args.store,
        run.root / "eval" / args.cell / f"seed-{args.seed}",
        engine,
        evaluation_gb(config["models"][model_of(args.cell)], next(iter(settings.values())), engine),
        {name: part.record() for name, part in parts.items()},
        args.judges,
        config["costs"]["tokens"]["benchmarks"],
    )


if __name__ == "__main__":
    main()
