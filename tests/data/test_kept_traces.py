"""Traces sampled by an engine that streams: what a killed job has is not sampled again."""

import pytest

from scripts.lib.engines.requests import Request, Sampling
from scripts.sample_traces import completions_of

SAMPLING = Sampling(1.0, 1.0, 0, 1.0, [0], seed=0)
REQUESTS = [Request([number], 4, seed=number) for number in range(6)]


class Streaming:
    """An engine whose answer to a request is its seed, the last first; it dies after `lives`."""

    facts: dict = {}

    def __init__(self, lives: int = 99) -> None:
        self.lives, self.asked = lives, []

    def generate(self, requests, sampling):
        raise AssertionError("it streams")

    def stream(self, asked):
        self.asked = [request.seed for request, _ in asked]
        for count, number in enumerate(reversed(range(len(asked)))):
            if count == self.lives:
                raise KeyboardInterrupt
            yield number, [asked[number][0].seed, 0]

    def close(self):
        pass


def test_a_killed_job_samples_what_is_missing_and_ends_with_the_same(tmp_path):
    whole = completions_of(Streaming(), REQUESTS, SAMPLING, tmp_path / "whole")
    assert whole == [[number, 0] for number in range(6)]
    with pytest.raises(KeyboardInterrupt):
        completions_of(Streaming(lives=4), REQUESTS, SAMPLING, tmp_path / "killed")
    kept = tmp_path / "killed" / "completions.jsonl"
    kept.write_bytes(kept.read_bytes()[:-3])  # the kill tore the last line
    again = Streaming()
    assert completions_of(again, REQUESTS, SAMPLING, tmp_path / "killed") == whole
    assert again.asked == [0, 1, 2]
