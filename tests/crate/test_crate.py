"""A run as an RO-Crate: every file and job is in it, and every reference leads somewhere."""

import shutil
import sys
from urllib.parse import unquote

import pytest

pytest.importorskip("rocrate", reason="rocrate is not installed: `make setup` installs it")

from rocrate.rocrate import ROCrate  # noqa: E402

from scripts import write_crate  # noqa: E402
from scripts.lib.crate.run import AGENT, PROFILES, WORKFLOW, RunCrate, times  # noqa: E402
from scripts.lib.files import read_json, sha256_of, write_json  # noqa: E402
from scripts.lib.records import is_current  # noqa: E402
from scripts.lib.runs.plan import planned_parts  # noqa: E402
from tests.finished_study import finished_study  # noqa: E402

TRAINED = "qwen2.5-0.5b+kd-lora+rl"
FINISHED = "2026-01-02T03:04:05+00:00"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the study, its folder, and its jobs that are made; one says when it ended."""
    made, root = finished_study(tmp_path_factory.mktemp("study"))
    training = root / "models" / TRAINED / "seed-0" / "training.json"
    write_json(training, read_json(training) | {"finished": FINISHED})
    write_crate.copy_workflow(root / WORKFLOW)
    jobs = [job for job in planned_parts(made) if (root / job.outputs["record"]).is_file()]
    return made, root, jobs


@pytest.fixture(scope="module")
def graph(study):
    """Return {@id: entity} of the crate."""
    entities = RunCrate(*study).metadata()["@graph"]
    found = {entity["@id"]: entity for entity in entities}
    assert len(found) == len(entities)
    return found


def references(value):
    """Yield the ids that a value refers to."""
    if isinstance(value, dict):
        yield from [value["@id"]] if "@id" in value else []
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_every_reference_leads_to_an_entity_or_an_address(graph):
    for entity in graph.values():
        for name, value in entity.items():
            for target in references(value) if name != "@id" else ():
                assert target in graph or target.startswith("https://"), (entity["@id"], name)


def test_every_file_is_there_with_its_digest(graph, study):
    files = [entity for entity in graph.values() if "File" in as_list(entity["@type"])]
    assert len(files) > 100
    for entity in files:
        assert sha256_of(study[1] / unquote(entity["@id"])) == entity["sha256"]
    assert not [entity["@id"] for entity in files if "safetensors" in entity["@id"]]


def test_every_job_is_an_action_with_its_tool_its_files_and_its_agent(graph, study):
    _, root, jobs = study
    agents = {entity["@id"]: entity for entity in graph.values() if entity.get("name") == AGENT}
    for job in jobs:
        action = graph[f"#job/{job.outputs['record']}"]
        assert action["instrument"] == {"@id": f"{WORKFLOW}/scripts/{job.rule}.py"}
        assert action["agent"]["@id"] in agents
        assert action["identifier"] == job.key
        results = {unquote(name) for name in references(action["result"])}
        assert results == set(job.outputs.values())
        read = {unquote(name) for name in references(action["object"])} - {"config.json"}
        assert read == {f.path for f in job.input_files() if (root / f.path).is_file()}
        assert graph[f"#control/{job.outputs['record']}"]["object"]["@id"] == action["@id"]


def test_a_table_cell_says_its_number(graph, study):
    cell = read_json(study[1] / "cells" / TRAINED / "gsm8k.json")
    (found,) = (
        e for i, e in graph.items() if unquote(i) == f"cells/{TRAINED}/gsm8k.json" and "sha256" in e
    )
    assert f"{100 * cell['accuracy']:.1f}% [" in found["description"]


def test_a_job_says_when_it_ended_and_so_does_the_whole_run(graph):
    training = graph[f"#job/models/{TRAINED}/seed-0/training.json"]
    assert training["endTime"] == FINISHED
    assert training["startTime"] < FINISHED
    for name in ("#run", "#engine-run"):
        assert graph[name]["endTime"] == FINISHED
    assert graph["./"]["datePublished"] == FINISHED
    assert times({}) == {}


def test_the_run_is_of_the_workflow_and_conforms_to_the_profiles(graph):
    workflow = graph[graph["./"]["mainEntity"]["@id"]]
    assert workflow["@id"] == f"{WORKFLOW}/Snakefile"
    assert graph["#run"]["instrument"] == {"@id": workflow["@id"]}
    assert {*references(graph["./"]["conformsTo"])} == set(PROFILES)
    steps = [graph[name] for name in references(workflow["step"])]
    tools = [name for step in steps for name in references(step["workExample"])]
    assert sorted(tools) == sorted(references(workflow["hasPart"]))
    assert len({step["position"] for step in steps}) == len(steps)


def test_it_can_be_read_again_and_is_the_same_each_time(study, tmp_path):
    _, root, _ = study
    copied = shutil.copytree(root, tmp_path / "crate")
    first, second = (RunCrate(*study).metadata() for _ in range(2))
    assert first == second
    write_json(copied / write_crate.METADATA, first)
    assert ROCrate(copied).mainEntity.id == f"{WORKFLOW}/Snakefile"


def test_an_unfinished_study_is_not_described(study, monkeypatch):
    made, root, jobs = study
    assert not all(is_current(job, root) for job in planned_parts(made))
    monkeypatch.setattr(sys, "argv", ["write_crate", str(root)])
    with pytest.raises(SystemExit, match="jobs are not made or not current"):
        write_crate.main()
    assert not (root / write_crate.METADATA).exists()
