"""An evaluation as records of Every Eval Ever: one JSON file, and JSON lines with every completion.

The library of that name needs a newer Python than this study. So its two JSON schemas, version
0.3.0, stand in schemas/ as they are published, and every record is checked against them.
"""

import functools
import hashlib
import json
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from jsonschema import ValidationError
from jsonschema.validators import validator_for

from scripts.lib.evaluation.finished import Row
from scripts.lib.export.evaluated import Evaluated, Record
from scripts.lib.files import read_json, write_json, write_text
from scripts.lib.show.problems import group
from scripts.lib.study.cells import stages_of

SCHEMAS = Path(__file__).parent / "schemas"
VERSION = "0.3.0"


class Metric(NamedTuple):
    """A verdict: its name, its column of the completions, its number in the record, its meaning."""

    name: str
    column: str
    number: str
    meaning: str
    instances: bool  # whether every completion has a record of it


METRICS = (
    Metric("accuracy", "correct", "accuracy", "this study's grader, lenient", True),
    Metric("strict_accuracy", "strict_correct", "strict_accuracy", "its strict mode", False),
    Metric(
        "extractive_match",
        "lighteval_correct",
        "lighteval_accuracy",
        "LightEval's own verdict; where it came to none, the completion counts as wrong",
        True,
    ),
)


class Records(NamedTuple):
    """The two files of an evaluation, below the output folder, and what they hold."""

    path: Path
    aggregate: Record
    samples: list[Record]

    @property
    def samples_path(self) -> Path:
        """Return where the records of the completions belong."""
        return self.path.with_name(f"{self.path.stem}_samples.jsonl")


def to_records(evaluated: Evaluated, organisation: str) -> Records:
    """Return an evaluation's records; `organisation` is who ran it.

    Raises ValueError for a collapsed training: the schema has no result without a number.
    """
    if not evaluated.rows:
        raise ValueError("a collapsed training has no score")
    developer, _, model = evaluated.model_id.partition("/")
    folder = Path("data", evaluated.dataset, developer, model)
    path = folder / f"{evaluated.identity}.json"
    name = f"{evaluated.dataset}/{evaluated.model_id}/{evaluated.identity}"
    samples = [
        instance(evaluated, name, row, metric)
        for row in evaluated.rows
        for metric in METRICS
        if metric.instances
    ]
    records = Records(path, {}, samples)
    records.aggregate.update(
        {
            "schema_version": VERSION,
            "evaluation_id": name,
            "evaluation_timestamp": str(evaluated.seconds),
            "retrieved_timestamp": str(evaluated.seconds),
            "source_metadata": {
                "source_name": f"study {evaluated.study.name}",
                "source_type": "evaluation_run",
                "source_organization_name": organisation,
                "evaluator_relationship": relationship(evaluated),
            },
            "eval_library": {
                "name": "lighteval",
                "version": evaluated.run.get("versions", {}).get("lighteval", "unknown"),
                "additional_details": texts(
                    grader="this study's, beside LightEval's own",
                    grader_settings=evaluated.record["settings"]["grader"],
                    code_fingerprint=evaluated.run.get("code_fingerprint"),
                ),
            },
            "model_info": model_info(evaluated),
            "evaluation_results": [result(evaluated, metric) for metric in METRICS],
            "detailed_evaluation_results": {
                "format": "jsonl",
                "file_path": records.samples_path.as_posix(),
                "hash_algorithm": "sha256",
                "checksum": hashlib.sha256(lines(samples).encode()).hexdigest(),
                "total_rows": len(samples),
            },
        }
    )
    return records


def relationship(evaluated: Evaluated) -> str:
    """Return who evaluated: the maker of a trained cell is who runs the study."""
    return "first_party" if stages_of(evaluated.place.cell) else "third_party"


def model_info(evaluated: Evaluated) -> Record:
    """Return the model: its name, what ran it, and where it comes from."""
    engine = evaluated.run.get("engine")
    version = evaluated.run.get("versions", {}).get(engine)
    facts = evaluated.facts()
    published = not facts["stages"] and facts["base_revision"] is not None
    return {
        "name": facts["label"],
        "id": evaluated.model_id,
        "inference_engine": {
            name: value for name, value in (("name", engine), ("version", version)) if value
        },
        "additional_details": {
            "deployment_type": "self_deployed",
            "model_availability": "open_weights" if published else "unknown",
            **texts(**facts),
        },
    }


