"""Other families' models go through every path of the study, or are refused in one line.

docs/models.md has the table; a family's row is compared with what the paths do here.
"""

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from scripts.lib.data.prompts import messages
from scripts.lib.files import read_json, read_jsonl, write_json, write_jsonl
from scripts.lib.model.weights import required_checkpoint
from scripts.lib.study.uses import Use
from tests.model.families import FAMILIES, POSITIONS, Family, make_checkpoint
from tests.model.test_stop_tokens import SETTINGS, changed, input_rows, output_rows, problems, say
from tests.training_case import GRPO, LORA, SFT, case, run_case
from tests.workflow import ROOT

PATHS = ("evaluation", "system message", "teacher", "SFT", "LoRA", "LoRA, token rows", "GRPO")
RIGHT, REFUSED, FOLDED = "right", "refused", "by `fold_system`"
PLAIN = {"system": None, "user": "{question}"}
SYSTEM = {"system": "Think first.", "user": "{question}"}
SHORT = {"max_steps": 2, "save_steps": 2}


def table() -> dict[str, dict[str, str]]:
    """Return the page's table: {family: {path: what it does}}."""
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    heads = next(row for row in rows if row[0] == "family")
    return {
        row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows if row[0] in FAMILIES
    }


def test_the_page_has_every_family_and_counts_them():
    rows = table()
    assert list(rows) == list(FAMILIES)
    assert all(tuple(row) == PATHS for row in rows.values())
    cells = [cell for row in rows.values() for cell in row.values()]
    assert set(cells) == {RIGHT, REFUSED, FOLDED}
    counted = f"{len(cells)} pairs: {cells.count(RIGHT)} are right, {cells.count(FOLDED)} are right"
    page = " ".join((ROOT / "docs" / "models.md").read_text(encoding="utf-8").split())
    assert counted in page
    assert f"{cells.count(REFUSED)} are refused" in page


# ------------------------------------------------------------------------------------- the paths


