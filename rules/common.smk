"""What the rules share: the validated study, wildcard patterns and input functions."""

import contextlib
import functools
import io
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from snakemake.cli import parse_args
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

from scripts.lib.aside import sweep
from scripts.lib.dag.data import examples_rule, raw_rule
from scripts.lib.dag.jobs import ENTRIES, files_of, job
from scripts.lib.dag.models import model_rule
from scripts.lib.dag.paper import CLAIMS, paper_files
from scripts.lib.dag.rules import SHELL
from scripts.lib.dag.runs import archives
from scripts.lib.dag.targets import target_files, targets
from scripts.lib.dag.unknown_targets import why_not
from scripts.lib.disk import check_folder, disk_in_words, end_future
from scripts.lib.engines import ENGINES
from scripts.lib.engines.vllm_setup import require_vllm
from scripts.lib.files import write_json
from scripts.lib.machine.devices import COUNTED
from scripts.lib.machine.slurm import Request, check_gpus, check_submissions
from scripts.lib.model.local import check_local_models
from scripts.lib.paper.checks import require_valid_claims
from scripts.lib.price.spelling import spell
from scripts.lib.price.walk import dag_of
from scripts.lib.records import is_current, rests_on_older_inputs
from scripts.lib.study.cells import parent_of, stages_of
from scripts.lib.study.traces import asks_parent, teachers_of, trace_sets
from scripts.lib.study.validation import validated_study
from scripts.lib.training.launcher import STRATEGIES, require_deepspeed

if mirror := os.environ.get("SRLM_MIRROR"):
    config["mirror"] = mirror

if "gpu" in workflow.resource_settings.resources:
    # The profile counts this machine's GPUs: a job that asks for one must not do without.
    os.environ[COUNTED] = "1"

STUDY = validated_study(
    config,
    files=[Path(workflow.basedir, "config.yaml"), *workflow.config_settings.configfiles],
    command_line=workflow.config_settings.config,
    environment={"mirror": "SRLM_MIRROR"} if mirror else {},
)
require_valid_claims(CLAIMS, *paper_files())
if workflow.is_main_process:
    check_local_models(STUDY)
RESULTS = f"results/{STUDY.name}"
PLAN_CONFIG = f"{RESULTS}/plan-config.json"

# Every job: the checkout's modules, one thread, no network. What a submitted job reports stands in
# SLURM's log too, because another attempt begins the job's own log anew.
REPORTS = "" if workflow.is_main_process else "export PROGRESS_FD=3; exec 3>&2; "
shell.prefix(
    f"export PYTHONPATH={shlex.quote(str(workflow.basedir))} "
    f"{' '.join(f'{name}={value}' for name, value in SHELL.items())} "
    "OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false "
    "HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1"
    f"; {REPORTS}"
)


def one_of(names):
    """Return the pattern of a wildcard that must be one of these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


CELL_PATTERN = rf"(?:{one_of(config['models'])})(?:\+(?:{one_of(config['stages'])}))*"

# A rule's outputs are the same files for each of its jobs. Where cells are evaluated under several
# prompts, a rule has variants with cells of their own, called NAME_prompts and NAME_untrained.
UNDER_PROMPTS = {
    "prompts": [cell for cell in STUDY.sensitivity_cells() if stages_of(cell)],
    "untrained": [cell for cell in STUDY.sensitivity_cells() if not stages_of(cell)],
}


def under_one_prompt():
    """Return the pattern of the cells that are evaluated under the tables' prompt alone."""
    others = one_of(STUDY.sensitivity_cells())
    return rf"(?!(?:{others})/){CELL_PATTERN}"


def tasks_of(variant):
    """Return the tasks of a variant's cells; where it has no cells, those under the main prompt."""
    cells = UNDER_PROMPTS[variant]
    return STUDY.tasks_of(cells[0]) if cells else STUDY.benchmarks()


# What a profile asks for a rule is asked for its variants.
requests = workflow.resource_settings.overwrite_resources
if "evaluate" in requests:
    requests.update({f"evaluate_{variant}": requests["evaluate"] for variant in UNDER_PROMPTS})


def stages_with(trainer):
    """Return the pattern of the stages that a trainer trains."""
    stages = config["stages"].items()
    return one_of(name for name, stage in stages if stage["trainer"] == trainer)


def datasets_made_by(rule):
    """Return the pattern of the data sets, or teachers' parts of them, whose raw rows a rule makes."""
    sets = [name for dataset in config["datasets"] for name in trace_sets(config, dataset)]
    made = one_of(name for name in sets if raw_rule(STUDY, name) == rule)
    return f"{made}|{answers_of_parents()}" if rule == "sample_traces" else made


def answers_of_parents():
    """Return the pattern of the sets of answers that trainings' own parents write."""
    own = [name for name, definition in config["datasets"].items() if asks_parent(definition)]
    return rf"(?:{one_of(own)})/{CELL_PATTERN}(?:/seed-\d+)?"


def sets_of_answers():
    """Return the pattern of the sets of answers of which pairs can be made."""
    asked = one_of(
        name for name, definition in config["datasets"].items() if teachers_of(definition)
    )
    return f"{asked}|{answers_of_parents()}"


def datasets_with_examples_by(rule):
    """Return the pattern of the data sets whose training examples a rule makes."""
    return one_of(name for name in config["datasets"] if examples_rule(STUDY, name) == rule)


def models_made_by(rule):
    """Return the pattern of the models that a rule makes."""
    return one_of(name for name in config["models"] if model_rule(STUDY, name) == rule)


