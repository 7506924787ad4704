"""What the rules share: the validated study, wildcard patterns and input functions."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

if sys.version_info[:2] != (3, 11):
    raise SystemExit(
        f"The study is pinned to Python 3.11, this is {sys.version.split()[0]}. "
        "Run `make setup` with PYTHON=<a Python 3.11> and put .venv/bin first on PATH."
    )

conda_asked_for = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
if conda_asked_for and shutil.which("conda") is None:
    raise SystemExit(
        "--sdm conda needs conda on PATH: install Miniforge (conda-forge.org/download), or leave "
        "the flag out and the jobs run in .venv, which `make setup` makes."
    )

sys.path.insert(0, workflow.basedir)

from scripts.lib.machine.slurm import Request, check_gpus, check_submissions
from scripts.lib.machine.devices import COUNTED
from scripts.lib.study import jobs
from scripts.lib.study.config import validated_study
from scripts.lib.files import write_json
from scripts.lib.study.cells import parent_of, stages_of
from scripts.lib.training.launcher import STRATEGIES, require_deepspeed
from scripts.lib.engines.vllm_setup import ENGINES, require_vllm

if mirror := os.environ.get("SRLM_MIRROR"):
    config["mirror"] = mirror

if "gpu" in workflow.resource_settings.resources:
    # The profile counts this machine's GPUs: a job that asks for one must not do without.
    os.environ[COUNTED] = "1"

STUDY = validated_study(
    config,
    files=[Path(workflow.basedir, "config.yaml"), *workflow.config_settings.configfiles],
    command_line=workflow.config_settings.config,
)
RESULTS = f"results/{STUDY.name}"
PLAN_CONFIG = f"{RESULTS}/plan-config.json"

# Every job: the checkout's modules, one thread, no network, and the console as descriptor 3.
shell.prefix(
    f"export PYTHONPATH={shlex.quote(str(workflow.basedir))} PYTHONHASHSEED=0 "
    "OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false "
    "HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 "
    "PROGRESS_FD=3; exec 3>&2; "
)


def one_of(names):
    """Return the pattern of a wildcard that must be one of these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


CELL_PATTERN = rf"(?:{one_of(config['models'])})(?:\+(?:{one_of(config['stages'])}))*"


def stages_with(trainer):
    """Return the pattern of the stages that a trainer trains."""
    stages = config["stages"].items()
    return one_of(name for name, stage in stages if stage["trainer"] == trainer)


def datasets_made_by(rule):
    """Return the pattern of the data sets whose raw rows a rule makes."""
    return one_of(name for name in config["datasets"] if jobs.dataset_rule(STUDY, name) == rule)


def datasets_with_examples_by(rule):
    """Return the pattern of the data sets whose training examples a rule makes."""
    return one_of(name for name in config["datasets"] if jobs.examples_rule(STUDY, name) == rule)


def models_made_by(rule):
    """Return the pattern of the models that a rule makes."""
    return one_of(name for name in config["models"] if jobs.model_rule(STUDY, name) == rule)


def key_of(rule):
    """Return the function that gives a rule's one param: the planned job's key."""

    def key(wildcards):
        names = {name: value for name, value in wildcards.items() if name != "study"}
        if "prefix" in names:
            names["cell"] = f"{names.pop('prefix')}+{names.pop('stage')}"
        return jobs.job(STUDY, rule, **names).key

    return key


def write_resolved_config(targets):
    """Write the merged config that the scripts read their settings from.

    `plan` has a file of its own: to ask what another config costs must not disturb a study that runs.
    """
    if "plan" in targets:
        write_json(PLAN_CONFIG, config)
    if set(targets) != {"plan"}:
        write_json(f"{RESULTS}/config.json", config)


def check_engines():
    """End before the first job where the profile asks for an engine that is unknown or not in .venv."""
    known = {"engine": ENGINES, "distributed": STRATEGIES}
    for job in workflow.dag.needrun_jobs():
        asked = {name: job.resources.get(name) for name in known}
        for name, value in asked.items():
            if value is not None and value not in known[name]:
                raise SystemExit(
                    f"the profile gives {job.rule.name} `{name}: {value}`, "
                    f"but it must be {' or '.join(known[name])}"
                )
        if asked["engine"] == "vllm" and not conda_asked_for:
            require_vllm()
        if asked["distributed"] == "zero2" and not conda_asked_for:
            require_deepspeed()


