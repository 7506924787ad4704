"""The parts of a card that the hub reads: metadata, and results in its older and its present form.

The older form is the card's `model-index`. The present one is `.eval_results/*.yaml`, a file per
benchmark, which the hub joins with the benchmark's own repository; so there is none for a data set
that is not on the hub.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import (
    DatasetCardData,
    EvalResult,
    EvalResultEntry,
    ModelCardData,
    eval_result_entries_to_yaml,
    parse_eval_result_entries,
)

Record = dict[str, Any]

METRICS = {  # number of a row: what it is called
    "accuracy": "accuracy by this study's grader, lenient",
    "strict_accuracy": "accuracy by this study's grader, strict",
    "lighteval_accuracy": "accuracy by LightEval's extractive match",
}
UNKNOWN = "unknown"  # what the hub calls a licence that nobody has said
SIZES = {1e3: "n<1K", 1e4: "1K<n<10K", 1e5: "10K<n<100K", 1e6: "100K<n<1M", 1e7: "1M<n<10M"}


def percent(share: float) -> float:
    """Return a fraction in percent, as the hub's leaderboards have it."""
    return round(100 * share, 2)


def model_data(settings: Record, rows: Sequence[Record], adapter: bool) -> ModelCardData:
    """Return a model card's metadata; `rows` are its results under the tables' prompt."""
    root, stages = settings["root"], settings["stages"]
    hubs = [stage["hub"]["repo"] for stage in stages if stage["hub"]]
    tags = ["srlm-study", "math", *(stage["trainer"] for stage in stages)]
    return ModelCardData(
        language="en",
        license=root["license"] or UNKNOWN,
        library_name="transformers",
        pipeline_tag="text-generation",
        base_model=root["repo"],
        base_model_relation="finetune" if root["repo"] else None,
        datasets=list(dict.fromkeys(hubs)) or None,
        metrics=["accuracy"],
        tags=[*tags, "trl", *(["lora"] if adapter else [])],
        model_name=settings["cell"],
        eval_results=eval_results(settings, rows) or None,
    )


def eval_results(settings: Record, rows: Sequence[Record]) -> list[EvalResult]:
    """Return the results as the card's `model-index`: each benchmark under each verdict."""
    of_name = {of["name"]: of for of in settings["benchmarks"]}
    found = []
    for row in rows:
        source = of_name[row["benchmark"]]
        hub = source["hub"] or {}
        arguments = {"prompt": settings["main_prompt"], "samples_per_problem": row["samples"]}
        if row["interval"]:
            arguments["interval"] = [percent(end) for end in row["interval"]]
        for name, metric in METRICS.items():
            if row[name] is not None:
                found.append(
                    EvalResult(
                        task_type="text-generation",
                        dataset_type=hub.get("repo") or source["dataset"],
                        dataset_name=source["label"],
                        dataset_config=hub.get("subset"),
                        dataset_split=hub.get("split"),
                        dataset_revision=hub.get("revision"),
                        metric_type="accuracy",
                        metric_name=metric,
                        metric_value=percent(row[name]),
                        metric_args=arguments if name == "accuracy" else None,
                    )
                )
    return found


def eval_files(settings: Record, rows: Sequence[Record], date: str) -> dict[str, list[Record]]:
    """Return {benchmark: content of its file in .eval_results/}, read back by the hub's library.

    `date` is when the evaluation finished, ISO 8601.
    """
    of_name = {of["name"]: of for of in settings["benchmarks"]}
    files = {}
    for row in rows:
        source = of_name[row["benchmark"]]
        if source["hub"] is None or row["accuracy"] is None:
            continue
        low, high = (percent(end) for end in row["interval"])
        entry = EvalResultEntry(
            dataset_id=source["hub"]["repo"],
            task_id=source["task_id"] or source["hub"]["subset"] or "default",
            value=percent(row["accuracy"]),
            dataset_revision=source["hub"]["revision"],
            date=date,
            notes=f"avg@{row['samples']}, prompt {settings['main_prompt']}; 95% interval {low} to "
            f"{high}; strict {percent(row['strict_accuracy'])}; by LightEval's extractive match "
            f"{percent(row['lighteval_accuracy'])}",
        )
        content = eval_result_entries_to_yaml([entry])
        if parse_eval_result_entries(content) != [entry]:
            raise ValueError(f"{row['benchmark']}: huggingface_hub reads another result: {content}")
        files[row["benchmark"]] = content
    return files


def dataset_data(settings: Record, completions: int) -> DatasetCardData:
    """Return the data card's metadata: a configuration per benchmark, and the scores."""
    licences = {of["license"] or UNKNOWN for of in settings["benchmarks"]}
    configs = [
        {"config_name": of["name"], "data_files": f"completions/{of['name']}/*.parquet"}
        for of in settings["benchmarks"]
    ]
    scores = {"config_name": "scores", "data_files": "scores.csv"}
    return DatasetCardData(
        language=["en"],
        license=sorted(licences),
        pretty_name=f"Results of the study {settings['study']}",
        size_categories=[size_category(completions)],
        task_categories=["text-generation"],
        tags=["srlm-study", "evaluation", "math"],
        configs=[*configs, scores],
    )


def unknown_licences(licences: Mapping[str, str | None]) -> list[str]:
    """Return the models and data sets, {name: licence}, of which the config has no licence.

    >>> unknown_licences({"a": "mit", "b": None})
    ['b']
    """
    return [name for name, licence in licences.items() if licence is None]


def size_category(rows: int) -> str:
    """Return how the hub calls a number of rows.

    >>> size_category(1500)
    '1K<n<10K'
    """
    return next((name for limit, name in SIZES.items() if rows < limit), "10M<n<100M")
