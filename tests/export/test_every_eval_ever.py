"""Evaluations as records of Every Eval Ever: valid by its schemas, equal to the parquet files."""

import hashlib
import json

import pyarrow.parquet as pq
import pytest

from scripts.export import chosen, every_eval_ever_writer, export
from scripts.lib.evaluation.finished import places, study_in
from scripts.lib.export.evaluated import read_evaluated
from scripts.lib.export.every_eval_ever import VERSION, to_records, write_records
from scripts.lib.files import digest_files, read_json, read_jsonl
from tests.evaluated_study import add_evaluation, completion, make_study, verdict_rows
from tests.workflow import ROOT

SCHEMAS = ROOT / "scripts/lib/export/schemas"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = make_study(tmp_path_factory.mktemp("small") / "results" / "small")
    rows = [
        completion("a", 0, True, strict_correct=False),
        completion("a", 1, False, lighteval_correct=None, extracted=None, status="no_answer"),
        completion("b", 0, False, completion="\x1b[2J\u2028\U0001f600", lighteval_correct=True),
        completion("b", 1, False, finish_reason="length"),
    ]
    add_evaluation(folder, "toy", 0, rows)
    add_evaluation(folder, "toy+rl", 0, verdict_rows({"a": [True, True]}))
    add_evaluation(folder, "toy+sft", 0, [])
    return folder


def exported(folder, output):
    study = study_in(folder)
    everything = chosen(folder, study, [], [], [], [])
    return export(study, everything, every_eval_ever_writer(output, "Some Lab"))


@pytest.fixture(scope="module")
def output(study, tmp_path_factory):
    output = tmp_path_factory.mktemp("records")
    assert exported(study, output) == [
        "evaluations written: 2",
        "left out, collapsed: 1",
        "left out, not evaluated yet: 21",
    ]
    return output


def aggregate_in(folder):
    (path,) = (path for path in folder.glob("*.json"))
    return path, read_json(path)


def test_the_files_stand_where_the_collection_has_them(output):
    names = {name.rpartition("/")[0] for name in digest_files(output)}
    assert names == {"data/gsm8k-test/org/toy", "data/gsm8k-test/small/toy+rl"}
    path, aggregate = aggregate_in(output / "data/gsm8k-test/org/toy")
    detail = aggregate["detailed_evaluation_results"]
    samples = path.with_name(f"{path.stem}_samples.jsonl")
    assert output / detail["file_path"] == samples
    assert detail["checksum"] == hashlib.sha256(samples.read_bytes()).hexdigest()
    assert detail["total_rows"] == len(read_jsonl(samples)) == 8


def test_the_numbers_are_those_of_the_record_with_their_standard_errors(study, output):
    _, aggregate = aggregate_in(output / "data/gsm8k-test/org/toy")
    record = read_json(study / "eval/toy/seed-0/gsm8k.json")
    results = {r["metric_config"]["metric_id"]: r for r in aggregate["evaluation_results"]}
    found = {name: result["score_details"]["score"] for name, result in results.items()}
    assert found == {
        "accuracy": record["accuracy"],
        "strict_accuracy": record["strict_accuracy"],
        "extractive_match": record["lighteval_accuracy"],
    }
    uncertainty = results["accuracy"]["score_details"]["uncertainty"]
    assert uncertainty["num_samples"] == 2
    assert uncertainty["standard_error"]["value"] == pytest.approx(0.25)  # of 0.5 and 0
    source = results["accuracy"]["source_data"]
    assert (source["source_type"], source["hf_repo"]) == ("hf_dataset", "openai/gsm8k")
    drawn = results["accuracy"]["generation_config"]["generation_args"]
    assert (drawn["temperature"], drawn["max_tokens"]) == (0.6, 24)


def test_every_completion_stands_under_both_verdicts(study, output):
    path, aggregate = aggregate_in(output / "data/gsm8k-test/org/toy")
    ids = {
        r["metric_config"]["metric_id"]: r["evaluation_result_id"]
        for r in aggregate["evaluation_results"]
    }
    found = {
        (s["evaluation_result_id"], s["sample_id"], s["metadata"]["sample"]): s
        for s in read_jsonl(path.with_name(f"{path.stem}_samples.jsonl"))
    }
    for row in pq.read_table(study / "eval/toy/seed-0/gsm8k.parquet").to_pylist():
        columns = (("accuracy", "correct"), ("extractive_match", "lighteval_correct"))
        for metric, column in columns:
            record = found.pop((ids[metric], row["problem"], str(row["sample"])))
            assert record["evaluation_id"] == aggregate["evaluation_id"]
            assert record["model_id"] == aggregate["model_info"]["id"]
            assert record["input"]["formatted"] == row["prompt"]
            assert record["input"]["reference"] == [row["gold"]]
            assert record["output"]["raw"] == [row["completion"]]
            assert record["evaluation"]["is_correct"] is (row[column] is True)
            assert record["metadata"]["decided"] == json.dumps(row[column] is not None)
            answers = [a["extracted_value"] for a in record["answer_attribution"]]
            ours = column == "correct" and row["extracted"] is not None
            assert answers == ([row["extracted"]] if ours else [])
    assert not found


def test_the_records_say_who_evaluated_what(output):
    _, untrained = aggregate_in(output / "data/gsm8k-test/org/toy")
    _, trained = aggregate_in(output / "data/gsm8k-test/small/toy+rl")
    source = untrained["source_metadata"]
    assert source["source_organization_name"] == "Some Lab"
    assert source["evaluator_relationship"] == "third_party"
    assert trained["source_metadata"]["evaluator_relationship"] == "first_party"
    details = trained["model_info"]["additional_details"]
    assert (details["base_model"], details["stages"]) == ("org/toy", '["rl"]')
    assert details["model_availability"] == "unknown"
    assert untrained["model_info"]["additional_details"]["model_availability"] == "open_weights"
    assert untrained["eval_library"]["version"] == "0.13.0"


def test_two_exports_are_the_same_bytes(study, output, tmp_path):
    exported(study, tmp_path)
    assert digest_files(tmp_path) == digest_files(output)


def records_of(study):
    of_study = study_in(study)
    place = places(study, of_study, "toy", "gsm8k", seed=0)[0]
    return to_records(read_evaluated(of_study, place), "Some Lab")


def test_what_the_schemas_do_not_know_is_not_written(study, tmp_path):
    records = records_of(study)
    records.aggregate["accuracy"] = 0.5
    with pytest.raises(ValueError, match="'accuracy' was unexpected"):
        write_records(records, tmp_path)
    records = records_of(study)
    records.samples[1]["evaluation"]["score"] = "1"
    with pytest.raises(ValueError, match=r"\$.evaluation.score: '1' is not of type 'number'"):
        write_records(records, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_schemas_are_those_of_the_version_that_the_records_name():
    for name in ("eval", "instance_level_eval"):
        assert read_json(SCHEMAS / f"{name}.schema.json")["version"] == VERSION
