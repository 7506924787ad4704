"""A mini study on a real SLURM with fake GPUs: undisturbed, and in every way a cluster disturbs.

All runs start together, because most of their time is waiting. They begin with what the mini study
without a cluster built, and must end in its bytes.
"""

import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.rules.conftest import begin_with
from tests.rules.slurm_cluster import processes, running_cluster
from tests.workflow import ENVIRONMENT, ROOT, checkout, reproducible, without_vllm

pytestmark = pytest.mark.slow

STUDY = ["--configfile", "demo/study.yaml", "tests/mini.yaml"]
BUILT = ["tokenizers", "models/toy-base", "models/toy-teacher"]  # what every story begins with
# What each but the whole study begins with too.
DATA = [f"data/{name}" for name in ("toy-gsm8k", "toy-amc23", "toy-gsm8k-test")]
TRAINING = "results/mini/models/toy-base+sft/seed-0/training.json"
TRAINED = "results/mini/cells/toy-base+sft/gsm8k.json"  # goes on after its training
UNTRAINED = "results/mini/cells/toy-base/gsm8k.json"
PROFILE = yaml.safe_load((ROOT / "slurm" / "config.yaml").read_text())
SUBMITTED = {  # jobs of the mini study by rule; all others run on the login node
    "clean_dataset": 1,
    "compare_parents": 1,
    "count_tokens": 2,
    "evaluate": 3,
    "make_report": 1,
    "sample_traces": 1,
    "train_grpo": 1,
    "train_sft": 2,
    "verify_traces": 1,
}


class Run:
    """`snakemake --profile slurm` as it is typed in a checkout."""

    def __init__(self, cluster, folder, *arguments):
        self.cluster, self.folder, self.arguments = cluster, folder, arguments
        self.log = folder / "console.log"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                ["snakemake", "--profile", "slurm", *arguments],
                cwd=folder,
                env=ENVIRONMENT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ends_well(self):
        code = self.process.wait(1800)
        assert code == 0, self.log.read_text()

    def jobs(self, rule):
        return [job for job in self.cluster.jobs(self.folder) if job["rule"] == rule]

    def held(self, rule, sign):
        """Stop a job's program once a file tells that part of its work is safe; return the job.

        Else it could end before the mishap comes. A mishap kills a stopped program all the same.
        """
        while not list(self.folder.glob(sign)):
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        for pid, command, environment in processes():
            here = f"PWD={self.folder}" in environment
            if here and f"-m scripts.{rule} " in command:
                os.kill(pid, signal.SIGSTOP)
                devices = [name for name in environment if name.startswith("CUDA_VISIBLE_DEVICES=")]
                assert re.fullmatch(r"CUDA_VISIBLE_DEVICES=\d", devices[0])
                (job,) = (job for job in self.jobs(rule) if job["JobState"] == "RUNNING")
                return job
        raise AssertionError(f"{rule} ended before it could be held")

    def held_training(self):
        return self.held(
            "train_sft", "checkpoints/mini/train/toy-base+sft/seed-0/*/checkpoint-2/complete.json"
        )

    def held_evaluation(self):
        return self.held("evaluate", "evaluations/mini/toy-base/seed-0/amc23/[0-9a-f]*/amc23.json")


def edited(folder, old, new):
    """Edit the profile as a site does."""
    profile = folder / "slurm" / "config.yaml"
    text = profile.read_text()
    assert old in text
    profile.write_text(text.replace(old, new))


def whole_study(cluster, folder):
    run = Run(cluster, folder, *STUDY, "--", "all")
    run.ends_well()
    return run


def a_node_crashes(cluster, folder):
    edited(folder, "# slurm_partition: h100 ", "slurm_partition: fragile ")
    run = Run(cluster, folder, *STUDY, "--", TRAINING)
    node = run.held_training()["NodeList"]
    cluster.crash(node)
    run.ends_well()
    (job,) = run.jobs("train_sft")
    assert (job["Restarts"], job["JobState"]) == ("1", "COMPLETED")
    assert job["NodeList"] != node
    return run


def a_job_is_cancelled(cluster, folder):
    run = Run(cluster, folder, *STUDY, "--", UNTRAINED)
    job = run.held_evaluation()
    subprocess.run(["scancel", job["JobId"]], check=True)
    run.ends_well()
    assert [job["JobState"] for job in run.jobs("evaluate")] == ["CANCELLED", "COMPLETED"]
    return run


def a_job_is_preempted(cluster, folder):
    """The SIGTERM that comes some time before the SIGKILL."""
    run = Run(cluster, folder, *STUDY, "--", TRAINING)
    job = run.held_training()
    for name in ("TERM", "CONT"):
        subprocess.run(["scancel", f"--signal={name}", job["JobId"]], check=True)
    run.ends_well()
    assert [job["JobState"] for job in run.jobs("train_sft")] == ["FAILED", "COMPLETED"]
    logs = [log.read_text() for log in (folder / "logs" / "slurm").rglob("*.log")]
    assert sum("stopped by SIGTERM; resumes from step " in text for text in logs) == 1
    return run


