"""The names that the dry run knows are those that the installed libraries take."""

import inspect

import pytest

from scripts.lib.study.arguments import LOSSES, QWEN2_LAYERS, SCHEDULER_ARGUMENTS
from scripts.lib.study.schema import schema

RECIPE = schema()["$defs"]["recipe"]["properties"]
BY_THE_TRAINER = {"optimizer", "num_warmup_steps", "num_training_steps", "last_epoch"}


def test_schedules_and_their_arguments_are_those_of_transformers():
    from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION

    found = {
        name.value: tuple(
            arg for arg in inspect.signature(make).parameters if arg not in BY_THE_TRAINER
        )
        for name, make in TYPE_TO_SCHEDULER_FUNCTION.items()
    }
    # What needs a metric of an evaluation, which these trainings have none of.
    of_a_metric = {"reduce_lr_on_plateau", "greedy"}
    assert {name: sorted(args) for name, args in found.items() if name not in of_a_metric} == {
        name: sorted(args) for name, args in SCHEDULER_ARGUMENTS.items()
    }
    assert RECIPE["lr_scheduler_type"]["enum"] == list(SCHEDULER_ARGUMENTS)


@pytest.mark.parametrize("name", RECIPE["optim"]["enum"])
def test_an_optimiser_can_be_made_from_what_is_installed(name, tmp_path):
    import torch
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(str(tmp_path), optim=name, use_cpu=True, report_to="none")
    made, options = Trainer.get_optimizer_cls_and_kwargs(arguments)
    assert made([torch.nn.Parameter(torch.zeros(2))], **options).param_groups


def test_the_losses_are_those_of_trl():
    from trl.trainer import dpo_trainer, grpo_trainer, sft_trainer

    modules = {"grpo": grpo_trainer, "sft": sft_trainer, "dpo": dpo_trainer}
    for trainer, module in modules.items():
        source = inspect.getsource(module)
        assert [name for name in LOSSES[trainer] if f'"{name}"' not in source] == []
    said = inspect.getsource(sft_trainer)
    assert f"args.loss_type not in {LOSSES['sft']}".replace("'", '"') in said
    from trl import GRPOConfig

    help_text = GRPOConfig.__dataclass_fields__["loss_type"].metadata["help"]
    listed = help_text.split("Supported values are ")[1].split(". '")[0]
    assert sorted(LOSSES["grpo"]) == sorted(listed.replace("and ", "").replace("'", "").split(", "))


def test_the_layers_are_those_of_qwen2():
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    with torch.device("meta"):
        model = Qwen2ForCausalLM(
            Qwen2Config(hidden_size=8, num_attention_heads=2, num_hidden_layers=1)
        )
    linear = {name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    assert linear - {"lm_head"} == set(QWEN2_LAYERS)


def test_the_architecture_takes_arguments_of_qwen2():
    from transformers import Qwen2Config

    sizes = schema()["$defs"]["build"]["properties"]["architecture"]["properties"]
    assert sizes.keys() <= inspect.signature(Qwen2Config.__init__).parameters.keys()
