"""The demo's roots have read every token that a target of its trainings holds."""

from collections import Counter

import pytest
import yaml

from scripts.build_tokenizer import END_OF_TEXT, train_tokenizer
from scripts.lib.data.prompts import target
from scripts.lib.toy.corpus import documents
from scripts.lib.toy.word_problems import generate
from tests.workflow import ROOT

DOCUMENTS = 3000  # of the thousands that a root reads
LEAST = 10  # times that it reads a token
PAPER, DEMO = (
    yaml.safe_load((ROOT / name).read_text()) for name in ("config.yaml", "demo/study.yaml")
)
PROMPTS = PAPER["prompts"]
TURN_END = "<|im_end|>\n"


@pytest.fixture(scope="module")
def tokenizer():
    settings = DEMO["tokenizers"]["toy"]
    return train_tokenizer(settings["corpus"], PROMPTS, settings["vocab_size"], settings["seed"])


def tokens_of(model, tokenizer):
    """Return how often a model built on the toy corpora reads each token as text to be written."""
    build = DEMO["models"][model]["build"]
    pairs = documents(build["corpus"], PROMPTS, tokenizer, DOCUMENTS, build["seed"], build["eos"])
    counts = Counter(token for _, text in pairs for token in tokenizer.encode(text))
    return counts + (tokens_of(build["start"], tokenizer) if "start" in build else Counter())


def targets(stage, tokenizer):
    """Return targets of the stages sft (GSM8K's solutions) and kd (the teacher's texts)."""
    generated = DEMO["datasets"]["toy-gsm8k"]["generate"]
    problems = generate(generated["tiers"], 500, "targets", "train")
    if stage == "sft":
        return [target(p.solution(), rf"\boxed{{{p.answer}}}")[0]["content"] for p in problems]
    corpus = {
        "tiers": generated["tiers"],
        "careless": 0.0,
        "documents": [{"form": "training", "trace": "long", "tags": True, "weight": 1}],
    }
    return [text for _, text in documents(corpus, PROMPTS, tokenizer, 500, "targets", "")]


@pytest.mark.parametrize("root", ["toy-base", "toy-instruct"])
@pytest.mark.parametrize("stage", ["sft", "kd"])
def test_a_root_has_read_every_token_of_a_target(stage, root, tokenizer):
    read = tokens_of(root, tokenizer)
    ends = {*tokenizer.encode(TURN_END), *tokenizer.encode(END_OF_TEXT)}  # learnt by the training
    wanted = Counter(
        token for text in targets(stage, tokenizer) for token in tokenizer.encode(text)
    )
    unread = {
        tokenizer.decode(token): (count, read[token])
        for token, count in wanted.items()
        if read[token] < LEAST and token not in ends
    }
    assert not unread, "token: (times in targets, times read)"
