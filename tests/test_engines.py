"""Engines by their one interface: transformers, with a tiny random model, and what both share."""

from pathlib import Path

import pytest

from scripts.lib.engines.requests import Request, Sampling, seed_of
from scripts.lib.engines.start import start_engine
from scripts.lib.evaluation.journal import generated
from scripts.sample_traces import sample
from tests.evaluation_case import SETTINGS, TRANSFORMERS, make_model


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"), seed=0).parent / "checkpoint"


@pytest.fixture
def engine(checkpoint):
    engine = start_engine(TRANSFORMERS, checkpoint, "float32", 128, batch_size=4)
    yield engine
    engine.close()


def test_seeds_differ_by_every_fact_and_repeat():
    seeds = {seed_of("gsm8k", seed, p, s) for seed in (0, 1) for p in "ab" for s in range(3)}
    assert len(seeds) == 12
    assert seed_of("gsm8k", 0, "a", 0) == seed_of("gsm8k", 0, "a", 0) < 2**32


@pytest.mark.slow
def test_the_seed_of_the_sampling_decides_and_nothing_before_it(engine):
    requests = [Request([5, 6, 7 + n], 8, seed=n) for n in range(6)]
    sampling = Sampling(0.6, 0.95, 0, 1.0, [0], seed=3)
    first = engine.generate(requests, sampling)
    assert engine.generate(requests, sampling) == first
    assert engine.generate(requests, sampling._replace(seed=4)) != first


@pytest.mark.slow
def test_what_was_killed_goes_on_behind_its_last_batch_with_the_same_tokens(
    engine, tmp_path, monkeypatch
):
    requests = [Request([5, 6, 7 + n], 8, seed=n) for n in range(10)]
    sampling = Sampling(1.0, 1.0, 0, 1.0, [0], seed=3)
    path = tmp_path / "completions.jsonl"
    whole = engine.generate(requests, sampling)
    generate, asked = engine._generate_batch, []

    def killed(batch, sampling):
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(len(batch))
        return generate(batch, sampling)

    monkeypatch.setattr(engine, "_generate_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        generated(engine, requests, sampling, path)
    with path.open("a") as file:
        file.write('["cpu", "00')  # of the kill
    asked.clear()
    assert generated(engine, requests, sampling, path) == whole
    assert asked == [2]
    assert generated(engine, requests, sampling, path) == whole
    assert asked == [2]


@pytest.mark.slow
def test_a_completion_ends_with_its_first_stop_token_or_at_its_own_limit(engine):
    requests = [Request([5, 6, 7 + n], 4 + n % 3, seed=n) for n in range(40)]
    free = engine.generate(requests, Sampling(1.0, 1.0, 0, 1.0, [0], seed=0))
    stop = free[0][1]  # some token that is sampled
    stopped = engine.generate(requests, Sampling(1.0, 1.0, 0, 1.0, [0, stop], seed=0))
    assert stopped[0] == free[0][: free[0].index(stop) + 1]
    for tokens, request in zip(stopped, requests, strict=True):
        assert not {0, stop} & set(tokens[:-1])
        assert tokens[-1] in (0, stop) or len(tokens) == request.max_new_tokens


@pytest.mark.slow
def test_batches_keep_the_order_of_requests_and_make_room_for_long_prompts(engine, monkeypatch):
    batches = []

    def answer(batch, sampling):
        batches.append(batch)
        return [[request.seed] for request in batch]

    monkeypatch.setattr(engine, "_generate_batch", answer)
    lengths = [9, 9, 9, 9, 9, 1024, 9, 9, 9, 2048, 9, 9, 5000, 9]
    requests = [Request([1] * length, 4, seed=n) for n, length in enumerate(lengths)]
    sampling = Sampling(0.6, 0.95, 0, 1.0, [0], seed=0)
    assert engine.generate(requests, sampling) == [[n] for n in range(len(requests))]
    assert [len(batch) for batch in batches] == [4, 4, 2, 1, 1, 1, 1]


@pytest.mark.slow
def test_a_trace_ends_at_the_stop_token_that_its_teacher_alone_declares(
    checkpoint, tmp_path, monkeypatch
):
    import torch
    from transformers import AutoTokenizer

    from scripts.lib.engines.transformers import TransformersEngine

    own = AutoTokenizer.from_pretrained(checkpoint).convert_tokens_to_ids("<|own_stop|>")
    start = TransformersEngine.__init__

    def start_saying_own_stop(self, *arguments):
        start(self, *arguments)
        head = self.model.get_output_embeddings()
        only = torch.nn.functional.one_hot(torch.tensor(own), head.out_features) * 1000.0
        head.register_forward_hook(lambda _, __, logits: logits + only)

    monkeypatch.setattr(TransformersEngine, "__init__", start_saying_own_stop)
    sampled = sample(checkpoint, ["one", "and two"], SETTINGS, TRANSFORMERS, tmp_path)
    assert sampled[:3] == (["", ""], [True, True], 2)
    assert sampled.cut_off == 0.0
