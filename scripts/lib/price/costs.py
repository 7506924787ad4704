"""What a job costs before anything was measured: tokens, floating-point operations, start-up.

The model is small on purpose and every constant of it stands in the config under `costs`:

- training: a forward and backward pass takes as long as its kernels take to launch, or as its
  FLOPs at the device's peak x MFU, or a little more than either: the root of the sum of squares.
  N parameters cost 2N FLOPs per token forward and 4N backward, attention 4 x layers x width x
  length beside them; the reference policy of GRPO and DPO is one more forward, GKD's teacher one of
  its own size. LoRA saves the gradients of the frozen weights, and was as slow as full training
  (benchmarks/). What an optimiser step takes beside its passes is a constant.
- generation: a step of k sequences takes a fixed time, the time to read the weights, and a share
  per sequence, which reads its own context too; a sequence that never stops keeps the device busy,
  alone, up to the length limit: the tail.
- grading: what the job's workers have not judged yet when the last completion is there.
- start-up: imports, weights, engine; once per job.

Not in it: prefill, several GPUs per job, waiting in a queue.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.lib.dag.data import count_tokens, source_of
from scripts.lib.dag.evaluate import sizes_of
from scripts.lib.dag.jobs import Job
from scripts.lib.files import read_json
from scripts.lib.model.integrity import counted_parameters
from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.study.recipes import recipe_of
from scripts.lib.study.traces import (
    CONCURRENCY,
    definition_of,
    endpoint_of,
    keeps_one,
    teachers_of,
)
from scripts.lib.training.passes import TOKENS_PER_PASS

# Rules that use the device; the others take a moment of a CPU.
TRAININGS = ("train_sft", "train_grpo", "train_gkd", "train_dpo")
ON_DEVICE = ("build_model", "sample_traces", *TRAININGS, "evaluate")
FORWARD = 2  # FLOPs of a forward pass for each parameter and token
BYTES_HUB, BYTES_BUILT = 2, 4  # a parameter: bfloat16; a toy's float32
BYTES_RESUME = 3 * (4 + 8)  # a parameter: weights and AdamW's moments, two kept, one being written
START_UP = "start-up"
PADDING = 1.15  # padded over real tokens of a step that is split by length (training/passes.py)
COPIES_OF_EVALUATION = 2  # results/ and evaluations/


@dataclass(frozen=True)
class Examples:
    """The size of a training set: its examples, and mean tokens of prompt and completion."""

    rows: int
    prompt: float
    completion: float


@dataclass(frozen=True, eq=False)
class Costs:
    """The cost model of a study, for one share of completions that never stop."""

    study: Study
    never_stop: float
    results: Path  # whose token statistics replace the assumed ones
    tokens_per_pass: Mapping[str, int] = field(default_factory=dict)  # of a cell's training

    @property
    def device(self) -> dict[str, Any]:
        """Return the constants of the device that the study is planned for."""
        costs = self.study.config["costs"]
        return costs["devices"][costs["device"]]

    def seconds(self, job: Job) -> float:
        """Return the wall time of a job in seconds, on one device."""
        return sum(self.parts(job).values())

    def parts(self, job: Job) -> dict[str, float]:
        """Return what a job's wall time is spent on, in seconds on one device."""
        startup = self.device["seconds"].get(job.rule, self.device["seconds"]["other"])
        work: dict[str, Callable[..., dict[str, float]]] = {
            "fetch_model": self._fetch_model,
            "fetch_dataset": self._fetch_dataset,
            "build_model": self._build_model,
            "sample_traces": self._sample_traces,
            "fetch_traces": self._fetch_traces,
            "train_sft": self._train_sft,
            "train_grpo": self._train_grpo,
            "train_gkd": self._train_gkd,
            "train_dpo": self._train_dpo,
            "evaluate": self._evaluate,
        }
        return {START_UP: startup} | (work[job.rule](**job.wildcards) if job.rule in work else {})

    # ---------------------------------------------------------------------------------- devices

    def compute_seconds(self, flops: float) -> float:
        """Return the time of so many floating-point operations in training, in seconds."""
        return flops / (self.device["flops"] * self.device["mfu"])

    def update_seconds(
        self, cell: str, recipe: dict[str, Any], sequences: float, length: float
    ) -> float:
        """Return the time of an optimiser step of sequences of a mean length in tokens."""
        parameters = self.parameters(model_of(cell))
        width = self.study.config["costs"]["layers_x_width"] * parameters
        full = {name: value for name, value in recipe.items() if name != "lora"}
        again = 2 if recipe.get("gradient_checkpointing") else 0
        # Attention makes two products of `width` with the length / 2 tokens before each.
        per_token = (flops_per_token(full) + again) * (parameters + width * length)
        tokens = PADDING * sequences * length
        passes = round(tokens / self.tokens_per_pass.get(cell, TOKENS_PER_PASS)) or 1
        computing = self.compute_seconds(tokens * per_token) / passes
        launching = self.device["micro_step_seconds"]
        return passes * math.hypot(computing, launching) + self.device["step_seconds"]

    def generation_seconds(
        self, model: str, sequences: int, length: float, limit: int
    ) -> tuple[float, float]:
        """Return the time to generate sequences of a mean length up to a limit (both in tokens).

        The second number is the tail: how long the last ones keep the device when all others ended.
        """
        device, parameters = self.device, self.parameters(model)
        at_once = min(sequences, device["decode_sequences"])
        step = device["decode_step_seconds"] + 2 * parameters / device["memory_bandwidth"]
        each = device["decode_sequence_seconds"] + self.compute_seconds(2 * parameters)
        mean = self.mean_length(length, limit)
        tokens = sequences * mean * (step / at_once + each)
        # Token t reads the t tokens before it: a half of the length's square a sequence.
        squares = (1 - self.never_stop) * min(length, limit) ** 2 + self.never_stop * limit**2
        context = sequences * squares / 2 * self.cache_bytes_per_token(model)
        tail = (limit - mean) * (step + each) if self.never_stop else 0.0
        return tokens + context / device["memory_bandwidth"], tail

    def mean_length(self, length: float, limit: int) -> float:
        """Return the mean length in tokens with those that never stop before the limit."""
        return (1 - self.never_stop) * min(length, limit) + self.never_stop * limit

    # ------------------------------------------------------------------------------------- jobs

    def _fetch_model(self, model: str) -> dict[str, float]:
        return {"downloads": self.download_bytes(model) / self.device["download_bytes_per_second"]}

    def _fetch_dataset(self, dataset: str) -> dict[str, float]:
        here = "file" in source_of(self.study, dataset)
        size = 0 if here else self.study.config["costs"]["bytes"]["dataset"]
        return {"downloads": size / self.device["download_bytes_per_second"]}

    def _build_model(self, model: str) -> dict[str, float]:
        build = self.study.config["models"][model]["build"]
        documents = build["max_steps"] * build["per_device_train_batch_size"]
        tokens = documents * self._assumed("documents", model)
        return {"toys": self.compute_seconds(6 * self.parameters(model) * tokens)}

    def _sample_traces(self, dataset: str) -> dict[str, float]:
        distill = definition_of(self.study.config, dataset)["distill"]
        generation, tail = self.generation_seconds(
            model_of(distill["teacher"]),
            distill["num_problems"] * distill["num_samples"],
            self.completion_length(distill["teacher"]),
            distill["max_new_tokens"],
        )
        return {"traces": generation, "tails of traces": tail}

    def _fetch_traces(self, dataset: str) -> dict[str, float]:
        asked = self.asked_of_endpoint(dataset)
        speed = self.study.config["costs"]["endpoint_tokens_per_second"]
        answers = self._endpoint(dataset).get("concurrency", CONCURRENCY)
        return {"traces": asked["completion"] / (speed * answers)}

    def asked_of_endpoint(self, dataset: str) -> dict[str, float]:
        """Return the completions that an endpoint is asked for, and the tokens read and written."""
        definition = definition_of(self.study.config, dataset)
        distill, (teacher,) = definition["distill"], teachers_of(definition)
        completions = distill["num_problems"] * distill["num_samples"]
        length = min(self.completion_length(teacher), distill["max_new_tokens"])
        prompt = self._assumed("examples", dataset.partition("/")[0])["prompt"]
        return {
            "completions": completions,
            "prompt": completions * prompt,
            "completion": completions * length,
        }

    def endpoint_price(self, dataset: str) -> tuple[float, str] | None:
        """Return what an endpoint's traces cost, and in which currency; None without its prices."""
        if not (prices := self._endpoint(dataset).get("prices")):
            return None
        asked = self.asked_of_endpoint(dataset)
        cost = sum(asked[kind] * prices[kind] for kind in ("prompt", "completion")) / 1e6
        return cost, prices["currency"]

    def _endpoint(self, dataset: str) -> dict[str, Any]:
        (teacher,) = teachers_of(definition_of(self.study.config, dataset))
        return endpoint_of(self.study.config, teacher) or {}

    def _train_sft(self, cell: str, seed: int) -> dict[str, float]:
        recipe, examples = self._stage(cell)
        length = min(examples.prompt + examples.completion, recipe["max_length"])
        update = self.update_seconds(cell, recipe, recipe["global_batch_size"], length)
        return {"SFT and KD": self.steps(recipe, examples) * update}

    def _train_grpo(self, cell: str, seed: int) -> dict[str, float]:
        recipe, examples = self._stage(cell)
        model, batch = model_of(cell), recipe["global_batch_size"]
        limit, steps = recipe["max_completion_length"], self.steps(recipe, examples)
        before = self.completion_length(cell.rpartition("+")[0])
        rollout, tail = self.generation_seconds(model, batch, before, limit)
        length = examples.prompt + self.mean_length(before, limit)
        generations = steps / recipe.get("num_iterations", 1)
        return {
            "RL updates": steps * self.update_seconds(cell, recipe, batch, length),
            "RL rollouts": generations * rollout,
            "tails of rollouts": generations * tail,
        }

    def _train_gkd(self, cell: str, seed: int) -> dict[str, float]:
        recipe, examples = self._stage(cell)
        model, batch = model_of(cell), recipe["global_batch_size"]
        limit, steps = recipe["max_completion_length"], self.steps(recipe, examples)
        before = self.completion_length(cell.rpartition("+")[0])
        answers, tail = self.generation_seconds(model, batch, before, limit)
        length = examples.prompt + self.mean_length(before, limit)
        # Its `beta` is no reference policy's weight; the teacher is one more forward pass.
        own = {name: value for name, value in recipe.items() if name != "beta"}
        teacher = self.parameters(model_of(self.study.teacher_of(stages_of(cell)[-1])))
        update = self.update_seconds(cell, own, batch, length)
        update += self.compute_seconds(PADDING * batch * length * FORWARD * teacher)
        return {
            "GKD updates": steps * update,
            "GKD answers": steps * answers,
            "tails of answers": steps * tail,
        }

    def _train_dpo(self, cell: str, seed: int) -> dict[str, float]:
        recipe, examples = self._stage(cell)
        length = min(examples.prompt + examples.completion, recipe["max_length"])
        update = self.update_seconds(cell, recipe, 2 * recipe["global_batch_size"], length)
        return {"DPO": self.steps(recipe, examples) * update}

    def _evaluate(self, cell: str, seed: int) -> dict[str, float]:
        model, limit = model_of(cell), self.evaluation_limit(cell)
        parts = [
            self.generation_seconds(
                model,
                self.completions(task),
                self.benchmark_length(cell, task),
                min(limit, sizes_of(self.study, task)["max_new_tokens"]),
            )
            for task in self.study.tasks_of(cell)
        ]
        # All tasks are one queue of vLLM's: the device waits for the last completion once.
        generation, tail = sum(part[0] for part in parts), max(part[1] for part in parts)
        grading = self.device["grading_seconds"] * sum(
            self.completions(task) for task in self.study.tasks_of(cell)
        )
        return {
            "evaluation": generation,
            "tails of evaluation": tail,
            "grading after generation": max(0.0, grading - generation - tail),
        }

    # ------------------------------------------------------------------- what the study is made of

    def parameters(self, model: str) -> int:
        """Return a model's number of parameters: the config's, or counted in its local folder.

        Raises SystemExit if it has neither.
        """
        definition = self.study.config["models"][model]
        if "parameters" not in definition and "path" in definition:
            return counted_parameters(Path(definition["path"]), f"models.{model}.path")
        if "parameters" not in definition:
            raise SystemExit(
                f"models.{model}.parameters: not given, so `plan` cannot price it; add its number "
                "of parameters, for example 494032768"
            )
        return definition["parameters"]

    def cache_bytes_per_token(self, model: str) -> float:
        """Return what keys and values of a token of context take."""
        assumed = self.study.config["costs"]["bytes"]["context_token"]
        return self.study.config["models"][model].get("cache_bytes_per_token", assumed)

    def _assumed(self, kind: str, name: str) -> Any:
        assumed = self.study.config["costs"]["tokens"][kind]
        if name not in assumed:
            raise SystemExit(
                f"costs.tokens.{kind}.{name}: not given, so `plan` cannot price what uses {name}; "
                "add an estimate (config.schema.yaml says of what)"
            )
        return assumed[name]

    def _stage(self, cell: str) -> tuple[dict[str, Any], Examples]:
        stage = stages_of(cell)[-1]
        data = self.study.config["stages"][stage]["data"]
        return recipe_of(self.study, stage), self.examples(data, model_of(cell))

    def steps_of(self, job: Job) -> int:
        """Return the optimiser steps of a training job."""
        return self.steps(*self._stage(str(job.wildcards["cell"])))

    def steps(self, recipe: dict[str, Any], examples: Examples) -> int:
        """Return the optimiser steps of a training."""
        if recipe.get("max_steps", 0) > 0:
            return recipe["max_steps"]
        sequences = examples.rows * recipe.get("num_generations", 1)
        epochs = recipe["num_train_epochs"] * recipe.get("num_iterations", 1)
        return math.ceil(epochs * sequences / recipe["global_batch_size"])

    def examples(self, dataset: str, model: str) -> Examples:
        """Return a training set's size: as `count_tokens` measured it, else as assumed."""
        if measured := measured_examples(self.study, self.results, dataset, model):
            return measured
        assumed = self._assumed("examples", dataset)
        rows = assumed.get("rows", self.rows(dataset))
        prompt, completion = assumed["prompt"], assumed["completion"]
        return Examples(rows, prompt, completion)

    def rows(self, dataset: str) -> int:
        """Return the rows that a data set's source gives."""
        definition = self.study.config["datasets"][dataset]
        if "generate" in definition:
            return definition["generate"]["rows"]
        if teachers := teachers_of(definition):
            distill = definition["distill"]
            samples = len(teachers) * distill["num_samples"]
            return distill["num_problems"] * (1 if keeps_one(definition) else samples)
        source = source_of(self.study, dataset)
        if "rows" in source:
            return source["rows"]
        if "file" in source:
            return rows_of_file(Path(source["file"]))
        if "problems" in definition:
            return self.rows(definition["problems"])
        raise SystemExit(
            f"datasets.{dataset}.hub.rows: not given, so `plan` cannot price what uses {dataset}; "
            "add the number of its rows"
        )

    def completion_length(self, cell: str) -> float:
        """Return the mean tokens that a cell writes on a training problem, if it stops.

        Its last SFT stage taught it the length of its examples; RL keeps the style it finds.
        """
        for stage in reversed(stages_of(cell)):
            definition = self.study.config["stages"][stage]
            if definition["trainer"] == "sft":
                return self.examples(definition["data"], model_of(cell)).completion
        assumed = self.study.config["costs"]["tokens"]["completions"]
        return assumed.get(model_of(cell), assumed["untrained"])

    def benchmark_length(self, cell: str, task: str) -> float:
        """Return the mean tokens that a cell writes on a benchmark's problem, if it stops."""
        _, benchmark = self.study.prompt_and_benchmark(task)
        factors = self.study.config["costs"]["tokens"]["benchmarks"]
        return self.completion_length(cell) * factors.get(benchmark, 1.0)

    def completions(self, task: str) -> int:
        """Return the completions that one evaluation of a task samples."""
        _, benchmark = self.study.prompt_and_benchmark(task)
        rows = self.rows(self.study.config["benchmarks"][benchmark]["dataset"])
        return rows * sizes_of(self.study, task)["num_samples"]

    def evaluation_limit(self, cell: str) -> int:
        """Return the longest completion of an evaluation in tokens."""
        limits = [
            self.study.config["evaluation"][n] for n in ("max_new_tokens", "max_model_length")
        ]
        model = self.study.config["models"][model_of(cell)]
        return min([*limits, model.get("max_model_length", math.inf)])

    # ------------------------------------------------------------------------------------ bytes

    def download_bytes(self, model: str) -> int:
        """Return what a model's download takes; nothing for a local or a built one."""
        repo = "repo" in self.study.config["models"][model]
        return BYTES_HUB * self.parameters(model) if repo else 0

    def kept_bytes(self, job: Job) -> float:
        """Return what a job leaves on the disk for good: checkpoints and completions."""
        if job.rule in ("build_model", *TRAININGS):
            model = str(job.wildcards.get("model") or model_of(str(job.wildcards["cell"])))
            built = "build" in self.study.config["models"][model]
            return (BYTES_BUILT if built else BYTES_HUB) * self.parameters(model)
        if job.rule == "evaluate":
            cell = str(job.wildcards["cell"])
            limit = self.evaluation_limit(cell)
            tokens = sum(
                self.completions(task) * self.mean_length(self.benchmark_length(cell, task), limit)
                for task in self.study.tasks_of(cell)
            )
            return COPIES_OF_EVALUATION * tokens * self.study.config["costs"]["bytes"]["token"]
        return 0

    def resume_bytes(self, job: Job) -> float:
        """Return what a training holds in checkpoints/ while it runs; LoRA's is next to nothing."""
        if job.rule not in TRAININGS:
            return 0
        cell = str(job.wildcards["cell"])
        recipe, _ = self._stage(cell)
        return 0 if "lora" in recipe else BYTES_RESUME * self.parameters(model_of(cell))


