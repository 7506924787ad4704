"""Reading and validating the study's config: every mistake is named with its file and key."""

import difflib
import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from scripts.lib.files import read_json
from scripts.lib.study.cells import Study, model_of, stages_of

SCHEMA = Path(__file__).parents[3] / "config.schema.yaml"
KeyPath = tuple[str | int, ...]

KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")

# What a trainer cannot do without, beside what the schema requires of every recipe.
TRAINER_KEYS = {
    "sft": {"max_length"},
    "grpo": {"num_generations", "max_completion_length"},
}


@functools.cache
def load_study(path: Path) -> Study:
    """Return the study of a resolved config, results/STUDY/config.json."""
    return Study(read_json(path))


def validated_study(
    config: dict[str, Any], files: Sequence[Path], command_line: Iterable[str] = ()
) -> Study:
    """Return the study of a merged config; end with every mistake in it.

    `files` are the config files it was merged from, later ones over earlier ones: they are read
    again for what a merged mapping no longer shows, a key given twice and the line of each key.
    `command_line` are the keys that `--config` replaced.
    """
    lines: dict[KeyPath, str] = {}
    mistakes: list[str] = []
    for file in files:
        mistakes += _read_lines(file, lines)
    lines = {
        path: line for path, line in lines.items() if path[:1] not in {(k,) for k in command_line}
    }
    lines |= {(key,): "--config" for key in command_line}
    if not mistakes:
        found = list(_schema_mistakes(config)) or list(_name_mistakes(config))
        mistakes = [f"{_place(path, lines)}: {text}" for path, text in found]
        if any(line.startswith("--config: ") and "not the text" in line for line in mistakes):
            mistakes.append(
                "Numbers within lists are text to --config: give them in a --configfile"
            )
    if mistakes:
        raise SystemExit("\n".join(["The study's config has mistakes:", *mistakes]))
    return Study(config)


def _read_lines(file: Path, lines: dict[KeyPath, str]) -> list[str]:
    """Note `file, line n` of every key of a YAML file; return its keys given twice or no text."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return [f"{file}: not YAML: {' '.join(str(error).split())}"]
    mistakes = []

    def visit(node: yaml.Node, path: KeyPath) -> None:
        lines[path] = f"{file}, line {node.start_mark.line + 1}"
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                visit(item, (*path, index))
        elif isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.tag not in KEY_TAGS:
                    mistakes.append(f"{file}, line {line}: the key {key.value!r} must be text")
                if key.value in seen:
                    mistakes.append(
                        f"{file}, line {line}: {_dotted((*path, key.value))}: given twice"
                    )
                seen.add(key.value)
                visit(value, (*path, key.value))
                lines[(*path, key.value)] = f"{file}, line {line}"

    if root is not None and not isinstance(root, yaml.MappingNode):
        return [f"{file}: must hold keys and values"]
    if root is not None:
        visit(root, ())
    return mistakes


def _place(path: KeyPath, lines: dict[KeyPath, str]) -> str:
    """Return file, line and dotted key of a config path."""
    known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    where = f"{lines[known]}: " if known else ""
    return f"{where}{_dotted(path)}" if path else "config"


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _schema_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, message) of everything that the closed schema refuses."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda error: list(error.path)):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for key in error.instance.keys() - known.keys():
                yield (*path, key), f"unknown key{_nearest(key, known)}"
        else:
            yield path, _schema_message(error)


def _schema_message(error: jsonschema.ValidationError) -> str:
    value = error.instance
    if error.validator == "type":
        types = error.validator_value
        types = types if isinstance(types, str) else " or ".join(types)
        message = f"must be {types}, not {_shown(value)}"
        if error.validator_value == "number" and isinstance(value, str) and _is_number(value):
            message += "; to YAML a number has a point and a signed exponent, as in 4.0e-5"
        return message
    if error.validator == "pattern":
        return f"{_shown(value)} does not fit: {error.schema.get('description', error.message)}"
    if error.validator == "oneOf":
        choices = (" and ".join(choice["required"]) for choice in error.validator_value)
        return f"must have exactly one of: {'; '.join(choices)}"
    if error.validator == "uniqueItems":
        doubles = [item for index, item in enumerate(value) if item in value[:index]]
        return f"given twice: {', '.join(map(str, doubles))}"
    if error.validator == "minItems":
        return "must not be empty"
    return error.message


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return f"the text {value!r}" if isinstance(value, str) else repr(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" or, where nothing is near, the list of known names."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(names)}"


def _name_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, message) of every name that stands for nothing."""
    for path, name, section in _references(config):
        known = config.get(section, {})
        if name not in known:
            yield path, f"unknown {section.removesuffix('s')} {name!r}{_nearest(name, known)}"
    costs = config["costs"]
    if costs["device"] not in costs["devices"]:
        near = _nearest(costs["device"], costs["devices"])
        yield ("costs", "device"), f"unknown device {costs['device']!r}{near}"
    for role in config["roles"]:
        if role in config["models"]:
            yield ("roles", role), "is the name of a model too; rename the role"
    for name, table in config["tables"].items():
        yield from _row_mistakes(config, ("tables", name, "sections"), table["sections"])
    for name, stage in config["stages"].items():
        recipe = config["recipes"].get(stage["recipe"], {})
        for key in sorted(TRAINER_KEYS[stage["trainer"]] - recipe.keys()):
            yield ("stages", name, "recipe"), f"recipe {stage['recipe']!r} has no {key}"
    for name, dataset in config["datasets"].items():
        if dataset["schema"] == "camel" and "problems" not in dataset:
            yield ("datasets", name), "traces need `problems`, the data set that they answer"
        elif "problems" in config["datasets"].get(dataset.get("problems"), {}):
            yield ("datasets", name, "problems"), "must be a set of problems, not of traces"
    for name, benchmark in config["benchmarks"].items():
        if "problems" in config["datasets"].get(benchmark["dataset"], {}):
            yield ("benchmarks", name, "dataset"), "must be a set of problems, not of traces"
    for path, tiers in _tiers(config):
        for index, tier in enumerate(tiers):
            yield from (((*path, index, key), text) for key, text in _range_mistakes(tier))
    for name, model in config["models"].items():
        if "build" in model and not model["build"].keys() & {"start", "architecture"}:
            yield (
                ("models", name, "build"),
                "needs `start`, or `architecture` for one from scratch",
            )
        if name in _starts(config["models"], name):
            yield ("models", name, "build", "start"), "starts from itself"


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
    for name, benchmark in config["benchmarks"].items():
        yield ("benchmarks", name, "dataset"), benchmark["dataset"], "datasets"
    for index, name in enumerate(config["cleaning"]["decontaminate"]):
        yield ("cleaning", "decontaminate", index), name, "datasets"
    for section in ("examples", "evaluation"):
        yield (section, "prompt"), config[section]["prompt"], "prompts"
    for name, dataset in config["datasets"].items():
        if "problems" in dataset:
            yield ("datasets", name, "problems"), dataset["problems"], "datasets"
        if distill := dataset.get("distill"):
            yield ("datasets", name, "distill", "teacher"), distill["teacher"], "models"
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
                        f"unknown model or role {row['best']!r}{_nearest(row['best'], models)}",
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
                    f"unknown model or role {model_of(row)!r}{_nearest(model_of(row), models)}",
                )
            for stage in stages_of(row):
                if stage not in config["stages"]:
                    yield place, f"unknown stage {stage!r}{_nearest(stage, config['stages'])}"
            cell = Study(config).cell_of_row(row)
            if cell in seen:
                yield place, f"cell {cell} stands in this table already"
            seen.add(cell)