def conda_file(environment):
    """Return a rule's conda file where it is asked for.

    Snakemake stores the whole file in the metadata of every output, used or not.
    """
    wanted = conda_asked_for or "--lint" in sys.argv
    return f"../envs/{environment}.yaml" if wanted else None


def write_resolved_config(targets):
    """Write the merged config that the scripts read their settings from.

    `plan` has a file of its own: to ask what another config costs must not disturb a study that runs.
    """
    with disk_in_words():
        if "plan" in targets:
            write_json(PLAN_CONFIG, config)
        if set(targets) != {"plan"}:
            write_json(f"{RESULTS}/config.json", config)


def check_folders():
    """Exit with an error if what the study makes has no place; a dry run needs not write."""
    if workflow.is_main_process:
        write = not workflow.output_settings.dryrun
        for folder in ("results", "evaluations", "checkpoints", "logs"):
            check_folder(Path(folder, STUDY.name), write)
        if write:
            for folder in ("results", "evaluations", "checkpoints"):
                sweep(Path(folder, STUDY.name))
            end_future(Path(RESULTS))


def check_targets():
    """Exit with an error if no rule makes what was typed, before Snakemake says so at length.

    It keeps the targets to itself until the rules are read; its own parser reads them again.
    """
    if not workflow.is_main_process or Path(sys.argv[0]).name != "snakemake":
        return
    with (
        contextlib.chdir(workflow.rundir),  # profiles are found from there
        contextlib.redirect_stderr(io.StringIO()),  # which profile it uses was said
    ):
        _, typed = parse_args(sys.argv[1:])
    named = {rule.name: rule for rule in workflow.rules}
    without_files = [name for name, rule in named.items() if not rule.has_wildcards()]
    for target in typed.targets:
        if target in named and target not in without_files:
            raise SystemExit(
                f"{target}: a rule with many jobs is no target; name a file that it makes, which "
                "docs/files-and-rules.md lists"
            )
        path = os.path.normpath(target)
        if target in named or os.path.exists(path):
            continue
        if not any(known.is_producer(path) for known in named.values()):
            raise SystemExit(why_not(STUDY, path, without_files))


def tokens_per_pass(wildcards):
    """Return, as JSON, how many tokens a pass of each cell's training may have on this machine.

    Rule and profile say it, perhaps as an expression of wildcards.
    """
    tokens = {}
    for cell in STUDY.cells():
        while (prefix := parent_of(cell)) is not None:
            stage = stages_of(cell)[-1]
            names = {"study": STUDY.name, "prefix": prefix, "stage": stage, "seed": "0"}
            train = workflow.get_rule(f"train_{config['stages'][stage]['trainer']}")
            others = set(train.resources) - {"_cores", "tokens_per_pass"}
            found = train.expand_resources(names, [], attempt=1, skip_evaluation=others)
            tokens[cell] = found["tokens_per_pass"]
            cell = prefix
    return json.dumps(tokens)


def check_engines():
    """Exit with an error before the first job if the profile's engine is unknown or not in .venv."""
    known = {"engine": ENGINES, "distributed": STRATEGIES}
    for needed in workflow.dag.needrun_jobs():
        asked = {name: needed.resources.get(name) for name in known}
        for name, value in asked.items():
            if value is not None and value not in known[name]:
                raise SystemExit(
                    f"the profile gives {needed.rule.name} `{name}: {value}`, "
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


def job_of(rule, wildcards):
    """Return the planned job of a rule for these wildcards."""
    names = {name: value for name, value in wildcards.items() if name != "study"}
    if "prefix" in names:
        names["cell"] = f"{names.pop('prefix')}+{names.pop('stage')}"
    return job(STUDY, rule, **names)


def key_of(rule):
    """Return the function that gives a rule's one param: the planned job's key."""
    return lambda wildcards: job_of(rule, wildcards).key


def inputs_of(rule):
    """Return the function that gives a rule's inputs by name, as the planned job has them.

    Records decide what runs again (lib/records.py), not times and not Snakemake's memory: a current
    job's inputs are `ancient`, so that no time of change counts; a stale one is forced.
    """

    def inputs(wildcards):
        planned = job_of(rule, wildcards)
        decide = workflow.is_main_process  # a submitted job was decided before
        current = decide and not is_stale(planned)
        if decide and not current:
            workflow.dag.forcefiles.update(existing_files(planned))
        return {
            name: [
                (
                    ancient(f"{RESULTS}/{file.path}")
                    if current and is_settled(file.job)
                    else f"{RESULTS}/{file.path}"
                )
                for file in files_of(given)
            ]
            for name, given in planned.inputs.items()
        }

    return unpack(inputs)


def is_stale(planned):
    """Say whether anything that a job has left is not what is planned."""
    parts = planned.parts.values() or [planned]
    return any(existing_files(part) and not is_current(part, Path(RESULTS)) for part in parts)


def existing_files(planned):
    """Return the outputs of a job that are there."""
    paths = (f"{RESULTS}/{path}" for path in planned.outputs.values())
    return [path for path in paths if os.path.exists(path)]


@functools.cache
def is_settled(planned):
    """Say whether a job and all before it, as far as they are there, will not run again."""
    forced = {rule.name for rule in workflow.dag.forcerules}
    return (
        not is_stale(planned)
        and planned.rule not in forced
        and workflow.dag.forcefiles.isdisjoint(existing_files(planned))
        and all(map(is_settled, planned.parents))
    )


def made_late(targets):
    """Return the files that are as planned but for an input that was made anew since."""
    planned = dag_of(STUDY, targets)
    late = [job for job in planned if rests_on_older_inputs(job, Path(RESULTS))]
    return [path for job in late for path in existing_files(job)]
