"""Pin a data set or a model of a config file to its repository's current commit on the hub.

    python -m scripts.pin_revision gsm8k-distilled
    python -m scripts.pin_revision my-model --config mine.yaml

The commit takes the place of `null` in datasets.NAME.hub.revision or models.NAME.revision; nothing
else changes there.
"""

import argparse
from pathlib import Path
from typing import Any

import yaml

from scripts.lib.data.hub import commit_of
from scripts.lib.disk import say_in_words
from scripts.lib.files import write_text

Keys = tuple[str, ...]  # where a hub source stands in a config


def sources_of(config: dict[str, Any]) -> dict[Keys, dict[str, Any]]:
    """Return every source on the hub whose revision a config has, null or not, by its keys."""
    found: dict[Keys, dict[str, Any]] = {}
    for name, definition in config.get("datasets", {}).items():
        if "revision" in definition.get("hub", {}):
            found["datasets", name, "hub"] = definition["hub"]
    for name, definition in config.get("models", {}).items():
        if "revision" in definition:
            found["models", name] = definition
    return found


def unpinned(text: str, name: str, place: str) -> tuple[Keys, str]:
    """Return the keys and the repository of a source without a commit, of a data set or a model.

    Raises SystemExit if it is pinned, is not there, or is there twice.
    """
    sources = sources_of(yaml.safe_load(text) or {})
    named = [keys for keys in sources if keys[1] == name]
    free = [keys for keys in named if sources[keys]["revision"] is None]
    if not named:
        raise SystemExit(
            f"{place}: no datasets.{name}.hub.revision and no models.{name}.revision; there are "
            f"those of: {', '.join(dict.fromkeys(keys[1] for keys in sources)) or 'none'}"
        )
    if not free:
        raise SystemExit(
            f"{place}: {name} is pinned to {sources[named[0]]['revision']}; to pin another commit, "
            "write null there first, or the commit itself"
        )
    if len(free) > 1:
        raise SystemExit(f"{place}: a data set and a model are called {name}; rename one of them")
    return free[0], sources[free[0]]["repo"]


def with_revision(text: str, keys: Keys, commit: str, place: str) -> str:
    """Return a config's text with a commit in place of a source's null revision."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in (*keys, "revision"):
        node = next(value for name, value in node.value if name.value == key)
    changed = text[: node.start_mark.index] + commit + text[node.end_mark.index :]
    if yaml.safe_load(changed) != _put(yaml.safe_load(text), (*keys, "revision"), commit):
        raise SystemExit(
            f"{place}: cannot be changed in this place alone; write {commit} into "
            f"{'.'.join(keys)}.revision by hand"
        )
    return changed


def _put(config: dict[str, Any], keys: Keys, value: str) -> dict[str, Any]:
    """Return a config with a value in one place, and nowhere else that shares its mapping."""
    first, *rest = keys
    return config | {first: _put(config[first], tuple(rest), value) if rest else value}


def main() -> None:
    """Ask the hub for the commit and write it into the config file."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="name of the data set or model in the config file")
    parser.add_argument("--config", type=Path, default=Path("config.yaml"), help="file to change")
    parser.add_argument("--revision", default="main", help="branch or tag whose commit is pinned")
    args = parser.parse_args()

    try:
        text = args.config.read_bytes().decode("utf-8")  # with its own line ends
        keys, repo = unpinned(text, args.name, str(args.config))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SystemExit(f"{args.config}: cannot be read ({error})") from None
    kind = "dataset" if keys[0] == "datasets" else "model"
    commit = commit_of(repo, args.revision, kind)
    write_text(args.config, with_revision(text, keys, commit, str(args.config)))
    print(
        f"{args.config}: {args.name} is pinned to {commit}, what {repo} has as {args.revision} now."
    )
    if kind == "dataset":
        print(
            "To have its size checked too, write `rows` beside it: the number is in "
            f"results/STUDY/data/{args.name}/raw.json after the fetch."
        )


if __name__ == "__main__":
    main()
