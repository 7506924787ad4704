"""Problems, traces, training examples, their lengths and cards (rules/data.smk, distill.smk)."""

from pathlib import Path
from typing import Any

from scripts.lib.dag.jobs import Inputs, Job, Settings, entry, job
from scripts.lib.dag.models import model, untrained
from scripts.lib.data.hub_names import link_outside
from scripts.lib.digests import kept_digest
from scripts.lib.study.cells import Study, model_of, parent_of, stages_of
from scripts.lib.study.columns import columns_of, rules_of
from scripts.lib.study.recipes import label_of, recipe_of
from scripts.lib.study.traces import (
    answers_of,
    asks_parent,
    definition_of,
    endpoint_of,
    is_selected,
    seed_of_answers,
    teachers_of,
    trace_sets,
)
from scripts.lib.study.uses import template_settings

RAW = {"rows": "data/{dataset}/raw.jsonl", "record": "data/{dataset}/raw.json"}
EXAMPLES = {"rows": "data/{dataset}/examples.jsonl", "record": "data/{dataset}/examples.json"}
COMPRESSED = (".gz", ".bz2", ".xz")
CHECKS = ("rows", "columns", "sha256")  # of a source: the content decides, not what is expected


def raw_rule(study: Study, dataset: str) -> str:
    """Return the rule that makes raw rows: of a data set, or what one teacher wrote for it."""
    definition = definition_of(study.config, dataset)
    if "generate" in definition:
        return "generate_dataset"
    if teachers := teachers_of(definition):
        elsewhere = endpoint_of(study.config, teachers[0])
        return "fetch_traces" if elsewhere else "sample_traces"
    return "fetch_dataset"


def examples_rule(study: Study, dataset: str) -> str:
    """Return the rule that makes what a data set's stages train on.

    A parent's own answers are nothing to imitate: they have pairs alone.
    """
    definition = study.config["datasets"][dataset]
    if asks_parent(definition):
        return "make_pairs"
    if is_selected(definition):
        return "select_traces"
    return "verify_traces" if "problems" in definition else "make_examples"


def raw(study: Study, dataset: str) -> Job:
    """Return the job that makes a data set's raw rows."""
    return job(study, raw_rule(study, dataset), dataset=dataset)


def all_raw(study: Study, dataset: str) -> list[Job]:
    """Return the jobs that make a data set's raw rows: one, or one per teacher or parent."""
    if "/" in dataset:
        return [raw(study, dataset)]
    if asks_parent(study.config["datasets"][dataset]):
        return [raw(study, name) for name in paired_sets(study, dataset)]
    return [raw(study, name) for name in trace_sets(study.config, dataset)]


def examples(study: Study, dataset: str) -> Job:
    """Return the job that makes a data set's training examples."""
    return job(study, examples_rule(study, dataset), dataset=dataset)


def pairs(study: Study, dataset: str) -> Job:
    """Return the job that makes the pairs of a set of answers."""
    return job(study, "make_pairs", dataset=dataset)


def answers_to(study: Study, dataset: str, parent: str, seed: int) -> str:
    """Return the set of answers whose pairs a cell with this parent is trained on."""
    own = asks_parent(study.config["datasets"][dataset])
    return answers_of(dataset, parent, seed) if own else dataset


def paired_sets(study: Study, dataset: str) -> list[str]:
    """Return the sets of answers to a data set of which the study makes pairs, each once."""
    found = {
        answers_to(study, dataset, parent_of(prefix) or "", seed): None
        for prefix in study.trained_prefixes()
        for seed in study.seeds()
        if trained_on(study, prefix) == ("dpo", dataset)
    }
    return list(found)


def trained_on(study: Study, prefix: str) -> tuple[str, str]:
    """Return the trainer of a cell's last stage, and its data set."""
    stage = study.config["stages"][stages_of(prefix)[-1]]
    return stage["trainer"], stage["data"]


def grader_of(study: Study, dataset: str) -> dict[str, Any]:
    """Return how answers to a data set's problems are judged: the limits, and whose rules hold.

    Rules belong to the data set, whatever the benchmark is called; traces and answers have those of
    the problems that they answer.
    """
    name = dataset.partition("/")[0]
    golds = study.config["datasets"][name].get("problems", name)
    return study.config["grader"] | {"rules": rules_of(study.config, golds)}