@functools.cache
def rows_of_file(file: Path) -> int:
    """Return how many rows a user's own data file has, by its name's ending."""
    import pandas as pd

    form = re.sub(r"\.(gz|bz2|xz)$", "", file.name.lower()).rpartition(".")[2]
    lines = {"lines": form in ("jsonl", "ndjson")}
    read = {"csv": pd.read_csv, "tsv": pd.read_table, "parquet": pd.read_parquet}
    try:
        count = len(read[form](file) if form in read else pd.read_json(file, **lines))
    except Exception as error:  # whatever a broken file makes pandas raise
        raise SystemExit(f"{file}: its rows cannot be counted: {error}") from None
    if not count:
        raise SystemExit(f"{file}: holds no rows")
    return count


def measured_examples(study: Study, results: Path, dataset: str, model: str) -> Examples | None:
    """Return a training set's size by its token statistics, if they are those that are planned."""
    path = results / study.name / "data" / dataset / "tokens" / f"{model}.json"
    if not path.exists():
        return None
    found = read_json(path)
    if found["key"] != count_tokens(study, dataset=dataset, model=model).key:
        return None
    means = (found[part]["mean"] for part in ("prompt", "completion"))
    return Examples(found["completion"]["count"], *means)


def flops_per_token(recipe: dict[str, Any]) -> int:
    """Return the FLOPs that a recipe spends on a token of training, for each parameter.

    >>> flops_per_token({}), flops_per_token({"lora": {}}), flops_per_token({"beta": 0.04})
    (6, 4, 8)
    """
    update = 4 if "lora" in recipe else 6
    reference = FORWARD if recipe.get("beta") else 0
    old_policy = 2 if recipe.get("num_iterations", 1) > 1 else 0
    return update + reference + old_policy
