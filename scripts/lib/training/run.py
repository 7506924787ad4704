"""One training from its parent's record to its own: resume, collapse, publication.

What differs between the methods is the function that builds the trainer; everything here holds for
all. A collapse is a result: it is written down and the study goes on.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.lib.console import report
from scripts.lib.disk import refused_at
from scripts.lib.engines.start import EngineSettings
from scripts.lib.files import (
    digest_files,
    folder_made_whole,
    read_json,
    read_jsonl,
    sha256_of,
    write_json,
    write_jsonl,
)
from scripts.lib.machine.devices import device_name, torch_device
from scripts.lib.machine.energy import EnergyMeter, job_meter
from scripts.lib.machine.imports import quick_imports
from scripts.lib.machine.usage import Clock, peak_memory
from scripts.lib.model.weights import checkpoint_of, weights_digest
from scripts.lib.provenance import run_facts
from scripts.lib.training import collapse
from scripts.lib.training.passes import TOKENS_PER_PASS, batch_of_process
from scripts.lib.training.preemption import SLOW_DISK, Preemption, leave
from scripts.lib.training.processes import (
    check_trainer,
    keep_float32_weights,
    main_process,
    processes,
)
from scripts.lib.training.recipes import check_devices
from scripts.lib.training.resume import (
    KEPT_CHECKPOINTS,
    check_resume,
    check_space,
    checkpoint_bytes,
    last_checkpoint,
    locked,
    remove_torn,
    tidy,
)
from scripts.lib.training.rollout_sample import Rollout, rollouts_of

ROLLOUTS = "rollouts.jsonl"  # beside the record, where the trainer generates


@dataclass(frozen=True)
class Training:
    """A planned training and its files."""

    rule: str
    key: str
    cell: str
    settings: dict[str, Any]
    parent: Path
    examples: Path
    checkpoints: Path
    output: Path
    tokens_per_pass: int = TOKENS_PER_PASS
    runtime: float = 0.0  # minutes that the job has; 0: no limit
    engine: EngineSettings = field(default_factory=EngineSettings)  # for what is sampled
    vouched: dict[str, Any] = field(default_factory=dict)  # what every job's record holds
    teacher: Path | None = None  # the record of the model that a distillation on-policy asks

    @property
    def name(self) -> str:
        """Return how the run is called in progress lines."""
        return f"{self.rule} {self.cell} seed-{self.settings['seed']}"

    @property
    def identity(self) -> str:
        """Return the digest of what a resume must find unchanged.

        It is the key, the parent's and the teacher's weights, the examples, how many tokens a pass
        may have, and what generates: one run rounds and draws in one way from its first step to its
        last.
        """
        parent = weights_digest(read_json(self.parent))
        facts = f"{self.key} {parent} {sha256_of(self.examples)} {self.tokens_per_pass}"
        facts += f" {self.engine.name} {sorted(self.vouched.get('engines', {}).items())}"
        if self.teacher:
            facts += f" {weights_digest(read_json(self.teacher))}"
        return hashlib.sha256(facts.encode()).hexdigest()

    @property
    def who(self) -> dict[str, Any]:
        """Return what the record calls the run: its cell is its parent's and the stage."""
        parent, _, stage = self.cell.rpartition("+")
        seed = self.settings["seed"]
        return {"cell": self.cell, "stage": stage, "parent": parent, "seed": seed}


@dataclass(frozen=True)
class Inputs:
    """What a trainer is built from."""

    settings: dict[str, Any]
    parent: Path
    examples: list[dict[str, Any]]
    work: Path
    watch: Any
    tokens_per_pass: int = TOKENS_PER_PASS
    engine: EngineSettings = field(default_factory=EngineSettings)
    teacher: Path | None = None  # the checkpoint of a distillation's teacher


Builder = Callable[[Inputs], tuple[Any, dict[str, int]]]


def train(training: Training, build: Builder) -> None:
    """Run a training to its record; `build` returns the trainer and counts of the examples."""
    started = time.monotonic()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parent = checkpoint_of(training.parent)
    if parent is None:
        end_without("parent", training.parent, training)
        return
    teacher = checkpoint_of(training.teacher) if training.teacher else None
    if training.teacher and teacher is None:
        end_without("teacher", training.teacher, training)
        return
    batch_of_process(training.settings["recipe"]["global_batch_size"], processes())
    seed = training.settings["seed"]
    preemption = Preemption(training.name, training.runtime, started)
    with preemption, locked(training.checkpoints) if main_process() else nullcontext():
        work = training.checkpoints / training.identity
        if main_process():
            tidy(work, training.rule, training.key, cell=training.cell, seed=seed)
        # One process reads the counters of all devices.
        meter = job_meter() if main_process() else EnergyMeter([])
        clock = Clock(work / "clock.jsonl", started, meter)
        try:
            with refused_at(work):
                train_from(parent, teacher, training, build, work, clock, preemption)
        except OSError:  # a full disk is not left fuller
            if main_process():
                remove_torn(work)
            raise
        if main_process():
            shutil.rmtree(work)


def end_without(name: str, record: Path, training: Training) -> None:
    """Write the record of a training that cannot start, because its parent or teacher collapsed."""
    reason = f"the {name} collapsed: {read_json(record)['reason']}"
    finish(training, {"status": "collapsed", "reason": reason, "steps": 0, "files": {}})


