"""LightEval's own extractive match for every sampled completion, as a LightEval metric.

LightEval limits its parsing by SIGALRM, which a long computation in C outlives; so it runs in a
process of its own, which is killed at a hard limit. Its verdict then counts as wrong, and the
record says how often.
"""

import functools
import logging
import multiprocessing
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from lighteval.metrics.dynamic_metrics import (
    ExprExtractionConfig,
    LatexExtractionConfig,
    MultilingualExtractiveMatchMetric,
)
from lighteval.metrics.metrics_sample import SampleLevelComputation, SamplingMetric
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod
from lighteval.utils.utils import remove_reasoning_tags

from scripts.lib.evaluation.completions import opened_thought

METRIC = "extractive_match"
TAGS = [("<think>", "</think>")]
# LightEval's own limits are 5 seconds for each of its steps; this one is for their sum.
HARD_LIMIT_SECONDS = 20.0


# It would log every completion that it finds no answer in; they are all in the details.
logging.getLogger("lighteval.metrics.dynamic_metrics").setLevel(logging.ERROR)


@functools.cache
def extractive_match() -> MultilingualExtractiveMatchMetric:
    """Return the match that LightEval's mathematics tasks use: a box wins over other results."""
    return MultilingualExtractiveMatchMetric(
        gold_extraction_target=(LatexExtractionConfig(),),
        pred_extraction_target=(
            ExprExtractionConfig(),
            LatexExtractionConfig(boxed_match_priority=0),
        ),
        precision=5,
    )


def _matches(gold: str, text: str) -> bool:
    """Return LightEval's verdict; a gold is wrapped as LaTeX, bare it may parse to a part."""
    doc = Doc(query="", choices=[f"${gold}$"], gold_index=0)
    return extractive_match().compute(doc, ModelResponse(text=[text])) == 1.0


@functools.cache
def _warm_up() -> None:
    """Compile LightEval's expressions once here, and not anew in every forked process."""
    _matches("1", r"\boxed{1}")


def _judge_requests(requests: Connection, asking: Connection) -> None:
    """Answer (gold, text) pairs until nobody asks; where LightEval raises, the verdict is None."""
    asking.close()  # inherited; with it open, the end of the asking process would go unnoticed
    while True:
        try:
            gold, text = requests.recv()
        except EOFError:
            return
        try:
            verdict = _matches(gold, text)
        except Exception:
            verdict = None
        requests.send(verdict)


def judge(pairs: list[tuple[str, str]], limit: float = HARD_LIMIT_SECONDS) -> list[bool | None]:
    """Return LightEval's verdict on each (gold, completion); None where it came to none."""
    _warm_up()
    # A forked process has LightEval imported already; importing it takes seconds.
    context = multiprocessing.get_context("fork")
    verdicts: list[bool | None] = []
    while len(verdicts) < len(pairs):
        ours, theirs = context.Pipe()
        worker = context.Process(target=_judge_requests, args=(theirs, ours), daemon=True)
        worker.start()
        theirs.close()
        try:
            verdicts += _ask(ours, pairs[len(verdicts) :], limit)
        finally:
            worker.kill()
            worker.join()
            ours.close()
    return verdicts


def _ask(worker: Connection, pairs: list[tuple[str, str]], limit: float) -> list[bool | None]:
    """Return verdicts in order, up to and with the first pair that the worker did not survive."""
    verdicts: list[bool | None] = []
    for pair in pairs:
        try:
            worker.send(pair)
            answered = worker.poll(limit)
            verdicts.append(worker.recv() if answered else None)
        except (EOFError, OSError):
            answered = False
            verdicts.append(None)
        if not answered:
            break
    return verdicts


def without_reasoning(response: ModelResponse) -> list[str]:
    """Return the texts that LightEval judges, without reasoning.

    LightEval removes what stands between the two tags; where the chat template wrote the first one,
    it stands in the prompt.
    """
    opened = opened_thought(str(response.input or ""))
    if not opened:
        return list(response.final_text)
    return [remove_reasoning_tags(opened + text, TAGS) for text in response.text]


class SampledExtractiveMatch(SamplingMetric, SampleLevelComputation):
    """Mean extractive match over a problem's samples, each verdict kept in the details.

    LightEval's own avg@n judges the text with its reasoning in it, and its pass@1 divides wrongly
    for more than eight samples (lighteval#771); this one judges what LightEval's single-sample
    tasks judge, the text without reasoning, and is right for any number.
    """

    def __init__(self, samples: int):
        """Take the number of completions a problem gets."""
        super().__init__()
        self.samples = samples

    def num_samples(self) -> int:
        """Return how many completions LightEval asks the model for."""
        return self.samples

    def compute(self, responses: list[ModelResponse], docs: list[Doc], **_: Any) -> list[float]:
        """Return each problem's mean; the verdicts go to `doc.specific`."""
        pairs = [
            (doc.get_golds()[0], text)
            for doc, response in zip(docs, responses, strict=True)
            for text in without_reasoning(response)
        ]
        verdicts = iter(judge(pairs))
        means = []
        for doc, response in zip(docs, responses, strict=True):
            of_problem = [next(verdicts) for _ in response.final_text]
            doc.specific[METRIC] = of_problem
            means.append(float(np.mean([verdict is True for verdict in of_problem])))
        return means


def sampled_extractive_match(samples: int) -> SampleLevelMetric:
    """Return the metric of one benchmark; LightEval hands it all completions at once."""
    return SampleLevelMetric(
        metric_name=METRIC,
        sample_level_fn=SampledExtractiveMatch(samples),
        category=SamplingMethod.GENERATIVE,
        corpus_level_fn=np.mean,
        higher_is_better=True,
        batched_compute=True,
    )