class Case:
    """A family's checkpoint, and its trip through each path; a path that is wrong fails here."""

    def __init__(self, name: str, folder: Path, **settings: Any):
        self.family: Family = FAMILIES[name]
        self.folder = folder
        self.record = make_checkpoint(folder / "model", name)
        self.settings = self.family.template_settings | settings

    def enter(self, *recipes: dict[str, Any], prompt: dict[str, Any] = PLAIN) -> None:
        from scripts.lib.model.integrity import require_files
        from scripts.lib.model.usable import require_usable

        checkpoint = required_checkpoint(self.record)
        require_files(checkpoint, "models.tiny")
        require_usable(checkpoint, Use(self.settings, [prompt], list(recipes), POSITIONS))

    def tokenizer(self) -> Any:
        from scripts.lib.model.chat_template import load_tokenizer

        return load_tokenizer(required_checkpoint(self.record), self.settings)

    def end(self) -> int:
        return self.tokenizer().convert_tokens_to_ids(self.family.end)

    def evaluation(self, prompt: dict[str, Any] = PLAIN, record: Path | None = None) -> None:
        """What is asked stands in the prompt; the end of a turn stops; a batch changes nothing."""
        from scripts.evaluate import Evaluator
        from scripts.lib.engines.requests import Request, Sampling
        from scripts.lib.engines.start import EngineSettings

        checkpoint = required_checkpoint(record or self.record)
        settings = SETTINGS | {"prompt": prompt, "chat_template_kwargs": self.settings}
        settings |= {"max_new_tokens": 6}
        with Evaluator(checkpoint, "tiny", settings, EngineSettings()) as evaluator:
            rows, *_ = evaluator.evaluate("gsm8k", problems(3), settings)
            assert all(row["question"] in row["prompt"] for row in rows)
            assert all(row["prompt"].endswith(self.family.opened) for row in rows)
            bos = self.family.named.get("bos_token", "none")
            assert all(row["prompt"].count(bos) <= 1 or bos == "<|im_start|>" for row in rows)
            tokenizer, engine = evaluator.model.tokenizer, evaluator.model.engine
            texts = [row["prompt"] for row in rows]
            asked = tokenizer(texts, add_special_tokens=False)["input_ids"]
            asked[1] = asked[1] + asked[1]  # the others are padded beside it
            requests = [Request(ids, 6, 0) for ids in asked]
            greedy = Sampling(0.0, 1.0, 0, 1.0, evaluator.model.stop_ids, 0)
            alone = [engine.generate([request], greedy)[0] for request in requests]
            assert engine.generate(requests, greedy) == alone
            say(engine.model, [self.end()])
            rows, *_ = evaluator.evaluate("gsm8k", problems(2), settings)
            said = {(row["finish_reason"], row["tokens"], row["completion"]) for row in rows}
            assert said == {("stop", 1, "")}

    def system_message(self) -> None:
        """It stands in the prompts of evaluations, of teachers and of training examples."""
        self.enter(prompt=SYSTEM)
        self.evaluation(SYSTEM)
        self.teacher(SYSTEM)
        self.train("train_sft", SFT, "system", SYSTEM)

    def teacher(self, prompt: dict[str, Any] = PLAIN) -> None:
        from scripts.lib.engines.start import EngineSettings
        from scripts.sample_traces import sample

        settings = SETTINGS | {"prompt": prompt, "chat_template_kwargs": self.settings}
        questions = ["1 + 1?", "What is 3 + 4 + 5 + 6?"]
        asked = required_checkpoint(self.record), questions, settings | {"max_new_tokens": 6}
        found = sample(*asked, EngineSettings(), self.folder)
        assert len(found.texts) == 2 and 2 <= found.tokens <= 12 and 0 <= found.cut_off <= 1

    def train(
        self, rule: str, recipe: dict[str, Any], name: str, prompt: dict[str, Any] = PLAIN
    ) -> tuple[Any, Any]:
        """Return the model before and after a training of two steps, from what was published."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

        torch.set_grad_enabled(True)  # LightEval switched it off
        path = case(self.folder / name, self.record, rule, recipe | SHORT)
        rows = read_jsonl(path.parent / "examples.jsonl")
        for row in rows:
            row["prompt"] = messages(prompt, row["question"])
        write_jsonl(path.parent / "examples.jsonl", rows)
        fields = read_json(path)
        fields["settings"]["chat_template_kwargs"] = self.settings
        write_json(path, fields)
        run_case(path)
        record = path.parent / "out" / "training.json"
        assert read_json(record)["status"] == "ok" and read_json(record)["vocabulary"] > 300
        folder, parent = required_checkpoint(record), required_checkpoint(self.record)
        mine = stat.S_IMODE(record.stat().st_mode)  # as the umask has it
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {mine}
        ends = GenerationConfig.from_pretrained(folder).eos_token_id
        assert self.end() in ends and max(ends) < read_json(record)["vocabulary"]
        text = self.tokenizer()(rows[0]["question"])["input_ids"]
        assert AutoTokenizer.from_pretrained(folder)(rows[0]["question"])["input_ids"] == text
        return tuple(
            AutoModelForCausalLM.from_pretrained(one, dtype="float32", use_safetensors=True)
            for one in (parent, folder)
        )

    def losses(self, name: str) -> list[float]:
        record = read_json(self.folder / name / "out" / "training.json")
        return [step["loss"] for step in record["log"]]

    def sft(self) -> None:
        from scripts.lib.model.encoding import encode_all

        self.enter(SFT)
        before, after = self.train("train_sft", SFT, "sft")
        assert changed(input_rows(before), input_rows(after))
        weights = dict(after.state_dict())
        for name, value in before.state_dict().items():
            if "vision" in name:  # nothing reads pictures
                assert value.equal(weights[name])
        start, end = self.losses("sft")
        assert end < start - 0.05
        tokenizer = self.tokenizer()
        first = read_jsonl(self.folder / "sft" / "examples.jsonl")[:1]
        rows, _ = encode_all(first, tokenizer, None)
        target = [label for label in rows[0]["labels"] if label != -100]
        text = tokenizer.decode(target)
        assert target[-1] == self.end()
        assert text.endswith(f"\\boxed{{1}}\n</answer>{self.family.end}")
        assert text.startswith("<think>") != bool(self.family.opened)
        self.evaluation(record=self.folder / "sft" / "out" / "training.json")

    def lora(self) -> None:
        recipe = SFT | {"lora": LORA}
        self.enter(recipe)
        before, after = self.train("train_sft", recipe, "lora")
        assert changed(output_rows(before), output_rows(after)) == []
        weights = dict(before.state_dict())
        moved = [n for n, value in after.state_dict().items() if not value.equal(weights[n])]
        assert len(moved) >= 6  # some in each layer
        self.evaluation(record=self.folder / "lora" / "out" / "training.json")

    def lora_token_rows(self) -> None:
        tokens = list(dict.fromkeys([*self.family.special[:1], self.family.end]))
        recipe = SFT | {"lora": LORA | {"trainable_token_indices": tokens}}
        self.enter(recipe)
        before, after = self.train("train_sft", recipe, "tokens")
        ids = sorted(self.tokenizer().convert_tokens_to_ids(tokens))
        assert changed(output_rows(before), output_rows(after)) == ids
        tied = before.config.get_text_config().tie_word_embeddings
        read = changed(input_rows(before), input_rows(after))
        assert read == ids if tied else set(read) <= set(ids)

    def grpo(self) -> None:
        self.enter(GRPO)
        before, after = self.train("train_grpo", GRPO, "grpo")
        assert changed(input_rows(before), input_rows(after))
        record = read_json(self.folder / "grpo" / "out" / "training.json")
        assert all(abs(step["kl"]) < 0.1 for step in record["log"])
        assert any(step["reward_std"] > 0 for step in record["log"])
        rollouts = read_jsonl(self.folder / "grpo" / "out" / "rollouts.jsonl")
        assert rollouts and all("+ 1?" in rollout["prompt"] for rollout in rollouts)
        self.evaluation(record=self.folder / "grpo" / "out" / "training.json")

    def go(self, path: str) -> str:
        """Return how a path ends, refused in one line or right."""
        trips = (
            lambda: (self.enter(), self.evaluation()),
            self.system_message,
            lambda: (self.enter(), self.teacher()),
            self.sft,
            self.lora,
            self.lora_token_rows,
            self.grpo,
        )
        try:
            trips[PATHS.index(path)]()
        except SystemExit as refusal:
            assert re.fullmatch(r"[^\n]{30,600}", str(refusal))
            return REFUSED
        return RIGHT


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_goes_through_every_path_or_is_refused(name, tmp_path):
    family = Case(name, tmp_path)
    found = {path: family.go(path) for path in PATHS}
    if found["system message"] == REFUSED and found["evaluation"] == RIGHT:
        folding = Case(name, tmp_path / "folded", fold_system=True)
        assert folding.go("system message") == RIGHT
        found["system message"] = FOLDED
    assert found == table()[name]


@pytest.mark.slow
def test_a_folded_system_message_stands_at_the_head_of_the_users(tmp_path):
    family = Case("Gemma 2", tmp_path, fold_system=True)
    tokenizer = family.tokenizer()
    turns = [*messages(SYSTEM, "1 + 1?"), {"role": "assistant", "content": "2"}]
    said = tokenizer.apply_chat_template(turns, tokenize=False)
    expected = "<bos><start_of_turn>user\nThink first.\n\n1 + 1?<end_of_turn>\n"
    assert said == expected + "<start_of_turn>model\n2<end_of_turn>\n"
    plain = tokenizer.apply_chat_template(turns[1:], tokenize=False)
    assert plain == said.replace("Think first.\n\n", "")


@pytest.mark.slow
def test_a_prompt_without_a_chat_is_opened_as_the_tokenizer_opens_texts(tmp_path):
    from scripts.evaluate import Evaluator
    from scripts.lib.engines.start import EngineSettings

    family = Case("Gemma 2", tmp_path)
    settings = SETTINGS | {"prompt": PLAIN | {"chat_template": False}, "max_new_tokens": 2}
    checkpoint = required_checkpoint(family.record)
    with Evaluator(checkpoint, "tiny", settings, EngineSettings()) as evaluator:
        asked = []
        generate = evaluator.model.engine.generate
        evaluator.model.engine.generate = lambda requests, how: (
            asked.extend(requests) or generate(requests, how)
        )
        evaluator.evaluate("gsm8k", problems(1), settings)
        tokens = evaluator.model.tokenizer.convert_ids_to_tokens(asked[0].prompt)
    assert tokens[0] == "<bos>" and "<start_of_turn>" not in tokens
