"""The study's benchmarks as LightEval tasks, and LightEval's pipeline over them."""

import collections
import copy
import functools
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from lighteval.logging.evaluation_tracker import EvaluationTracker
from lighteval.models.abstract_model import LightevalModel
from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig
from lighteval.tasks.requests import Doc

from scripts.lib.data.prompts import Prompt, messages
from scripts.lib.evaluation.metric import Judging, sampled_extractive_match
from scripts.lib.grading.comparison import tolerance

# LightEval gives a task's version beside its score; raise it when a task's meaning changes.
TASK_VERSION = 1


def document(row: dict[str, Any], task_name: str, prompt: Prompt) -> Doc:
    """Turn a benchmark's row into LightEval's document; the system prompt is the model's part.

    LightEval knows no tolerance (`4.2 \\pm 0.1`): it is given the value alone.
    """
    gold = row["gold"]
    return Doc(
        task_name=task_name,
        query=messages(prompt, row["question"])[-1]["content"],
        choices=[gold.partition(r"\pm")[0].strip() if tolerance(gold) else gold],
        gold_index=0,
        specific={"problem": row["id"]},
    )


def task_config(benchmark: str, settings: dict[str, Any], judging: Judging) -> LightevalTaskConfig:
    """Return the LightEval task of a benchmark."""
    return LightevalTaskConfig(
        name=benchmark,
        prompt_function=functools.partial(document, prompt=settings["prompt"]),
        hf_repo=f"{benchmark}.jsonl",
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split="test",  # unused (no few-shot examples); unset, LightEval warns of it
        metrics=[sampled_extractive_match(settings["num_samples"], judging)],
        generation_size=settings["max_new_tokens"],
        version=TASK_VERSION,
    )


class BenchmarkTask(LightevalTask):
    """A LightEval task over rows already read, where LightEval would ask the hub."""

    def __init__(self, config: LightevalTaskConfig, rows: list[dict[str, Any]]):
        """Take the rows beside what LightEval asks for."""
        super().__init__(config)
        self.rows = rows

    @staticmethod
    def download_dataset_worker(task: "BenchmarkTask") -> dict[str, list[dict[str, Any]]]:
        """Return the benchmark's rows; LightEval writes into them, so they are copies."""
        return {"test": copy.deepcopy(task.rows)}


class BenchmarkPipeline(Pipeline):
    """LightEval's pipeline for one benchmark of the study.

    LightEval's registry imports every task that it ships with, and two of them go to the network
    when they are imported; so the one task is given here, not looked up by its name.
    """

    def _init_tasks_and_requests(self, tasks: BenchmarkTask) -> None:
        self.registry = None
        self.tasks_dict = {tasks.full_name: tasks}
        LightevalTask.load_datasets(self.tasks_dict)
        self.documents_dict = {tasks.full_name: tasks.get_docs()}
        self.sampling_docs = collections.defaultdict(list)
        for doc in self.documents_dict[tasks.full_name]:
            for method in doc.sampling_methods:
                self.sampling_docs[method].append(doc)
        self.evaluation_tracker.task_config_logger.log(self.tasks_dict)


def run_lighteval(
    model: LightevalModel,
    benchmark: str,
    rows: list[dict[str, Any]],
    settings: dict[str, Any],
    judging: Judging,
    folder: Path,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run LightEval's pipeline on one benchmark; return its results file and its details file."""
    pipeline = BenchmarkPipeline(
        tasks=BenchmarkTask(task_config(benchmark, settings, judging), rows),
        pipeline_parameters=PipelineParameters(launcher_type=ParallelismManager.NONE),
        evaluation_tracker=EvaluationTracker(output_dir=str(folder), save_details=True),
        model=model,
    )
    pipeline.evaluate()
    pipeline.save_and_push_results()
    results = json.loads(_only(folder, "results_*.json").read_text(encoding="utf-8"))
    details = pq.read_table(_only(folder, "details_*.parquet")).to_pylist()
    return results, details


def _only(folder: Path, pattern: str) -> Path:
    """Return the one file that LightEval wrote; its names hold a time, so they are looked up."""
    found = sorted(folder.rglob(pattern))
    if len(found) != 1:
        raise RuntimeError(f"LightEval wrote {len(found)} files {pattern}, not one")
    return found[0]