def source_of(study: Study, dataset: str) -> dict[str, Any]:
    """Return where a data set is fetched from, with the checks of its content."""
    definition = study.config["datasets"][dataset]
    if "file" in definition:
        return {"file": definition["file"]}
    return definition["mirror" if study.config.get("mirror") else "hub"]


def local_file(study: Study, dataset: str) -> Path | None:
    """Return a data set's file on this machine, its own or the mirror's; None for one of the hub.

    Raises SystemExit if it is not there.
    """
    named = study.config["datasets"][dataset].get("file")
    if named is None:
        return mirror_file(study, dataset) if study.config.get("mirror") else None
    file = Path(named)
    if not file.is_file():
        raise SystemExit(
            f"datasets.{dataset}.file: {file}: no such file in {Path.cwd()}; correct the path"
        )
    return file


def form_of(file: Path) -> str:
    """Return the endings by which a data file is read.

    >>> form_of(Path("my.v2.csv")), form_of(Path("my.csv.gz"))
    ('.csv', '.csv.gz')
    """
    return "".join(file.suffixes[-2:] if file.suffix in COMPRESSED else file.suffixes[-1:])


def mirror_file(study: Study, dataset: str) -> Path:
    """Return a data set's file in the mirror folder.

    Raises SystemExit if the config names none, it is not there, or a link leads out of the folder.
    """
    folder, key = Path(study.config["mirror"]), f"datasets.{dataset}.mirror"
    if "mirror" not in study.config["datasets"][dataset]:
        raise SystemExit(
            f"{key}: not given, but the mirror {folder} is in use; name its file there"
        )
    name = study.config["datasets"][dataset]["mirror"]["file"]
    file = folder / name
    if link := link_outside(name, folder):
        raise SystemExit(
            f"{link}: a link out of the mirror, but {key}.file names it; whoever made the mirror "
            f"may so have a file of yours read. If you made it, name the file by "
            f"datasets.{dataset}.file, or copy it into the mirror"
        )
    if not file.is_file():
        raise SystemExit(
            f"{file}: no such file, but {key}.file names it and the mirror (SRLM_MIRROR or "
            "`mirror`) is in use. Put the file there, or unset the mirror."
        )
    return file


def source_is_expected(study: Study, record: dict[str, Any], dataset: str) -> bool:
    """Say whether what was fetched has the rows, columns and sha256 that the config expects."""
    expected = source_of(study, dataset)
    return (
        record.get("rows") == expected.get("rows", record.get("rows"))
        and set(expected.get("columns", [])) <= set(record.get("columns", []))
        and expected.get("sha256") in (None, *record.get("source_files", {}).values())
    )


