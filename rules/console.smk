"""The console of a run: one line per job, failures, the end (scripts/lib/progress).

INPUTS:  none
OUTPUTS: none: lines on the console; everything that Snakemake says is in .snakemake/log/
"""

import subprocess
import time
import warnings

from scripts.lib.machine.devices import nvidia_smi
from scripts.lib.price.costs import ON_DEVICE
from scripts.lib.price.hardware import machine_of, within_partition
from scripts.lib.price.measured import kind_of
from scripts.lib.price.total import price_of
from scripts.lib.progress.forecast import Forecast
from scripts.lib.progress.handler import take_console, width_of
from scripts.lib.progress.watch import RunJob, Watch

# Snakemake's own, harmless: it asks for resources of rules without waiting for the answer.
warnings.filterwarnings("ignore", r"coroutine .* was never awaited", RuntimeWarning)


def take_console_of_run():
    """Return the console if this Snakemake is to run jobs; None if its own is asked for.

    `-p`, `--verbose`, `--debug-dag` and a `--quiet` of other things keep Snakemake's.
    """
    output = workflow.output_settings
    asked = output.verbose or output.printshellcmds or output.debug_dag or output.dryrun
    others = {str(quiet) for quiet in output.quiet or ()} - {"host", "reason"}
    if asked or others or not workflow.is_main_process or "--lint" in sys.argv:
        return None
    return take_console(workflow.logger_manager.logger)


def written(name, resources):
    """Return a resource as a profile or the command line writes it; nothing without it."""
    value = (resources or {}).get(name)
    return str(getattr(value, "raw", value) or "")


def resource(name, resources):
    """Return a resource that is given as a number; None without it, or of an expression."""
    text = written(name, resources)
    return int(text) if text.isdigit() else None


@functools.cache
def machine_at_hand():
    """Return how many devices jobs find side by side on this machine or cluster."""
    settings = workflow.resource_settings
    limits = {name: resource(name, settings.resources) for name in ("gpu", "mem_mb")}
    machine = machine_of(
        config["costs"],
        settings.cores,
        {name: value for name, value in limits.items() if value is not None},
        resource("mem_mb", settings.default_resources),
        nvidia_smi("name") if limits["gpu"] else (),
    )
    if workflow.executor_plugin.name != "slurm":
        return machine
    return within_partition(machine, *partition_at_hand())


def partition_at_hand():
    """Return the partition of the trainings and what sinfo says of all; nothing if it is silent."""
    asked = written("slurm_partition", workflow.get_rule("train_grpo").resources)
    command = ["sinfo", "-h", "-o", "%P %l %D %G"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return "", ""
    usual = re.search(r"^(\S+)\* ", run.stdout, re.MULTILINE)
    return asked or (usual[1] if usual else ""), run.stdout.replace("* ", " ")


def planned_of(job):
    """Return the planned job of one of Snakemake's; None of a target such as `all`."""
    name = job.rule.name
    for variant in UNDER_PROMPTS:
        name = name.removesuffix(f"_{variant}")
    return job_of(name, job.wildcards_dict) if name in ENTRIES else None


def show_run(targets):
    """Show the jobs of this run from now on."""
    if CONSOLE is None:
        return
    if set(targets) == {"plan"}:
        CONSOLE.quiet = True
        return
    jobs = {
        job: planned
        for level in workflow.dag.toposorted()
        for job in level
        if workflow.dag.needrun(job) and (planned := planned_of(job))
    }
    if not jobs:
        return
    submits = workflow.executor_plugin.name == "slurm"
    shown = {
        workflow.dag.jobid(job): RunJob(
            job.message or job.rule.name,
            Path(job.log[0]) if job.log else None,
            submits and not job.is_local,
            planned.rule in ON_DEVICE,
        )
        for job, planned in jobs.items()
    }
    forecast, told = forecast_of(jobs)
    watch = Watch(shown, forecast, time.time(), width_of(CONSOLE.stream))
    CONSOLE.start(watch, f"{len(jobs)} jobs{told}")


def forecast_of(jobs):
    """Return the forecast of {Snakemake's job: planned job}, and what it says; None without a price."""
    machine = machine_at_hand()
    try:
        tokens = json.loads(tokens_per_pass(None))
        price = price_of(STUDY, Path("results"), tokens, machine.devices)
        seconds = {
            job: price.likely.get(planned) or price.model.seconds(planned)
            for job, planned in jobs.items()
        }
    except SystemExit as error:  # `plan` cannot price the study, which runs all the same
        return None, f"; time left unknown: {error}"
    number = workflow.dag.jobid
    forecast = Forecast(
        dag={
            number(job): [
                number(before) for before in workflow.dag.dependencies[job] if before in jobs
            ]
            for job in jobs
        },
        predicted={number(job): value for job, value in seconds.items()},
        kinds={number(job): kind_of(STUDY, planned) for job, planned in jobs.items()},
        slots=machine.devices,
    )
    _, left = forecast.share_and_seconds_left({}, {})
    return forecast, f", about {spell(left)} by the cost model (docs/price.md)"


def show_end():
    """Show how the run ended and, after the whole study, what it found."""
    if CONSOLE is None:
        return
    CONSOLE.end(shlex.join(["snakemake", *sys.argv[1:]]))


def show_summary(targets):
    """Print the tables, the conclusions, the times and where everything is."""
    if CONSOLE is None or "all" not in targets:
        return
    summary = [sys.executable, "-m", "scripts.print_summary", RESULTS]
    environment = os.environ | {"PYTHONPATH": str(workflow.basedir)}
    subprocess.run(summary, env=environment, stdout=CONSOLE.stream.fileno(), check=False)


CONSOLE = take_console_of_run()
