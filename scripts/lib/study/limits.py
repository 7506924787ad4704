"""What cannot work although every single value of a config may stand: sizes, lengths, folders."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.lib.study.cells import Study
from scripts.lib.study.schema import KeyPath

LONGEST_CELL = (
    200  # bytes; a folder's name may have 255, and what is written aside has a longer one
)
PERIODIC = re.compile(r"(.+)\1{20}$")  # Snakemake takes such a name for an endless recursion
NAMED = ("models", "stages", "datasets", "benchmarks", "prompts", "tables", "tokenizers")


def limit_mistakes(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, message) of what goes beyond a limit; every name is known by now."""
    if (folder := config.get("mirror")) and not Path(folder).is_dir():
        yield ("mirror",), f"{folder} is no folder; correct it, or leave it out to use the hub"
    yield from _long_names(config)
    for name, model in config["models"].items():
        path: KeyPath = ("models", name, "build", "architecture")
        for key, text in _size_mistakes(model.get("build", {}).get("architecture")):
            yield (*path, key), text
    yield from _short_contexts(config)


def _long_names(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    names: dict[KeyPath, str] = {("study",): config["study"]}
    names |= {(section, name): name for section in NAMED for name in config.get(section, {})}
    for table, definition in config["tables"].items():
        for index, section in enumerate(definition["sections"]):
            for number, row in enumerate(section["rows"]):
                if isinstance(row, str):
                    path: KeyPath = ("tables", table, "sections", index, "rows", number)
                    names[path] = Study(config).cell_of_row(row)
    for path, name in names.items():
        if len(name) > LONGEST_CELL:
            yield (
                path,
                f"the cell's name has {len(name)} characters, and a folder's may have "
                f"{LONGEST_CELL}; take fewer stages or shorter names",
            )
        elif found := PERIODIC.search(name):
            yield (
                path,
                f"{found[1]!r} stands in it more than 20 times in a row, which Snakemake refuses; "
                "take another name",
            )


def _size_mistakes(sizes: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yield (key, message) of sizes of a Qwen2 model that do not fit together."""
    if sizes is None:
        return
    width, heads, shared = (
        sizes[name] for name in ("hidden_size", "num_attention_heads", "num_key_value_heads")
    )
    if width % (2 * heads):
        yield (
            "hidden_size",
            f"{width} does not give each of {heads} heads an even number of dimensions; make it a "
            f"multiple of {2 * heads}",
        )
    if heads % shared:
        yield (
            "num_attention_heads",
            f"{heads} must be a multiple of num_key_value_heads {shared}",
        )


def _short_contexts(config: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield contexts that are longer than a built model's, or have no room for a prompt.

    A prompt has at least as many tokens as words, and one for the problem.
    """
    evaluation, sensitivity = config["evaluation"], config["sensitivity"]
    context = evaluation["max_model_length"]
    words = {
        name: len(f"{prompt['system'] or ''} {prompt['user']}".split())
        for name in (evaluation["prompt"], *sensitivity["prompts"], *sensitivity["untrained"])
        if (prompt := config["prompts"].get(name))
    }
    longest = max(words, key=lambda name: words[name], default=None)
    if longest is not None and words[longest] >= context:
        yield (
            ("evaluation", "max_model_length"),
            f"{context} tokens leave no room for an answer to the prompt {longest!r}, whose words "
            f"alone are {words[longest]}; raise it",
        )
    short = {}
    for name, model in config["models"].items():
        sizes = _architecture(config["models"], name)
        reads = min(model.get("max_model_length", context), context)
        if sizes and reads > sizes["max_position_embeddings"]:
            short[name] = sizes["max_position_embeddings"]
    if short:
        yield (
            ("evaluation", "max_model_length"),
            f"is {context}, but {', '.join(short)} have {min(short.values())} positions; lower it, "
            "or give the model its max_model_length",
        )


def _architecture(models: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return the sizes of a built model: its own, or those of the model that it starts from."""
    seen: set[str] = set()
    while name in models and name not in seen:
        seen.add(name)
        build = models[name].get("build", {})
        if "architecture" in build:
            return build["architecture"]
        name = build.get("start", "")
    return None
