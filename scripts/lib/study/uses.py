"""What a study does with an untrained model: which prompts it is asked with, and what trains it."""

from typing import Any, NamedTuple

from scripts.lib.data.prompts import Prompt
from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.study.recipes import recipe_of
from scripts.lib.study.traces import PARENT, endpoint_of, teachers_of


class Use(NamedTuple):
    """What a model must be fit for; `context` is how many tokens an evaluation may give it."""

    template_settings: dict[str, Any]
    prompts: list[Prompt]  # chats alone
    recipes: list[dict[str, Any]]  # of the stages that train it, one after the other or apart
    context: int | None  # None: it is not evaluated


def template_settings(study: Study, model: str) -> dict[str, Any]:
    """Return the settings of a model's chat template, and whether a system message is folded."""
    definition = study.config["models"][model]
    folds = {"fold_system": True} if definition.get("fold_system") else {}
    return definition.get("chat_template_kwargs", {}) | folds


def models_with_weights(study: Study) -> list[str]:
    """Return the models, each once, whose weights the tabulated cells need."""
    roots = [model_of(cell) for cell in study.cells()]
    teachers = [name for definition in _distilled(study) for name in teachers_of(definition)]
    teachers = [name for name in teachers if name != PARENT]  # a cell of the study
    stages = {stage for cell in study.trained_prefixes() for stage in stages_of(cell)}
    of_distribution = [s for s in sorted(stages) if "teacher" in study.config["stages"][s]]
    teachers += [model_of(study.teacher_of(stage)) for stage in of_distribution]
    named = dict.fromkeys([*roots, *teachers])
    return [model for model in named if not endpoint_of(study.config, model)]


def use_of(study: Study, model: str) -> Use:
    """Return what the tabulated cells do with a model, as their root and as a teacher."""
    cells = [cell for cell in study.cells() if model_of(cell) == model]
    stages = list(dict.fromkeys(stage for cell in cells for stage in stages_of(cell)))
    names = [prompt for cell in cells for prompt in study.prompts_of(cell)]
    names += [study.config["examples"]["prompt"]] if stages else []
    asked = [d["distill"]["prompt"] for d in _distilled(study) if model in teachers_of(d)]
    prompts = [study.config["prompts"][name] for name in dict.fromkeys(names + asked)]
    longest = study.config["evaluation"]["max_model_length"]
    own = study.config["models"][model].get("max_model_length", longest)
    return Use(
        template_settings=template_settings(study, model),
        prompts=[prompt for prompt in prompts if prompt.get("chat_template", True)],
        recipes=[recipe_of(study, stage) for stage in stages],
        context=min(longest, own) if cells else None,
    )


def _distilled(study: Study) -> list[dict[str, Any]]:
    """Return the definitions of the traces, made here, that the tabulated cells train on."""
    stages = dict.fromkeys(stage for cell in study.cells() for stage in stages_of(cell))
    data = dict.fromkeys(study.config["stages"][stage]["data"] for stage in stages)
    definitions = (study.config["datasets"][name] for name in data)
    return [definition for definition in definitions if teachers_of(definition)]
