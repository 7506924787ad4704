"""An evaluation as a log of Inspect (inspect_ai), written, counted and read back by that library.

A sample of the log is a problem, an epoch one completion of it. It has three scores: `grader`, this
study's lenient verdict, `grader_strict`, and `lighteval`, LightEval's own.
"""

import zipfile
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalError,
    EvalLog,
    EvalPlan,
    EvalPlanStep,
    EvalRevision,
    EvalSample,
    EvalSpec,
    read_eval_log,
    recompute_metrics,
    write_eval_log,
)
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score

from scripts.lib.aside import aside_of
from scripts.lib.evaluation.finished import Row
from scripts.lib.export.evaluated import Evaluated
from scripts.lib.show.completions import LIGHTEVAL, REASONS

# A score's name -> the number of the record that must be its mean.
SCORES = {
    "grader": "accuracy",
    "grader_strict": "strict_accuracy",
    "lighteval": "lighteval_accuracy",
}
METRICS = [{"name": "accuracy"}, {"name": "stderr"}]  # Inspect's own, over the problems
MODEL_ARGUMENTS = (
    "dtype",
    "max_model_length",
    "batch_size",
    "repetition_penalty",
    "chat_template_kwargs",
)
PAGE = (1980, 1, 1, 0, 0, 0)  # the time of every entry: a zip file's earliest


def to_log(evaluated: Evaluated) -> EvalLog:
    """Return an evaluation as Inspect's log; exit with an error if its counts differ from ours.

    A collapsed training makes a log with the status "error" and no samples.
    """
    log = EvalLog(
        status="success",
        eval=header(evaluated),
        plan=EvalPlan(
            steps=[EvalPlanStep(solver="generate", params=evaluated.record["settings"]["prompt"])],
            config=generation(evaluated),
        ),
        samples=[sample(evaluated, row) for row in evaluated.rows],
    )
    if not evaluated.rows:
        reason = f"{evaluated.record['status']}: {evaluated.record['reason']}"
        error = EvalError(message=reason, traceback="", traceback_ansi="")
        return log.model_copy(update={"status": "error", "error": error})
    recompute_metrics(log)
    assert log.results is not None
    for score in log.results.scores:
        expected, found = evaluated.record[SCORES[score.name]], score.metrics["accuracy"].value
        if abs(expected - found) > 1e-9:
            raise SystemExit(
                f"{evaluated.place.record}: {SCORES[score.name]} is {expected}, but the mean over "
                f"the completions beside it is {found}"
            )
    return log


def header(evaluated: Evaluated) -> EvalSpec:
    """Return what was evaluated: task, data, model, settings, versions, and our own facts."""
    place, record, run = evaluated.place, evaluated.record, evaluated.run
    settings, name = record["settings"], evaluated.identity.hex
    hub = evaluated.study.config["datasets"][evaluated.dataset].get("hub", {})
    commit = run.get("git_commit")
    return EvalSpec(
        eval_id=name,
        run_id=name,
        task_id=name,
        created=evaluated.moment.isoformat(),
        task=place.benchmark,
        task_display_name=f"{place.benchmark}, prompt {place.prompt}, seed {place.seed}",
        tags=[f"prompt {place.prompt}", f"seed {place.seed}"],
        task_version=0,
        task_args={
            "prompt": settings["prompt"],
            "num_samples": settings["num_samples"],
            "grader": settings["grader"],
        },
        dataset=EvalDataset(
            name=evaluated.dataset,
            location=hub.get("repo"),
            samples=record["problems"],
            sample_ids=list(dict.fromkeys(row["problem"] for row in evaluated.rows)),
            shuffled=False,
        ),
        model=evaluated.model_id,
        model_args={
            **{name: settings[name] for name in MODEL_ARGUMENTS},
            "engine": run.get("engine"),
            "weights": record["weights"],
        },
        model_generate_config=generation(evaluated),
        config=EvalConfig(epochs=record["samples"], epochs_reducer=["mean"]),
        revision=EvalRevision(type="git", origin="", commit=commit) if commit else None,
        packages=run.get("versions", {}),
        metadata=evaluated.facts(),
        scorers=[{"name": name, "metrics": METRICS} for name in SCORES],
    )


