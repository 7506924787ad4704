"""Names and definitions of a config that the schema cannot compare with each other."""

from collections.abc import Iterator
from typing import Any

from scripts.lib.console import nearest
from scripts.lib.study.arguments import QWEN2_LAYERS, argument_mistakes, layer_mistakes
from scripts.lib.study.cells import Study, model_of, stages_of
from scripts.lib.study.columns import GENERATED, columns_of, has_solutions, rules_of
from scripts.lib.study.limits import limit_mistakes
from scripts.lib.study.recipes import INHERIT, ancestors, recipe_of, rewards_of
from scripts.lib.study.schema import KeyPath, missing_keys
from scripts.lib.study.traces import (
    PARENT,
    asks_parent,
    endpoint_of,
    is_selected,
    keeps_one,
    teachers_of,
)


def name_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, message) of every name that stands for nothing."""
    unknown = list(_unknown(config))
    yield from unknown or _misfits(config)


def _unknown(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what has no meaning, or two: what rests on it would be said again."""
    for path, name, section in _references(config):
        known = config.get(section, {})
        if name not in known:
            yield path, f"unknown {section.removesuffix('s')} {name!r}{nearest(name, known)}"
    costs = config["costs"]
    if costs["device"] not in costs["devices"]:
        near = nearest(costs["device"], costs["devices"])
        yield ("costs", "device"), f"unknown device {costs['device']!r}{near}"
    for role in config["roles"]:
        if role in config["models"]:
            yield ("roles", role), "is the name of a model too; rename the role"
            return
    for name, table in config["tables"].items():
        yield from _row_mistakes(config, ("tables", name, "sections"), table["sections"])


