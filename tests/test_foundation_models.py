"""What Table 1's models need: their chat template's settings, and memory."""

import pytest

from scripts.lib.chat_template import set_template_settings
from scripts.lib.memory import available_memory, check_memory
from tests.training_case import tiny_model

# As Qwen3's: an empty thought stands in the prompt where thinking is switched off.
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% endif %}"
    "{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    from transformers import AutoTokenizer

    record = tiny_model(tmp_path_factory.mktemp("tiny"))
    return AutoTokenizer.from_pretrained(record.parent / "checkpoint")


@pytest.mark.parametrize(
    ("settings", "thought"),
    [({}, False), ({"enable_thinking": True}, False), ({"enable_thinking": False}, True)],
)
def test_thinking_is_switched_in_the_prompt_itself(tokenizer, settings, thought):
    tokenizer.chat_template = TEMPLATE
    set_template_settings(tokenizer, settings)
    turns = [{"role": "user", "content": "2+2?"}]
    prompt = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert prompt.startswith("<|im_start|>user")
    assert prompt.endswith("</think>\n\n") == thought


def test_a_model_that_needs_more_memory_than_the_job_has_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "16000")
    assert available_memory() == ("the SLURM job", pytest.approx(16.777, abs=1e-3))
    check_memory("qwen2.5-0.5b", 4)
    with pytest.raises(
        SystemExit, match="needs 20 GB, but the SLURM job has 16.8 GB. Ask for more"
    ):
        check_memory("openthinker-7b", 20)
    monkeypatch.delenv("SLURM_MEM_PER_NODE")
    assert available_memory()[0] == "the machine"