def generation(evaluated: Evaluated) -> GenerateConfig:
    """Return how completions were drawn."""
    settings = evaluated.record["settings"]
    return GenerateConfig(
        temperature=settings["temperature"],
        top_p=settings["top_p"],
        top_k=settings["top_k"],
        max_tokens=settings["max_new_tokens"],
        seed=settings["seed"],
    )


def sample(evaluated: Evaluated, row: Row) -> EvalSample:
    """Return one completion with its three scores; the prompt is the text that the model read."""
    name = f"{evaluated.identity.hex}-{row['problem']}-{row['sample']}"
    stop = "max_tokens" if row["finish_reason"] == "length" else "stop"
    usage = ModelUsage(output_tokens=row["tokens"], total_tokens=row["tokens"])
    asked = ChatMessageUser(id=f"{name}-user", content=row["prompt"], source="input")
    answer = ChatMessageAssistant(
        id=f"{name}-assistant",
        content=row["completion"],
        source="generate",
        model=evaluated.model_id,
    )
    return EvalSample(
        id=row["problem"],
        epoch=row["sample"] + 1,
        uuid=name,
        input=row["question"],
        target=row["gold"],
        messages=[asked, answer],
        output=ModelOutput(
            model=evaluated.model_id,
            choices=[ChatCompletionChoice(message=answer, stop_reason=stop)],
            usage=usage,
        ),
        model_usage={evaluated.model_id: usage},
        scores=scores(row),
        metadata={"finish_reason": row["finish_reason"], "tokens": row["tokens"]},
    )


def scores(row: Row) -> dict[str, Score]:
    """Return the verdicts on a completion, each with its reason."""
    ours, strict, lighteval = row["correct"], row["strict_correct"], row["lighteval_correct"]
    values = {True: CORRECT, False: INCORRECT, None: NOANSWER}
    return {
        "grader": Score(
            value=values[ours],
            answer=row["extracted"],
            explanation=REASONS.get(row["status"]),
            metadata={"status": row["status"]},
        ),
        "grader_strict": Score(
            value=values[strict],
            explanation=REASONS.get(row["strict_status"]),
            metadata={"status": row["strict_status"]},
        ),
        "lighteval": Score(value=values[lighteval], explanation=LIGHTEVAL[lighteval]),
    }


def write_log(log: EvalLog, path: Path) -> None:
    """Write a log as .eval, whole or not at all; equal logs are equal bytes.

    The library writes it. Its zip file holds the time of writing, so the entries are packed again
    with one fixed time. Then the library reads it back: raises ValueError if that is another log.
    """
    with aside_of(path) as aside:
        aside.mkdir()
        written, packed = aside / "written.eval", aside / "packed.eval"
        write_eval_log(log, written)
        with zipfile.ZipFile(written) as source, zipfile.ZipFile(packed, "w") as target:
            for name in sorted(source.namelist()):
                entry = zipfile.ZipInfo(name, PAGE)
                target.writestr(entry, source.read(name), zipfile.ZIP_DEFLATED)
        check_read(read_eval_log(packed), log)
        packed.replace(path)


def check_read(found: EvalLog, log: EvalLog) -> None:
    """Raise ValueError if a log that was read is not the one that was written."""

    def text(part: Any) -> Any:
        return part.model_dump(mode="json") if part is not None else None

    def samples(of: EvalLog) -> list[Any]:
        return [text(s) for s in sorted(of.samples or [], key=lambda s: (s.id, s.epoch))]

    same = text(found.eval) == text(log.eval) and text(found.results) == text(log.results)
    if not same or samples(found) != samples(log):
        raise ValueError(f"Inspect reads another log of {log.eval.task} than it wrote")