@entry("fetch_dataset", RAW, satisfied=source_is_expected)
def fetch_dataset(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return the pinned source of a data set: its commit, or the content of a file."""
    if file := local_file(study, dataset):
        kind = "file" if "file" in study.config["datasets"][dataset] else "mirror"
        form = {"form": form_of(file)} if kind == "file" else {}
        return {kind: {"sha256": kept_digest(file)} | form}, {}
    hub = source_of(study, dataset)
    return {"hub": {n: v for n, v in hub.items() if n not in CHECKS}}, {}


@entry("generate_dataset", RAW)
def generate_dataset(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return the kinds and number of generated word problems."""
    definition = study.config["datasets"][dataset]
    return {"schema": definition["schema"], **definition["generate"]}, {}


@entry(
    "load_problems",
    {"rows": "data/{dataset}/problems.jsonl", "record": "data/{dataset}/problems.json"},
)
def load_problems(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return where the columns of a data set's raw rows stand."""
    return {"columns": columns_of(study.config, dataset)}, {"raw": raw(study, dataset)["rows"]}


@entry(
    "clean_dataset",
    {"rows": "data/{dataset}/clean.jsonl", "record": "data/{dataset}/clean.json"},
)
def clean_dataset(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return how training problems are cleaned, and the test sets that they must not touch."""
    cleaning = study.config["cleaning"]
    tests = sorted(cleaning["decontaminate"])
    return cleaning | {"decontaminate": tests}, {
        "problems": load_problems(study, dataset=dataset)["rows"],
        "against": [load_problems(study, dataset=test)["rows"] for test in tests],
    }


@entry("make_examples", EXAMPLES)
def make_examples(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return the prompt of training examples."""
    prompt = study.config["prompts"][study.config["examples"]["prompt"]]
    return {"prompt": prompt}, {"problems": clean_dataset(study, dataset=dataset)["rows"]}


@entry("sample_traces", RAW)
def sample_traces(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return how a teacher is asked for traces, the teacher, and the problems."""
    definition = definition_of(study.config, dataset)
    distill, (teacher,) = definition["distill"], teachers_of(definition)
    settings = {
        **{name: value for name, value in distill.items() if name != "select"},
        "prompt": study.config["prompts"][distill["prompt"]],
        "chat_template_kwargs": template_settings(study, model_of(teacher)),
    }
    return settings, {
        "teacher": model(study, teacher, seed_of_answers(dataset))["record"],
        "problems": clean_dataset(study, dataset=definition["problems"])["rows"],
    }


@entry("fetch_traces", RAW)
def fetch_traces(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return how an endpoint is asked for traces, and the problems.

    What it costs, how patient we are, and where its API key stands change no completion.
    """
    definition = definition_of(study.config, dataset)
    distill, (teacher,) = definition["distill"], teachers_of(definition)
    endpoint = endpoint_of(study.config, teacher) or {}
    settings = {
        **{n: v for n, v in distill.items() if n not in ("select", "batch_size")},
        "prompt": study.config["prompts"][distill["prompt"]],
        "endpoint": {name: endpoint[name] for name in ("base_url", "model")}
        | {"request": endpoint.get("request", {})},
    }
    return settings, {"problems": clean_dataset(study, dataset=definition["problems"])["rows"]}


@entry("verify_traces", EXAMPLES)
def verify_traces(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return how traces are judged and written, the traces, and the problems that they answer."""
    definition = study.config["datasets"][dataset]
    settings = {
        "columns": columns_of(study.config, dataset),
        "prompt": study.config["prompts"][study.config["examples"]["prompt"]],
        "grader": grader_of(study, dataset),
    }
    return settings, {
        "traces": raw(study, dataset)["rows"],
        "problems": clean_dataset(study, dataset=definition["problems"])["rows"],
    }


@entry("select_traces", EXAMPLES)
def select_traces(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return how traces are judged, selected and written, those of every teacher, the problems."""
    definition = study.config["datasets"][dataset]
    settings = {
        "columns": columns_of(study.config, dataset),
        "teachers": teachers_of(definition),
        "select": definition["distill"]["select"],
        "prompt": study.config["prompts"][study.config["examples"]["prompt"]],
        "grader": grader_of(study, dataset),
    }
    return settings, {
        "traces": [made["rows"] for made in all_raw(study, dataset)],
        "problems": clean_dataset(study, dataset=definition["problems"])["rows"],
    }


@entry(
    "make_pairs",
    {"rows": "data/{dataset}/pairs.jsonl", "record": "data/{dataset}/pairs.json"},
)
def make_pairs(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return how answers are judged, their prompt, the answers, and the problems."""
    definition = definition_of(study.config, dataset)
    settings = {
        "columns": columns_of(study.config, dataset.partition("/")[0]),
        "teachers": teachers_of(definition),
        "prompt": study.config["prompts"][definition["distill"]["prompt"]],
        "grader": grader_of(study, dataset),
    }
    made = all_raw(study, dataset)
    return settings, {
        "traces": [each["rows"] for each in made],
        "records": [each["record"] for each in made],
        "problems": clean_dataset(study, dataset=definition["problems"])["rows"],
    }


@entry("count_tokens", {"record": "data/{dataset}/tokens/{model}.json"})
def count_tokens(study: Study, dataset: str, model: str) -> tuple[Settings, Inputs]:
    """Return the limits that lengths are compared with, the examples, and the tokenizer's model."""
    limits = {
        label_of(study, name): recipe_of(study, name)["max_length"]
        for name, stage in study.config["stages"].items()
        if stage["data"] == dataset and stage["trainer"] == "sft"
    }
    settings = {"max_length": limits, "chat_template_kwargs": template_settings(study, model)}
    return settings, {
        "examples": examples(study, dataset)["rows"],
        "model": untrained(study, model)["record"],
    }


def trained_models(study: Study, dataset: str) -> list[str]:
    """Return the untrained models that a data set's examples are used on, in any of their cells."""
    prefixes = study.trained_prefixes()
    return sorted({model_of(c) for c in prefixes if dataset in _examples_of(study, c)})


def _examples_of(study: Study, prefix: str) -> list[str]:
    """Return the data set of whose examples a cell's last stage learns; none for DPO, by pairs."""
    trainer, dataset = trained_on(study, prefix)
    return [] if trainer == "dpo" else [dataset]


@entry(
    "make_data_card",
    {"card": "data/{dataset}/card.md", "record": "data/{dataset}/card.record.json"},
)
def make_data_card(study: Study, dataset: str) -> tuple[Settings, Inputs]:
    """Return what a card says of its source, and the records of the steps that it reports."""
    steps = all_raw(study, dataset)
    if examples_rule(study, dataset) == "make_examples":
        steps += [job(study, r, dataset=dataset) for r in ("load_problems", "clean_dataset")]
    models, paired = trained_models(study, dataset), paired_sets(study, dataset)
    if models or not paired:
        steps.append(examples(study, dataset))
    steps += [pairs(study, answered) for answered in paired]
    counts = [count_tokens(study, dataset=dataset, model=model) for model in models]
    return {"source": _source(study, dataset), "teachers": _teachers(study, dataset)}, {
        "records": [step["record"] for step in steps],
        "tokens": [count["record"] for count in counts],
    }


def _source(study: Study, dataset: str) -> dict[str, str]:
    """Return what a card says about where a data set's rows come from; the config has the rest."""
    definition, made = study.config["datasets"][dataset], all_raw(study, dataset)
    rules = dict.fromkeys(each.rule for each in made)
    named = {"rule": ", ".join(rules)}
    if "schema" in definition:
        named["schema"] = definition["schema"]
    if "problems" in definition:
        named["golds of"] = definition["problems"]
    described = made[0].settings
    if made[0].rule == "fetch_dataset":
        found = source_of(study, dataset)
        described = {name: value for name, value in found.items() if name not in CHECKS}
    if teachers := teachers_of(definition):
        described = described | {"teacher": ", ".join(teachers)}
    scalars = {n: str(v) for n, v in described.items() if not isinstance(v, dict | list)}
    licences = {"licence": licence_of(definition)}
    if "problems" in definition:
        problems = study.config["datasets"][definition["problems"]]
        licences["licence of its problems"] = licence_of(problems)
    return named | scalars | licences


def licence_of(definition: dict[str, Any]) -> str:
    """Return the licence of a model or data set as the config states it."""
    return definition.get("license", "not stated in the config")


def _teachers(study: Study, dataset: str) -> list[dict[str, Any]]:
    """Return who wrote a data set's own traces: the model, its licence, and what it was asked.

    Answers of the parents that are trained on them come from no teacher.
    """
    definition = study.config["datasets"][dataset]
    if asks_parent(definition):
        return []
    prompt = study.config["prompts"].get(definition.get("distill", {}).get("prompt"))
    return [
        {
            "teacher": teacher,
            "model": _place_of(study.config["models"][teacher]),
            "licence": licence_of(study.config["models"][teacher]),
            "prompt": prompt,
        }
        for teacher in teachers_of(definition)
    ]


def _place_of(model: dict[str, Any]) -> str:
    """Return in words where a model's weights are."""
    if "repo" in model:
        return f"{model['repo']} at {model['revision']}"
    if "endpoint" in model:
        return f"{model['endpoint']['model']} at {model['endpoint']['base_url']}"
    return "built by this study" if "build" in model else f"the folder {model['path']}"
