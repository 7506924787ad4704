"""LightEval's own extractive match for every sampled completion, as a LightEval metric."""

from collections.abc import Callable
from typing import Any

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation, SamplingMetric
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod
from lighteval.utils.utils import remove_reasoning_tags

from scripts.lib.evaluation.completions import opened_thought
from scripts.lib.evaluation.lighteval_judge import Pair, judge

METRIC = "extractive_match"
TAGS = [("<think>", "</think>")]

Judging = Callable[[list[Pair]], list[bool | None]]


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

    def __init__(self, samples: int, judging: Judging):
        """Take the number of completions a problem gets, and what judges them."""
        super().__init__()
        self.samples, self.judging = samples, judging

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
        verdicts = iter(self.judging(pairs))
        means = []
        for doc, response in zip(docs, responses, strict=True):
            of_problem = [next(verdicts) for _ in response.final_text]
            doc.specific[METRIC] = of_problem
            means.append(float(np.mean([verdict is True for verdict in of_problem])))
        return means


def sampled_extractive_match(samples: int, judging: Judging = judge) -> SampleLevelMetric:
    """Return the metric of one benchmark; LightEval hands it all completions at once."""
    return SampleLevelMetric(
        metric_name=METRIC,
        sample_level_fn=SampledExtractiveMatch(samples, judging),
        category=SamplingMethod.GENERATIVE,
        corpus_level_fn=np.mean,
        higher_is_better=True,
        batched_compute=True,
    )