def time_runs_out(cluster, folder):
    run = Run(cluster, folder, *STUDY, "--", TRAINING)
    job = run.held_training()
    limit = f"JobId={job['JobId']}", "TimeLimit=1"
    subprocess.run(["scontrol", "update", *limit], check=True)
    run.ends_well()
    first, second = run.jobs("train_sft")
    assert (first["JobState"], second["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert minutes(second["TimeLimit"]) == 2 * minutes(job["TimeLimit"])
    assert megabytes(second["MinMemoryNode"]) == 2 * megabytes(job["MinMemoryNode"])
    return run


def the_main_process_is_killed(cluster, folder):
    """What docs/cluster.md says to type: squeue, scancel, unlock, the same command again.

    Here the site asks for GPUs by `gres`.
    """
    edited(folder, "gpu: 1\n    gpu_model: h100", 'gpu: 0\n    gres: "gpu:h100:1"')
    run = Run(cluster, folder, *STUDY, "--", TRAINED)
    job = run.held_training()
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()

    def left():
        lines = cluster.query("squeue", "--me", "--noheader", "--format", "%i %T %Z %k")
        return [line.split()[0] for line in lines if str(folder) in line]

    assert left() == [job["JobId"]]
    subprocess.run(["scancel", "--name", job["JobName"]], check=True)
    cluster.until(lambda: not left(), "the cancelled job to be gone")
    unlock = Run(cluster, folder, *STUDY, "--unlock")
    unlock.ends_well()
    again = Run(cluster, folder, *run.arguments)
    again.ends_well()
    for job in again.jobs("train_sft"):
        assert job["TresPerNode"] == "gres:gpu:h100:1"
        assert "TresPerJob" not in job
    return again


STORIES = [
    whole_study,
    a_node_crashes,
    a_job_is_cancelled,
    a_job_is_preempted,
    time_runs_out,
    the_main_process_is_killed,
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running_cluster(tmp_path_factory.mktemp("slurm") / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def runs(cluster, mini_study, tmp_path_factory):
    """Start every story at once; return what becomes of each."""
    folder = tmp_path_factory.mktemp("runs")
    for story in STORIES:
        begin_with(mini_study, without_vllm(checkout(folder / story.__name__)), *BUILT)
    for story in STORIES[1:]:
        begin_with(mini_study, folder / story.__name__, *DATA)
    with ThreadPoolExecutor() as pool:
        yield {story: pool.submit(story, cluster, folder / story.__name__) for story in STORIES}


def minutes(limit):
    """Return SLURM's [days-]hours:minutes:seconds in minutes."""
    days, _, time_of_day = limit.rpartition("-")
    hours, minute, _ = map(int, time_of_day.split(":"))
    return (int(days or 0) * 24 + hours) * 60 + minute


def megabytes(memory):
    """Return SLURM's 32000M or 62.50G in MB."""
    return float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]


def test_the_mini_study_is_built_to_its_end(runs):
    folder = runs[whole_study].result().folder
    rows = (folder / "results" / "mini" / "scores.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * 2
    assert (folder / "results" / "mini" / "tables" / "table2.tex").stat().st_size


def test_each_job_asked_for_what_the_profile_gives_its_rule(runs):
    run = runs[whole_study].result()
    jobs = run.cluster.jobs(run.folder)
    counts = {rule: sum(job["rule"] == rule for job in jobs) for rule in {j["rule"] for j in jobs}}
    assert counts == SUBMITTED
    for job in jobs:
        needs = PROFILE["default-resources"] | PROFILE["set-resources"].get(job["rule"], {})
        needs = {
            name: eval(value, {"attempt": 1, "min": min}) if "attempt" in str(value) else value
            for name, value in needs.items()
        }
        gpus = f"gres:gpu:{needs['gpu_model']}:{needs['gpu']}" if "gpu" in needs else None
        assert job.get("TresPerJob") == gpus
        assert "TresPerNode" not in job
        assert int(job["NumNodes"]) == needs["nodes"] == 1
        assert megabytes(job["MinMemoryNode"]) == needs["mem_mb"]
        assert minutes(job["TimeLimit"]) == needs["runtime"]
        assert int(job["CPUs/Task"]) == needs["cpus_per_task"]
        assert job["JobState"] == "COMPLETED"
        assert job["Requeue"] == "1"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_every_run_ends_in_the_bytes_of_the_one_without_a_cluster(story, runs, mini_study):
    found = reproducible(runs[story].result().folder / "results" / "mini")
    whole = reproducible(mini_study / "results" / "mini")
    assert len(found) > 20
    assert found == {name: whole.get(name) for name in found}


def test_a_killed_training_went_on_from_its_checkpoint(runs):
    for story in (a_node_crashes, a_job_is_preempted, time_runs_out, the_main_process_is_killed):
        folder = runs[story].result().folder / "results" / "mini" / "models" / "toy-base+sft"
        record = yaml.safe_load((folder / "seed-0" / "training.json").read_text())
        assert record["starts"] == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("# slurm_partition: h100 ", "slurm_partition: h200 ", "invalid partition specified: h200"),
        ("gpu_model: h100", "gpu_model: a100", "node configuration is not available"),
    ],
)
def test_a_request_that_slurm_would_refuse_is_named_before_anything_runs(
    old, new, expected, cluster, tmp_path
):
    folder = checkout(tmp_path / "checkout")
    edited(folder, old, new)
    run = Run(cluster, folder, *STUDY, "--", "all")
    assert run.process.wait(600) == 1
    output = run.log.read_text()
    assert "SLURM would refuse the jobs of " in output
    assert expected in output
    assert "Edit the partition, the account" in output
    assert "Traceback" not in output
    assert not (folder / "results").exists()
    assert not cluster.jobs(folder)
