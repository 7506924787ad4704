"""All completions of a cell's tasks in one queue, so that the device waits for a last one once.

Those that are expected to be long come first. What the queue's order changes is time alone: each
request has its own seed.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from lighteval.models.model_output import ModelResponse

from scripts.lib.console import report
from scripts.lib.engines.requests import Request, StreamingEngine
from scripts.lib.evaluation.completions import graded_text
from scripts.lib.evaluation.journal import Journal, Place
from scripts.lib.evaluation.judges import Judges
from scripts.lib.evaluation.lighteval_model import CheckpointModel
from scripts.lib.evaluation.metric import without_reasoning
from scripts.lib.evaluation.tasks import document

QUIET_SECONDS = 60.0  # between two lines of progress


class Task(NamedTuple):
    """A benchmark under a prompt, to be sampled: its problems, and where completions are kept."""

    name: str
    problems: list[dict[str, Any]]
    settings: dict[str, Any]
    journal: Journal
    expected_tokens: float  # of a completion, in any unit: it orders the tasks


class Wanted(NamedTuple):
    """A completion that is to be sampled."""

    task: Task
    problem: dict[str, Any]
    prompt: str
    place: Place
    request: Request


def sample_all(model: CheckpointModel, tasks: list[Task], judges: Judges) -> dict[str, int]:
    """Sample what the tasks' journals lack, and have it judged as it comes.

    The completions go to `model.sampled`. Returns the tokens that were generated, by task.
    """
    engine = model.engine
    assert isinstance(engine, StreamingEngine)
    wanted, samplings = [], {}
    for task in tasks:
        model.use(task.name, task.settings)
        samplings[task.name] = model.sampling
        model.sampled[task.name] = task.journal.known
        wanted += _wanted(model, task)
    wanted.sort(key=lambda one: (-one.task.expected_tokens, -len(one.request.prompt)))
    generated = dict.fromkeys((task.name for task in tasks), 0)
    reported = time.monotonic()
    asked = [(one.request, samplings[one.task.name]) for one in wanted]
    for count, (number, tokens) in enumerate(engine.stream(asked), start=1):
        one = wanted[number]
        one.task.journal.add(one.place, tokens)
        generated[one.task.name] += len(tokens)
        _judge(model.response(one.prompt, one.request.prompt, [tokens]), one, judges)
        if time.monotonic() - reported > QUIET_SECONDS:
            reported = time.monotonic()
            report(f"{count}/{len(wanted)} completions")
    return generated


def _wanted(model: CheckpointModel, task: Task) -> list[Wanted]:
    """Return what is to be sampled of a task, the samples of a problem one after the other."""
    docs = [document(row, task.name, task.settings["prompt"]) for row in task.problems]
    problems = {row["id"]: row for row in task.problems}
    texts, encoded = model.prompts_of(docs)
    prompts: Mapping[str, str] = dict(zip(problems, texts, strict=True))
    return [
        Wanted(task, problems[place[0]], prompts[place[0]], place, request)
        for place, request in model.requests_of(docs, encoded)
        if place not in task.journal.known
    ]


def _judge(response: ModelResponse, one: Wanted, judges: Judges) -> None:
    """Have a completion judged as it will be asked for: by the grader, and by LightEval."""
    gold, (text,) = one.problem["gold"], response.text
    rules = one.task.settings["grader"]["rules"]
    judges.graded((rules, gold, graded_text({"prompt": one.prompt, "completion": text})))
    doc = document(one.problem, one.task.name, one.task.settings["prompt"])
    judges.matched((doc.get_golds()[0], without_reasoning(response)[0]))