def check_cluster():
    """Ask SLURM whether it would take the planned jobs, one of each rule."""
    if workflow.executor_plugin.name != "slurm":
        return
    from snakemake.exceptions import WorkflowError
    from snakemake_executor_plugin_slurm.submit_string import get_submit_command
    from snakemake_executor_plugin_slurm.utils import set_gres_string

    jobs = {job.rule.name: job for job in workflow.dag.needrun_jobs() if not job.is_local}
    attempts = workflow.execution_settings.retries + 1
    requests = {}
    for rule, job in jobs.items():
        account, partition = (
            job.resources.get(f"slurm_{name}") for name in ("account", "partition")
        )
        flags = {
            "run_uuid": "test",
            "slurm_logfile": os.devnull,
            "comment_str": rule,
            "account": f"-A {shlex.quote(str(account))}" if account else "",
            "partition": f"-p {shlex.quote(str(partition))}" if partition else "",
            "workdir": None,
        }
        check_gpus(rule, dict(job.resources.items()))
        last = job.rule.expand_resources(
            job.wildcards_dict, job.input, attempts, skip_evaluation={"tmpdir"}
        )
        try:
            call = get_submit_command(job, flags, workflow.executor_settings)
            call += set_gres_string(job)
        except WorkflowError as error:
            raise SystemExit(
                f"the profile's request for {rule} cannot be submitted: {error}"
                "\nA GPU type with a hyphen: leave gpu_model out and name a feature of the nodes"
                " (`constraint`, slurm/config.yaml)."
            )
        requests[rule] = Request(call, last.get("runtime"))
    check_submissions(requests)


# ------------------------------------------------------------------------------ input functions


def model_record(cell, seed):
    """Return the record of a cell's model: model.json if untrained, else training.json."""
    if parent_of(cell) is None:
        return f"{RESULTS}/models/{cell}/model.json"
    return f"{RESULTS}/models/{cell}/seed-{seed}/training.json"


def parent_record(wildcards):
    return model_record(wildcards.prefix, wildcards.seed)


def cell_record(wildcards):
    return model_record(wildcards.cell, wildcards.seed)


def stage_examples(wildcards):
    dataset = config["stages"][wildcards.stage]["data"]
    return f"{RESULTS}/data/{dataset}/examples.jsonl"


def build_tokenizer_record(wildcards):
    build = config["models"][wildcards.model]["build"]
    return f"{RESULTS}/tokenizers/{build['tokenizer']}/tokenizer.json"


def build_start_record(wildcards):
    """Return the record of the model that a built one starts from; none if from scratch."""
    start = config["models"][wildcards.model]["build"].get("start")
    return f"{RESULTS}/models/{start}/model.json" if start else []


def contaminating_problems(wildcards):
    return expand(
        f"{RESULTS}/data/{{dataset}}/problems.jsonl", dataset=config["cleaning"]["decontaminate"]
    )


def teacher_record(wildcards):
    teacher = config["datasets"][wildcards.dataset]["distill"]["teacher"]
    return f"{RESULTS}/models/{teacher}/model.json"


def answered_problems(wildcards):
    """Return the cleaned problems that a set of traces answers."""
    problems = config["datasets"][wildcards.dataset]["problems"]
    return f"{RESULTS}/data/{problems}/clean.jsonl"


def benchmark_problems(wildcards):
    datasets = [config["benchmarks"][name]["dataset"] for name in STUDY.benchmarks()]
    return expand(f"{RESULTS}/data/{{dataset}}/problems.jsonl", dataset=datasets)


def evaluations(cells, ending):
    """Return the evaluation files of these cells, for every seed and benchmark."""
    return expand(
        f"{RESULTS}/eval/{{cell}}/seed-{{seed}}/{{benchmark}}.{ending}",
        cell=cells,
        seed=STUDY.seeds(),
        benchmark=STUDY.benchmarks(),
    )


def evaluation_records(wildcards):
    return evaluations([wildcards.cell], "json")


def evaluation_details(wildcards):
    return evaluations([wildcards.cell], "parquet")


def all_evaluation_records(wildcards):
    return evaluations(STUDY.cells(), "json")


def all_evaluation_details(wildcards):
    return evaluations(STUDY.cells(), "parquet")


def cell_scores(cells):
    """Return the table cells of these cells."""
    return expand(
        f"{RESULTS}/cells/{{cell}}/{{benchmark}}.json",
        cell=cells,
        benchmark=STUDY.benchmarks(),
    )


def all_scores(wildcards):
    return cell_scores(STUDY.cells())


def table_scores(wildcards):
    return cell_scores(STUDY.cells_of_table(wildcards.table))


def token_statistics(wildcards):
    """Return a training set's token statistics with the tokenizers of what trains on it."""
    dataset = wildcards.dataset
    models = jobs.trained_models(STUDY, dataset)
    return expand(f"{RESULTS}/data/{dataset}/tokens/{{model}}.json", model=models)


def card_records(wildcards):
    names = jobs.card_records(STUDY, wildcards.dataset)
    return expand(f"{RESULTS}/data/{wildcards.dataset}/{{name}}.json", name=names)


def data_cards():
    """Return the cards of all data sets that a tabulated cell is trained on."""
    used = {config["stages"][stage]["data"] for cell in STUDY.cells() for stage in stages_of(cell)}
    return [f"{RESULTS}/data/{dataset}/card.md" for dataset in sorted(used)]


def paper_files():
    """Return what `all` makes."""
    tables = expand(
        f"{RESULTS}/tables/{{table}}.{{ending}}",
        table=config["tabulate"],
        ending=["tex", "md", "html", "csv"],
    )
    figures = expand(f"{RESULTS}/figures/scores.{{ending}}", ending=["pdf", "png"])
    numbers = [f"{RESULTS}/scores.csv", f"{RESULTS}/comparisons.csv"]
    return [*tables, *figures, *numbers, *data_cards()]
