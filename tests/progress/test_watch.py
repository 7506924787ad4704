"""The console's lines, from events as Snakemake's logger sends them."""

import io
import logging
import os
import re
import time

import pytest

from scripts.lib.progress.forecast import Forecast
from scripts.lib.progress.handler import SNAKEMAKES, take_console
from scripts.lib.progress.logs import reason_of
from scripts.lib.progress.watch import RunJob, Watch

TRAIN = "train_grpo toy-instruct+sft-lora+rl seed-0"  # the longest name of the demo


@pytest.fixture
def watch(tmp_path):
    """Return a watch over a short job, a long one, and one that waits for the long one."""
    jobs = {
        1: RunJob("load_problems toy", tmp_path / "1.log"),
        2: RunJob(TRAIN, tmp_path / "2.log", steps=True),
        3: RunJob("evaluate toy seed-0", tmp_path / "3.log"),
    }
    forecast = Forecast(
        {1: [], 2: [1], 3: [2]}, {1: 1.0, 2: 100.0, 3: 20.0}, {1: "a", 2: "b", 3: "c"}, 1
    )
    return Watch(jobs, forecast, began=time.time())


def report(watch, number, text):
    with watch.jobs[number].log.open("a") as log:
        log.write(f"[12:00:00] {text}\nloss=0.1 step=1\n")


