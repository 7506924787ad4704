"""Is a checkpoint a model that generates?"""

from pathlib import Path


def require_causal_lm(folder: Path) -> None:
    """Exit with the cure if a checkpoint's architecture is not a causal language model.

    transformers would load it all the same, with a random or a tied output layer.
    """
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    config = AutoConfig.from_pretrained(folder)
    expected = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type)
    if expected not in (config.architectures or []):
        raise SystemExit(
            f"{folder}: {', '.join(config.architectures or ['no architecture'])} "
            f"({config.model_type}) is not a causal language model; give a model that generates"
        )
