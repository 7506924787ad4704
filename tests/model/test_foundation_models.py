"""What Table 1's models need: their chat template's settings, and memory."""

import pytest
import yaml

from scripts.lib.dag.jobs import job
from scripts.lib.engines.start import EngineSettings
from scripts.lib.files import write_json
from scripts.lib.machine.memory import available_memory, check_memory, evaluation_gb
from scripts.lib.model.chat_template import set_template_settings
from scripts.lib.study.validation import validated_study
from tests.training_case import tiny_model
from tests.workflow import ROOT

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
    with pytest.raises(SystemExit, match="may need 20.0 GB, but the SLURM job has 16.8 GB. Ask"):
        check_memory("openthinker-7b", 20)
    monkeypatch.delenv("SLURM_MEM_PER_NODE")
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "1000")
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "4")
    assert available_memory() == ("the SLURM job", pytest.approx(4.194, abs=1e-3))
    monkeypatch.delenv("SLURM_MEM_PER_CPU")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "0")
    assert available_memory()[0] == "the machine"
    monkeypatch.delenv("SLURM_MEM_PER_NODE")
    assert available_memory()[0] == "the machine"


def test_every_model_of_table_1_fits_an_h100_of_80_gb():
    study = validated_study(yaml.safe_load((ROOT / "config.yaml").read_text()), [])
    needs = {}
    for name, model in study.config["models"].items():
        settings = job(study, "evaluate", cell=name, seed=0, task="gsm8k").settings
        needs[name] = evaluation_gb(model, settings, EngineSettings())
    assert needs["qwen2.5-0.5b"] == pytest.approx(15.9, abs=0.1)
    assert needs["qwen2.5-math-7b-instruct"] == pytest.approx(24.7, abs=0.1)
    assert len(needs) == 12
    assert max(needs.values()) < 79.6 * 1.073741824, needs


def test_an_evaluation_that_cannot_fit_ends_before_a_model_is_loaded(tmp_path, monkeypatch):
    from tests.evaluation_case import make_model, run

    record = make_model(tmp_path / "model", seed=0)
    monkeypatch.setattr("scripts.lib.machine.memory.available_memory", lambda: ("the GPU", 1.0))
    with pytest.raises(SystemExit, match="toy.sft may need 20.0 GB"):
        run(tmp_path, record, {"gsm8k": 2}, memory_gb=20.0)


def test_a_sentencepiece_model_is_whole_with_its_vocabulary_and_refused_without(tmp_path):
    import sentencepiece

    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.stop_tokens import stop_ids_of

    folder = tmp_path / "model"
    folder.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        input=str(ROOT / "docs" / "statistics.md"),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=500,
        model_type="bpe",
        byte_fallback=True,
        minloglevel=2,
    )
    write_json(folder / "config.json", {"model_type": "llama", "vocab_size": 500})
    settings = {"tokenizer_class": "LlamaTokenizer", "eos_token": "</s>", "unk_token": "<unk>"}
    template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}</s>{% endfor %}"
    write_json(folder / "tokenizer_config.json", settings | {"chat_template": template})
    tokenizer = load_tokenizer(folder)
    assert len(tokenizer) == 500
    assert tokenizer.convert_ids_to_tokens(stop_ids_of(folder, tokenizer)) == ["</s>"]
    (folder / "tokenizer.model").unlink()
    with pytest.raises(SystemExit, match="a vocabulary of 3 tokens"):
        load_tokenizer(folder)
