"""Is a checkpoint a model that generates, and how long may its text be?"""

from pathlib import Path
from typing import Any

from scripts.lib.files import read_json


def require_causal_lm(folder: Path) -> None:
    """Exit with the cure if a checkpoint's architecture is not a causal language model.

    transformers would load it all the same, with a random or a tied output layer.
    """
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    named = read_json(folder / "config.json")
    if named.get("model_type") not in CONFIG_MAPPING_NAMES:
        own = ", and code of its own (`auto_map`) is never run" if "auto_map" in named else ""
        raise SystemExit(
            f"{folder}: transformers {transformers.__version__} does not know the model_type "
            f"{named.get('model_type')!r}{own}; take a model that it knows"
        )
    config = transformers.AutoConfig.from_pretrained(folder)
    expected = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type)
    if expected not in (config.architectures or []):
        raise SystemExit(
            f"{folder}: {', '.join(config.architectures or ['no architecture'])} "
            f"({config.model_type}) is not a causal language model; give a model that generates"
        )


def positions_of(config: Any) -> int | None:
    """Return how many tokens a model can read at once, None if its config does not say.

    Of a model that sees pictures too, its text config says it.
    """
    return getattr(config.get_text_config(), "max_position_embeddings", None)


def require_relative_positions(model: Any, folder: Path) -> None:
    """Exit with the cure if GKD would score a model with other positions than it was sampled with.

    TRL 1.16 pads prompts on the left and passes no positions on. Rotary ones are relative, so that
    nothing changes; of a table with a row per position, as GPT-2's, other rows are read. For GRPO
    RolloutTrainer takes the padding away.
    """
    import torch

    positions, tokens = positions_of(model.config), model.get_input_embeddings()
    for name, layer in model.named_modules():
        is_table = isinstance(layer, torch.nn.Embedding) and layer is not tokens
        if is_table and layer.num_embeddings == positions:
            raise SystemExit(
                f"{folder}: the model has a row per position ({name}), and on-policy distillation "
                "would compute the probabilities of padded prompts at the wrong ones; train it "
                "with another trainer, or take a model with rotary positions"
            )