def _misfits(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield definitions that do not fit together, although each name in them is known."""
    yield from _recipe_mistakes(config)
    yield from _method_mistakes(config)
    for name, dataset in config["datasets"].items():
        if "problems" in config["datasets"].get(dataset.get("problems"), {}):
            yield ("datasets", name, "problems"), "must be a set of problems, not of traces"
    yield from _column_mistakes(config)
    yield from _teacher_mistakes(config)
    yield from _endpoint_mistakes(config)
    for name, benchmark in config["benchmarks"].items():
        if "problems" in config["datasets"].get(benchmark["dataset"], {}):
            yield ("benchmarks", name, "dataset"), "must be a set of problems, not of traces"
    yield from _leaks(config)
    yield from _prompt_mistakes(config)
    yield from limit_mistakes(config)
    for path, tiers in _tiers(config):
        for index, tier in enumerate(tiers):
            yield from (((*path, index, key), text) for key, text in _range_mistakes(tier))
    circles: set[str] = set()
    for name, model in config["models"].items():
        if "build" in model and not model["build"].keys() & {"start", "architecture"}:
            yield (
                ("models", name, "build"),
                "needs `start`, or `architecture` for one from scratch",
            )
        if name in _starts(config["models"], name) and name not in circles:
            yield ("models", name, "build", "start"), "starts from itself"
            circles |= {name, *_starts(config["models"], name)}


def _column_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what the mapping of a data set's columns lacks for what the set is used for."""
    mapped = set()
    for name, definition in config["datasets"].items():
        path: KeyPath = ("datasets", name)
        if ("columns" in definition) == ("schema" in definition):
            known = ", ".join(config["schemas"])
            yield path, f"needs `columns`, or `schema` ({known}): one of the two"
            continue
        if "schema" in definition and definition["schema"] not in config["schemas"]:
            continue  # said elsewhere
        mapped.add(name)
        columns = columns_of(config, name)
        if "generate" in definition and definition.get("schema") not in GENERATED:
            yield (*path, "generate"), f"needs a `schema` of {', '.join(GENERATED)}"
        if "trace" in columns and "problems" not in definition:
            yield path, "traces need `problems`, the data set that they answer"
        elif "problems" in definition and "trace" not in columns:
            yield path, "has `problems`, so its columns must name a `trace`"
        elif "trace" not in columns and "gold" not in columns:
            yield path, "its columns must name a `gold`, the final answer"
        if "tolerance" in columns and "tolerance" not in rules_of(config, name).split():
            yield path, "has a column of tolerances; add `rules: [tolerance]`"
    for name, stage in config["stages"].items():
        data = stage["data"]
        if stage["trainer"] == "sft" and data in mapped and not has_solutions(config, data):
            yield (
                ("stages", name, "data"),
                f"{data!r} has no solutions, which SFT trains on: name their column as `solution` "
                "in its `columns`, or choose another set",
            )


def _teacher_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what a set of a teacher's own traces lacks."""
    if PARENT in config["models"]:
        yield ("models", PARENT), "stands for each training's parent as a teacher; give it another"
    endpoints = {name for name in config["models"] if endpoint_of(config, name)}
    for name, definition in config["datasets"].items():
        path: KeyPath = ("datasets", name, "distill")
        teachers = teachers_of(definition)
        if "distill" not in definition:
            continue
        if not teachers and "hub" not in definition:
            yield (*path, "teacher"), "names no teacher, and the set has no `hub` instead"
        if teachers and "problems" not in definition:
            yield path, "traces need `problems`, the data set that they answer"
        for teacher in teachers:
            room = config["models"].get(teacher, {}).get("max_model_length")
            if room is not None and definition["distill"]["max_new_tokens"] >= room:
                yield (
                    (*path, "max_new_tokens"),
                    f"leaves no token for the prompt in the {room} that teacher {teacher!r} reads",
                )
        several = isinstance(definition["distill"]["teacher"], list)
        if (several or endpoints & set(teachers)) and not is_selected(definition):
            yield (
                path,
                "several teachers, or one at an endpoint, need `select`: all, shortest or "
                "best-teacher",
            )


def _endpoint_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield models at an endpoint that stand where weights are needed."""
    weights: dict[KeyPath, str] = {}
    for role, model in config["roles"].items():
        weights["roles", role] = model
    for name, definition in config["models"].items():
        if "start" in definition.get("build", {}):
            weights["models", name, "build", "start"] = definition["build"]["start"]
    for table, definition in config["tables"].items():
        for index, section in enumerate(definition["sections"]):
            for number, row in enumerate(section["rows"]):
                if isinstance(row, str):
                    weights["tables", table, "sections", index, "rows", number] = model_of(row)
    for place, model in weights.items():
        if model in config["models"] and endpoint_of(config, model):
            yield place, f"{model!r} is at an endpoint: it can be a teacher, and nothing else"


def _recipe_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield circles of recipes, and what a stage's recipe, once resolved, does not say."""
    recipes = config["recipes"]
    said: set[KeyPath] = set()  # stages share recipes
    circles: set[str] = set()
    for name in recipes:
        if name in ancestors(recipes, name) and name not in circles:
            yield ("recipes", name, INHERIT), "inherits from itself"
            circles |= {name, *ancestors(recipes, name)}
    for name, stage in config["stages"].items():
        first = [stage["recipe"], *ancestors(recipes, stage["recipe"])][-1]
        if first not in recipes or INHERIT in recipes[first]:
            continue  # unknown, or a circle: said elsewhere
        if stage["trainer"] != "grpo" and rewards_of(Study({**config, "rewards": {}}), name):
            yield ("stages", name, "recipe"), f"recipe {stage['recipe']!r} has `rewards`, for GRPO"
        if INHERIT in stage.get("override", {}):
            yield ("stages", name, "override", INHERIT), "a stage inherits by `recipe` alone"
        recipe = recipe_of(Study(config), name)
        missing = missing_keys(recipe, stage["trainer"])
        if missing:
            lacks = f"recipe {stage['recipe']!r} has no {', '.join(missing)}"
            yield ("stages", name, "recipe"), f"{lacks}, which trainer {stage['trainer']} needs"
            continue
        found = list(argument_mistakes(recipe, stage["trainer"]))
        if any("build" in config["models"].get(root, {}) for root in _roots_of(config, name)):
            found += layer_mistakes(recipe, QWEN2_LAYERS)
        for path, text in found:
            if (place := _place_of(config, name, path)) not in said:
                said.add(place)
                yield place, f"{text} (stage {name!r})"
        if stage["trainer"] in ("grpo", "gkd"):
            batch, group = recipe["global_batch_size"], recipe.get("num_generations", 1)
            rows, step = most_rows(config, stage["data"]), batch // group
            if rows is not None and rows < step and _roots_of(config, name):
                yield (
                    ("stages", name, "data"),
                    f"{stage['data']!r} has {rows} problems at most, and a step of recipe "
                    f"{stage['recipe']!r} takes {step} (global_batch_size / num_generations): it "
                    "would train 0 steps. Give more problems, or lower global_batch_size",
                )


def _place_of(config: dict[str, Any], stage: str, path: KeyPath) -> KeyPath:
    """Return where a key of a stage's resolved recipe is given: its override, or which recipe."""
    definition, recipes = config["stages"][stage], config["recipes"]
    named = [definition["recipe"], *ancestors(recipes, definition["recipe"])]
    given: list[tuple[KeyPath, Any]] = [
        (("stages", stage, "override"), definition.get("override", {})),
        *((("recipes", name), recipes[name]) for name in named),
    ]
    keys = [key for key in path if isinstance(key, str)]
    for place, values in given:
        for key in keys:
            values = values.get(key) if isinstance(values, dict) else None
        if values is not None:
            return (*place, *path)
    return (*given[-1][0], *path)


def _roots_of(config: dict[str, Any], stage: str) -> set[str]:
    """Return the models of the tabulated cells that have a stage."""
    tables = [config["tables"].get(name, {"sections": []}) for name in config["tabulate"]]
    rows = (row for table in tables for part in table["sections"] for row in part["rows"])
    cells = [Study(config).cell_of_row(row) for row in rows if isinstance(row, str)]
    return {model_of(cell) for cell in cells if stage in stages_of(cell)}


def _method_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what a stage's method and its data do not fit, or what it cannot do without."""
    for name, stage in config["stages"].items():
        yield from _learning_from(config, name, stage)
        data = config["datasets"].get(stage["data"], {})
        place: KeyPath = ("stages", name, "data")
        if stage["trainer"] != "dpo":
            if asks_parent(data):
                yield place, f"{stage['data']!r} holds a parent's own answers: they are for `dpo`"
            continue
        if not teachers_of(data):
            yield place, f"{stage['data']!r} has no sampled answers (`distill`) to make pairs of"
            continue
        asked: KeyPath = ("datasets", stage["data"], "distill")
        if data["distill"]["num_samples"] * len(teachers_of(data)) < 2:
            yield (*asked, "num_samples"), "a pair takes two answers to a problem at least"
        if data["distill"]["prompt"] != config["examples"]["prompt"]:
            yield (
                (*asked, "prompt"),
                f"pairs are answers as they were sampled, to {data['distill']['prompt']!r}; give "
                f"{config['examples']['prompt']!r}, the prompt of all training (`examples`)",
            )


def _learning_from(
    config: dict[str, Any], name: str, stage: dict[str, Any]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with the teacher of a stage."""
    place: KeyPath = ("stages", name, "teacher")
    if stage["trainer"] != "gkd":
        if "teacher" in stage:
            yield place, "a teacher is for trainer `gkd`; teachers of traces stand in `datasets`"
        return
    if "teacher" not in stage:
        yield ("stages", name), "trainer `gkd` needs a `teacher`"
        return
    teacher = Study(config).cell_of_row(stage["teacher"])
    if model_of(teacher) not in config["models"]:
        known = config["models"].keys() | config["roles"].keys()
        yield (
            place,
            f"unknown model or role {model_of(teacher)!r}{nearest(model_of(teacher), known)}",
        )
    elif endpoint_of(config, model_of(teacher)):
        yield place, f"{model_of(teacher)!r} is at an endpoint, but its probabilities are needed"
    for known in stages_of(teacher):
        if known not in config["stages"]:
            yield place, f"unknown stage {known!r}{nearest(known, config['stages'])}"
    if name in _stages_behind(config, name):
        yield place, "learns from a cell that is trained by this stage"


def _stages_behind(config: dict[str, Any], name: str) -> set[str]:
    """Return the stages that the teacher of a stage, and its teachers, are trained by."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        teacher = config["stages"].get(waiting.pop(), {}).get("teacher", "")
        new = set(stages_of(teacher)) - found
        found |= new
        waiting += new
    return found


def _prompt_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the prompts without a chat where a chat is written, and names that a path lacks."""
    chats: dict[KeyPath, str] = {("examples", "prompt"): config["examples"]["prompt"]}
    for name, dataset in config["datasets"].items():
        if distill := dataset.get("distill"):
            chats["datasets", name, "distill", "prompt"] = distill["prompt"]
    for path, name in chats.items():
        if not config["prompts"].get(name, {}).get("chat_template", True):
            yield path, f"{name!r} has `chat_template: false`; training examples are chats"
    yield from _idle_prompts(config)
    for name in {"prompts", "costs"} & config["tables"].keys():
        yield ("tables", name), f"is the name of the table of {name}; give it another"
    for name in config["prompts"]:
        if name in config["benchmarks"] or name == "own":
            yield (
                ("prompts", name),
                "is the name of a benchmark, or `own`, which stands for each cell's own prompt; "
                "give it another",
            )


def _idle_prompts(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what `sensitivity` says of prompts that it does not evaluate."""
    sensitivity, main = config["sensitivity"], config["evaluation"]["prompt"]
    if main in sensitivity["settings"]:
        yield (
            ("sensitivity", "settings", main),
            "is the tables' prompt; its samples and limit stand in `benchmarks` and `evaluation`",
        )
    asked = [main, *sensitivity["prompts"], *sensitivity["untrained"]]
    for role, prompt in sensitivity["own"].items():
        if sensitivity["prompts"] and prompt in config["prompts"] and prompt not in asked:
            yield (
                ("sensitivity", "own", role),
                f"untrained models are not asked with {prompt!r}; add it to "
                "`sensitivity.untrained`",
            )


def _leaks(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield the test sets whose problems a stage trains on, by name or by source."""
    datasets: dict[str, Any] = config["datasets"]
    trained: dict[str, str] = {}
    for stage, definition in config["stages"].items():
        data = definition["data"]
        for name in (data, datasets.get(data, {}).get("problems")):
            if name in datasets:
                trained.setdefault(name, stage)
    for index, test in enumerate(config["cleaning"]["decontaminate"]):
        for name, stage in trained.items():
            if test in datasets and _same_rows(test, name, datasets):
                yield (
                    ("cleaning", "decontaminate", index),
                    f"{test!r} is what stage {stage!r} trains on: all of it would be removed. "
                    "Give test sets",
                )
                break
    for benchmark in config["evaluate"]:
        tested = config["benchmarks"].get(benchmark, {}).get("dataset")
        for name, stage in trained.items():
            if tested in datasets and _same_rows(tested, name, datasets):
                as_named = "" if name == tested else f", whose rows are those of {name!r},"
                yield (
                    ("benchmarks", benchmark, "dataset"),
                    f"{tested!r}{as_named} is what stage {stage!r} trains on; its accuracy would "
                    "be that of memory. Give a test set",
                )
                break


def _same_rows(first: str, second: str, datasets: dict[str, Any]) -> bool:
    """Say whether two data sets are one, or two definitions of one source's rows."""

    def places(name: str) -> dict[str, Any]:
        hub = datasets[name].get("hub", {})
        return {
            "hub": [hub.get("repo"), hub.get("subset"), hub.get("split")],
            "mirror": datasets[name].get("mirror", {}).get("file"),
            "file": datasets[name].get("file"),
            "generate": datasets[name].get("generate", {}) | {"rows": None},
        }

    one, other = places(first), places(second)
    same = (kind for kind in one if kind in datasets[first] and one[kind] == other[kind])
    return first == second or any(same)


def most_rows(config: dict[str, Any], dataset: str) -> int | None:
    """Return how many rows a data set has at most, where the config tells."""
    definition = config["datasets"].get(dataset, {})
    if "generate" in definition:
        return definition["generate"]["rows"]
    if teachers := teachers_of(definition):
        distill, asked = definition["distill"], definition.get("problems", "")
        of_traces = "problems" in config["datasets"].get(asked, {})  # said elsewhere
        known = None if of_traces else most_rows(config, asked)
        problems = distill["num_problems"] if known is None else min(distill["num_problems"], known)
        samples = 1 if keeps_one(definition) else distill["num_samples"] * len(teachers)
        return problems * samples
    return definition.get("mirror" if config.get("mirror") else "hub", {}).get("rows")


def _tiers(config: dict[str, Any]) -> Iterator[tuple[KeyPath, list[dict]]]:
    """Yield (path, tiers) wherever word problems are described."""
    for name, tokenizer in config.get("tokenizers", {}).items():
        yield ("tokenizers", name, "corpus", "tiers"), tokenizer["corpus"]["tiers"]
    for name, model in config["models"].items():
        if "build" in model:
            yield ("models", name, "build", "corpus", "tiers"), model["build"]["corpus"]["tiers"]
    for name, dataset in config["datasets"].items():
        if "generate" in dataset:
            yield ("datasets", name, "generate", "tiers"), dataset["generate"]["tiers"]


def _range_mistakes(tier: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("steps", "start", "operand", "factor"):
        low, high = tier[key]
        if low > high:
            yield key, f"the lowest value {low} is above the highest {high}"
        elif key in ("steps", "factor") and low < 1:
            yield key, "must start at 1 or above"


def _starts(models: dict[str, Any], name: str) -> list[str]:
    """Return the models that a built model starts from, nearest first, a repeated one last."""
    starts: list[str] = []
    while name := models.get(name, {}).get("build", {}).get("start"):
        if name in starts:
            break
        starts.append(name)
    return starts


def _references(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield (path, name, section that must define it) of the references between definitions."""
    for index, name in enumerate(config["evaluate"]):
        yield ("evaluate", index), name, "benchmarks"
    for index, name in enumerate(config["tabulate"]):
        yield ("tabulate", index), name, "tables"
    for role, model in config["roles"].items():
        yield ("roles", role), model, "models"
    for name, stage in config["stages"].items():
        yield ("stages", name, "data"), stage["data"], "datasets"
        yield ("stages", name, "recipe"), stage["recipe"], "recipes"
    for name, recipe in config["recipes"].items():
        if INHERIT in recipe:
            yield ("recipes", name, INHERIT), recipe[INHERIT], "recipes"
    for name, benchmark in config["benchmarks"].items():
        yield ("benchmarks", name, "dataset"), benchmark["dataset"], "datasets"
    for index, name in enumerate(config["cleaning"]["decontaminate"]):
        yield ("cleaning", "decontaminate", index), name, "datasets"
    for section in ("examples", "evaluation"):
        yield (section, "prompt"), config[section]["prompt"], "prompts"
    sensitivity = config["sensitivity"]
    for key, section in (("tables", "tables"), ("prompts", "prompts"), ("untrained", "prompts")):
        for index, name in enumerate(sensitivity[key]):
            yield ("sensitivity", key, index), name, section
    for role, prompt in sensitivity["own"].items():
        yield ("sensitivity", "own", role), role, "roles"
        yield ("sensitivity", "own", role), prompt, "prompts"
    for prompt, settings in sensitivity["settings"].items():
        yield ("sensitivity", "settings", prompt), prompt, "prompts"
        for benchmark in settings.get("num_samples", {}):
            place = ("sensitivity", "settings", prompt, "num_samples", benchmark)
            yield place, benchmark, "benchmarks"
    for name, dataset in config["datasets"].items():
        if "schema" in dataset:
            yield ("datasets", name, "schema"), dataset["schema"], "schemas"
        if "problems" in dataset:
            yield ("datasets", name, "problems"), dataset["problems"], "datasets"
        if distill := dataset.get("distill"):
            for teacher in teachers_of(dataset):
                if asks_parent(dataset):
                    continue
                yield ("datasets", name, "distill", "teacher"), teacher, "models"
            yield ("datasets", name, "distill", "prompt"), distill["prompt"], "prompts"
    for name, model in config["models"].items():
        if build := model.get("build"):
            yield ("models", name, "build", "tokenizer"), build["tokenizer"], "tokenizers"
            if "start" in build:
                yield ("models", name, "build", "start"), build["start"], "models"


def _row_mistakes(
    config: dict[str, Any], path: KeyPath, sections: list[dict]
) -> Iterator[tuple[KeyPath, str]]:
    """Yield the mistakes in a table's rows: an unknown model or stage, a cell given twice."""
    models = config["models"].keys() | config["roles"].keys()
    seen = set()
    for index, section in enumerate(sections):
        for number, row in enumerate(section["rows"]):
            place = (*path, index, "rows", number)
            if isinstance(row, dict):
                if row["best"] not in models:
                    yield (
                        (*place, "best"),
                        f"unknown model or role {row['best']!r}{nearest(row['best'], models)}",
                    )
                elif path[1] in config["tabulate"] and not Study(config).candidates(row):
                    yield (
                        (*place, "best"),
                        f"no tabulated cell is trained from {row['best']}; add a table with one "
                        "to `tabulate`",
                    )
                continue
            if model_of(row) not in models:
                yield (
                    place,
                    f"unknown model or role {model_of(row)!r}{nearest(model_of(row), models)}",
                )
            for stage in stages_of(row):
                if stage not in config["stages"]:
                    yield place, f"unknown stage {stage!r}{nearest(stage, config['stages'])}"
            cell = Study(config).cell_of_row(row)
            if cell in seen:
                yield place, f"cell {cell} stands in this table already"
            seen.add(cell)