def result(evaluated: Evaluated, metric: Metric) -> Record:
    """Return one number with its standard error over the problems."""
    settings, record = evaluated.record["settings"], evaluated.record
    shares = [
        fmean(row[metric.column] is True for row in problem.rows)
        for problem in group(evaluated.rows)
    ]
    uncertainty: Record = {"num_samples": len(shares)}
    if len(shares) > 1:
        deviation = stdev(shares)
        uncertainty["standard_deviation"] = deviation
        uncertainty["standard_error"] = {
            "value": deviation / len(shares) ** 0.5,
            "method": "analytic, over the problems' mean scores",
        }
    return {
        "evaluation_result_id": result_id(evaluated, metric),
        "evaluation_name": evaluated.dataset,
        "evaluation_timestamp": str(evaluated.seconds),
        "source_data": source(evaluated),
        "metric_config": {
            "evaluation_description": metric.meaning,
            "metric_id": metric.name,
            "metric_name": metric.name,
            "metric_kind": "accuracy",
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
            "metric_parameters": {"samples_per_problem": record["samples"]},
        },
        "score_details": {"score": record[metric.number], "uncertainty": uncertainty},
        "generation_config": {
            "generation_args": {
                "temperature": settings["temperature"],
                "top_p": settings["top_p"],
                "top_k": settings["top_k"],
                "max_tokens": settings["max_new_tokens"],
                "prompt_template": settings["prompt"]["user"],
            },
            "additional_details": texts(
                **{name: settings[name] for name in ("repetition_penalty", "seed", "dtype")},
                max_model_length=settings["max_model_length"],
                chat_template_kwargs=settings["chat_template_kwargs"],
                system_prompt=settings["prompt"].get("system"),
                prompt=evaluated.place.prompt,
            ),
        },
    }


def result_id(evaluated: Evaluated, metric: Metric) -> str:
    """Return what joins a completion's record with its number."""
    return f"{evaluated.identity}/{metric.name}"


def source(evaluated: Evaluated) -> Record:
    """Return where the problems come from: a data set of the hub, or one made here."""
    hub = evaluated.study.config["datasets"][evaluated.dataset].get("hub")
    count = evaluated.record["problems"]
    if hub is None:
        details = texts(samples_number=count, schema=evaluated.facts()["benchmark"])
        return {
            "dataset_name": evaluated.dataset,
            "source_type": "other",
            "additional_details": details,
        }
    return {
        "dataset_name": evaluated.dataset,
        "source_type": "hf_dataset",
        "hf_repo": hub["repo"],
        "hf_split": hub["split"],
        "samples_number": count,
        "additional_details": texts(revision=hub.get("revision"), subset=hub.get("subset")),
    }


def instance(evaluated: Evaluated, name: str, row: Row, metric: Metric) -> Record:
    """Return one completion under one verdict; what has no answer has no attribution."""
    asked = json.dumps([row["question"], row["gold"]], ensure_ascii=False)
    found = row["extracted"] if metric.column == "correct" else None
    correct = row[metric.column] is True
    return {
        "schema_version": VERSION,
        "evaluation_id": name,
        "model_id": evaluated.model_id,
        "evaluation_name": evaluated.dataset,
        "evaluation_result_id": result_id(evaluated, metric),
        "sample_id": row["problem"],
        "sample_hash": hashlib.sha256(asked.encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {
            "raw": row["question"],
            "formatted": row["prompt"],
            "reference": [row["gold"]],
        },
        "output": {"raw": [row["completion"]]},
        "answer_attribution": []
        if found is None
        else [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": found,
                "extraction_method": "custom",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": float(correct), "is_correct": correct},
        "metadata": texts(
            sample=row["sample"],
            seed=row["seed"],
            output_tokens=row["tokens"],
            finish_reason=row["finish_reason"],
            status=row["status"],
            strict_status=row["strict_status"],
            strict_correct=row["strict_correct"],
            decided=row[metric.column] is not None,
        ),
    }


def texts(**values: Any) -> dict[str, str]:
    """Return what is known as text, as the schema has it; lists and mappings as JSON.

    >>> texts(name="a", seed=0, stages=["sft"], nothing=None)
    {'name': 'a', 'seed': '0', 'stages': '["sft"]'}
    """
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in values.items()
        if value is not None
    }


def lines(samples: list[Record]) -> str:
    """Return records as JSON lines."""
    return "".join(
        json.dumps(s, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n" for s in samples
    )


@functools.cache
def validator(name: str) -> Any:
    """Return the validator of one of the two schemas."""
    schema = read_json(SCHEMAS / f"{name}.schema.json")
    return validator_for(schema)(schema)


def write_records(records: Records, folder: Path) -> None:
    """Check the records against the schemas and write both files, each whole or not at all.

    Raises ValueError if a record is not what the schema says.
    """
    try:
        validator("eval").validate(records.aggregate)
        for sample in records.samples:
            validator("instance_level_eval").validate(sample)
    except ValidationError as error:
        raise ValueError(f"{records.path}: {error.json_path}: {error.message}") from error
    write_text(folder / records.samples_path, lines(records.samples))
    write_json(folder / records.path, records.aggregate)