def train_from(
    parent: Path,
    teacher: Path | None,
    training: Training,
    build: Builder,
    work: Path,
    clock: Clock,
    preemption: Preemption,
) -> None:
    """Train from the last whole checkpoint, or from the parent, and publish what came of it."""
    with quick_imports(without="sklearn"):
        import torch
        from transformers.utils.logging import disable_progress_bar

        from scripts.lib.training.progress import Progress
        from scripts.lib.training.watch import Watch

    check_devices(torch.cuda.device_count() if torch_device() == "cuda" else 0)
    disable_progress_bar()
    examples = read_jsonl(training.examples)
    if not examples:
        raise SystemExit(f"{training.examples}: holds no example to train on")
    watch = Watch(clock, preemption)
    machine = (training.tokens_per_pass, training.engine, teacher)
    trainer, counts = build(Inputs(training.settings, parent, examples, work, watch, *machine))
    trainer.add_callback(Progress(training.name))
    strategy = check_trainer(trainer, training.settings["recipe"]["global_batch_size"])
    present = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
    keep_float32_weights(trainer)
    checkpoint = checkpoint_bytes(trainer.model, strategy)
    check_space(work, (KEPT_CHECKPOINTS + 1) * checkpoint - present, "its checkpoints")
    preemption.saving = checkpoint / SLOW_DISK
    resume = last_checkpoint(work)
    if resume:
        check_resume(resume, strategy, processes())
    history, failure = run_trainer(trainer, resume)
    verdict = collapse.found(history) or failure
    steps = collapse.steps_of(history)
    record: dict[str, Any] = {"status": "ok", "reason": None, "files": {}}
    if watch.makes_room and not verdict:
        leave(training.name, preemption.reason, f"step {trainer.state.global_step}")
    if not main_process():
        return
    if not trainer.state.global_step:
        raise SystemExit(
            f"{training.name}: it trained 0 steps, so that its weights would be its parent's: "
            f"{counts.get('used')} examples, global_batch_size "
            f"{training.settings['recipe']['global_batch_size']}; check `data`, `max_steps` and "
            "`num_train_epochs`"
        )
    if verdict:
        record |= {"status": "collapsed"} | verdict
    else:
        record |= publish(training, trainer, parent)
    clock.tick(peak_memory())
    finish(
        training,
        record
        | {
            "steps": trainer.state.global_step,
            "parent_weights": weights_digest(read_json(training.parent)),
            "examples": counts,
            "vocabulary": trainer.model.config.get_text_config().vocab_size,
            "tokens_per_pass": training.tokens_per_pass,
            "tokens": int(trainer.state.num_input_tokens_seen),
            "metrics": collapse.printable([collapse.short(steps[-1])])[0] if steps else {},
            "log": collapse.printable([collapse.short(entry) for entry in steps]),
            "wall_seconds": round(clock.seconds, 3),
            "device_seconds": round(clock.seconds * processes(), 3),
            "joules": None if clock.joules is None else round(clock.joules, 3),
            "peak_memory_bytes": clock.peak,
            "distributed": strategy,
            "engine": training.engine.name,
            "processes": processes(),
            "starts": clock.starts,
            "device": device_name(),
        },
        rollouts_of(history),
    )


def run_trainer(
    trainer: Any, resume: Path | None
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Train to the end; return the log of all steps and what stopped the sampling, if anything."""
    from transformers import PrinterCallback, TrainerState

    trainer.remove_callback(PrinterCallback)
    if resume:
        state = TrainerState.load_from_json(str(resume / "trainer_state.json"))
        if state.global_step >= state.max_steps:
            # Killed between the last step and publication. Trainer would train one step more.
            trainer._load_from_checkpoint(str(resume))
            trainer.state = state
            return state.log_history, None
    try:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    except RuntimeError as error:
        # Weights that a step blew up show first where the next rollout samples from them. One of
        # several processes cannot end alone: the others would wait for it.
        if "probability tensor contains" not in str(error) or processes() > 1:
            raise
        return trainer.state.log_history, {
            "reason": "the model's probabilities were no finite numbers after step "
            f"{trainer.state.global_step}",
            "evidence": [str(error)],
        }
    return trainer.state.log_history, None


def publish(training: Training, trainer: Any, parent: Path) -> dict[str, Any]:
    """Put the trained checkpoint (merged, where LoRA was trained) beside the record to come."""
    from scripts.lib.model.checkpoints import save_adapter, save_checkpoint

    facts: dict[str, Any] = {}
    shutil.rmtree(training.output.parent / "adapter", ignore_errors=True)  # of an older recipe
    folder, model = training.output.parent, trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload"):
        with folder_made_whole(folder / "adapter") as aside:
            save_adapter(model, training.who["parent"], aside)
            facts["adapter_files"] = digest_files(aside)
        model = model.merge_and_unload()
    # Beside its place: checkpoints/ may be another disk.
    with folder_made_whole(folder / "checkpoint") as aside:
        save_checkpoint(model, parent, aside)
        facts["files"] = digest_files(aside)
    return facts


def finish(training: Training, record: dict[str, Any], rollouts: Sequence[Rollout] = ()) -> None:
    """Write the record, after everything that it vouches for: a sample of GRPO's rollouts too."""
    if not main_process():
        return
    if record["status"] == "collapsed":
        for name in ("checkpoint", "adapter"):
            shutil.rmtree(training.output.parent / name, ignore_errors=True)
    beside = {}
    if training.rule == "train_grpo":
        write_jsonl(training.output.with_name(ROLLOUTS), list(rollouts))
        beside[ROLLOUTS] = sha256_of(training.output.with_name(ROLLOUTS))
    nothing = {
        "evidence": [],
        "adapter_files": {},
        "sample_files": beside,
        "wall_seconds": 0.0,
        "device_seconds": 0.0,
        "joules": 0.0,
        "peak_memory_bytes": 0,
    }
    job = {"key": training.key, "config": training.settings} | training.vouched
    write_json(training.output, nothing | run_facts(training.rule) | record | training.who | job)
    end = record["reason"] or f"done after {record['steps']} steps"
    report(f"{training.name}: {end}")