def test_a_line_per_job_that_ends_and_one_where_a_long_one_starts(watch):
    t = watch.began
    assert watch.started(1, t) == []
    (line,) = watch.finished(1, t + 1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d   0%  2\.0 min done  load_problems toy, 1 s", line)
    (line,) = watch.started(2, t + 1)
    assert line.endswith(f" start {TRAIN}")
    (line,) = watch.finished(2, t + 115)
    assert line.endswith(f" done  {TRAIN}, 114 s")
    assert len(line) <= 80
    watch.started(3, t + 115)
    assert "100%" in watch.finished(3, t + 140)[0]
    assert watch.end(t + 140, "snakemake all") == ["3 jobs done in 2.3 min."]


def test_steps_come_at_a_bounded_rate_and_only_when_new(watch):
    t = watch.began
    watch.started(2, t)
    report(watch, 2, f"{TRAIN}: step 10/40, reward 0.5")
    assert watch.tick(t + 30) == []
    (line,) = watch.tick(t + 61)
    assert line.endswith(f" at    {TRAIN}: step 10/40, reward 0.5")
    assert "3.4 min" in line  # three quarters are left of 10 in 61 s, then the evaluation
    assert watch.tick(t + 200) == []  # nothing new
    report(watch, 2, f"{TRAIN}: step 20/40, reward 0.6")
    assert watch.tick(t + 230) == []
    assert len(watch.tick(t + 270)) == 1
    lines = 0
    for second in range(0, 12 * 3600, 60):
        watch.jobs[2].log.write_text(f"[12:00:00] step {second + 1}/90000\n")
        lines += len(watch.tick(t + 300 + second))
    assert 20 < lines < 60


def test_the_steps_of_a_job_that_is_done_are_not_told_but_its_collapse_is(watch):
    for text, lines in ((f"{TRAIN}: done after 40 steps", 1), (f"{TRAIN}: collapsed: loss nan", 2)):
        watch.started(2, watch.began)
        report(watch, 2, text)
        assert len(watch.finished(2, watch.began + 1)) == lines


def test_a_short_jobs_report_is_not_lost(watch):
    watch.started(1, watch.began)
    report(watch, 1, "toy: targets hold tokens that look untrained")
    lines = watch.finished(1, watch.began + 1)
    assert [line.strip() for line in lines][1:] == ["toy: targets hold tokens that look untrained"]


def test_a_failure_says_why_where_and_what_to_type(watch):
    t = watch.began
    watch.started(1, t)
    watch.finished(1, t + 1)
    watch.started(2, t + 1)
    watch.jobs[2].log.write_text("loss=1 step=1\nresults/x.json: its sha256 is 1, not 2\n")
    lines = watch.failed(2, t + 13)
    assert lines[0].endswith(f" FAIL  {TRAIN}, 12 s")
    assert [line.split(maxsplit=1) for line in lines[1:]] == [
        ["why", "results/x.json: its sha256 is 1, not 2"],
        ["log", str(watch.jobs[2].log)],
    ]
    end = "\n".join(watch.end(t + 13, "snakemake --profile demo all"))
    assert "1 job failed, 1 done in 13 s." in end
    assert "1 job did not run, for want of their files." in end
    assert "its sha256 is 1" in end and "type again:\n  snakemake --profile demo all" in end


def test_a_log_of_an_earlier_run_gives_no_reason(watch):
    watch.jobs[2].log.write_text("an old mistake\n")
    os.utime(watch.jobs[2].log, (1, 1))
    watch.started(2, watch.began)
    assert "its log does not say why" in watch.failed(2, watch.began + 5, "")[1]
    assert "killed" in watch.failed(2, watch.began + 5, "killed")[1]


def test_a_training_that_was_stopped_says_where_it_goes_on(watch):
    watch.started(2, watch.began)
    report(watch, 2, f"{TRAIN}: stopped by SIGTERM; resumes from step 12")
    why = watch.failed(2, watch.began + 5, "exit code 75")[1]
    assert why.endswith(f"why   exit code 75; {TRAIN}: stopped by SIGTERM; resumes from step 12")


def test_a_submitted_job_starts_when_its_log_appears(watch, tmp_path):
    jobs = {2: RunJob(TRAIN, tmp_path / "2.log", submitted=True)}
    cluster = Watch(jobs, watch.forecast, watch.began)
    t = watch.began
    assert cluster.started(2, t) == []
    assert cluster.tick(t + 61)[0].endswith("0 jobs run, 1 wait in the queue")
    report(watch, 2, f"{TRAIN}: step 10/40")
    assert cluster.tick(t + 65)[0].endswith(f" start {TRAIN}")
    assert cluster.running == {2: t + 65}


def test_a_tried_again_job_is_no_failure_at_the_end(watch):
    watch.started(1, watch.began)
    watch.failed(1, watch.began + 1)
    assert watch.again(1, watch.began + 2)[0].endswith(" again load_problems toy")
    watch.started(1, watch.began + 2)
    watch.finished(1, watch.began + 3)
    assert watch.end(watch.began + 3, "snakemake")[0].endswith("1 job done in 3 s.")


def test_lines_fit_a_terminal_and_stay_whole_without_one(watch):
    long = "results/" + "a/" * 9 + "b.json: " + "its sha256 is not that of its record; " * 3
    for width in (80, None):
        watch.width = width
        watch.started(2, watch.began)
        watch.jobs[2].log.write_text(long)
        lines = watch.failed(2, watch.began + 5)
        if width:  # a path stays whole, to be copied
            assert max(len(line) for line in lines if str(watch.jobs[2].log) not in line) <= 80
        else:
            assert len(lines) == 3


def test_without_a_price_jobs_are_counted(watch):
    watch.forecast = None
    watch.started(1, watch.began)
    (line,) = watch.finished(1, watch.began + 1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d  1/3 +done  load_problems toy, 1 s", line)


TRACED = "Traceback (most recent call last):\n  File x\nValueError: a\nException ignored\n"
TOLD = "a warning: b\nx.json: no such file\n[12:00:00] step 1/2\nloss=1 step=1\n"


@pytest.mark.parametrize(
    ("log", "reason"), [(TRACED, "ValueError: a"), (TOLD, "x.json: no such file"), ("", "")]
)
def test_the_reason_is_the_exception_or_the_last_line(log, reason):
    assert reason_of(log) == reason


# ------------------------------------------------------------------------------ Snakemake's records


@pytest.fixture
def console():
    """Return a console in the place of Snakemake's, its logger and what is printed."""
    logger, stream = logging.Logger("recorded"), io.StringIO()
    snakemakes = logging.StreamHandler(stream)
    snakemakes.name = SNAKEMAKES
    logger.addHandler(snakemakes)
    console = take_console(logger)
    assert logger.handlers == [console]
    yield console, logger, stream
    console.close()


RECORDED = [  # as Snakemake 9.27 sent them
    ("info", "Select jobs to execute...", {}),
    ("info", "Execute 1 jobs...", {"event": "job_started", "jobs": [1]}),
    ("info", " Rule: load_problems, Jobid: 1", {"event": "job_info", "jobid": 1}),
    ("info", "Shell command: exec", {"event": "shellcmd", "shellcmd": "exec"}),
    ("info", "Finished jobid: 1 (Rule: load_problems)", {"event": "job_finished", "job_id": 1}),
    ("info", None, {"event": "progress", "done": 1, "total": 4}),
    ("info", " Rule: train_grpo, Jobid: 2", {"event": "job_info", "jobid": 2}),
    (
        "error",
        "RuleException:\nCalledProcessError in file ...\nreturned non-zero exit status 137.",
        {"event": "error", "exception": "RuleException"},
    ),
    (
        "error",
        "Error in rule train_grpo, jobid: 2",
        {"event": "job_error", "jobid": 2, "rule_msg": None},
    ),
    ("info", "Trying to restart job 2.", {}),
    ("info", " Rule: all, Jobid: 0", {"event": "job_info", "jobid": 0}),
    ("warning", "the disk is nearly full", {}),
    ("error", "Exiting because a job execution failed. Look below for error messages", {}),
]


def test_snakemakes_records_become_lines(console, watch):
    handler, logger, stream = console
    logger.info("table of jobs", extra={"event": "run_info"})
    logger.info("Building DAG of jobs...")
    handler.start(watch, "3 jobs")
    for level, text, extra in RECORDED:
        getattr(logger, level)(text, extra=extra)
    clock = re.compile(r"^\d\d:\d\d:\d\d +\d+% +[\d.]+ \w+ ")
    states = [clock.sub("", line) for line in stream.getvalue().splitlines()]
    assert [line for line in states if not line.startswith(" ")] == [
        "Building DAG of jobs...",
        "3 jobs",
        "Time     Done     Left Job",
        "done  load_problems toy, 0 s",
        f"start {TRAIN}",
        f"FAIL  {TRAIN}, 0 s",
        f"again {TRAIN}",
        "the disk is nearly full",
    ]
    assert "killed (exit code 137: often for want of memory)" in stream.getvalue()


def test_what_data_hold_does_nothing_to_the_terminal(console, watch):
    handler, logger, stream = console
    handler.start(watch, "3 jobs")
    watch.jobs[2].log.write_text("SystemExit: row 1: \x1b]0;mine\x07 and \u202eleft\n")
    logger.info("", extra={"event": "job_info", "jobid": 2})
    logger.error("", extra={"event": "job_error", "jobid": 2, "rule_msg": None})
    assert "<U+001B>]0;mine<U+0007> and <U+202E>left" in stream.getvalue()
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_mistake_of_the_console_ends_no_run(console, watch, capsys):
    handler, logger, stream = console
    handler.start(watch, "3 jobs")
    watch.finished = None
    logger.info("Finished jobid: 1", extra={"event": "job_finished", "job_id": 1})
    assert "Finished jobid: 1" in stream.getvalue()


def test_a_closed_pipe_ends_no_run(console, watch):
    handler, logger, _ = console

    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    handler.stream = Closed()
    handler.start(watch, "3 jobs")
    logger.info("", extra={"event": "job_info", "jobid": 1})
    assert 1 in watch.running
