"""Pin a data set of config.yaml to its repository's current commit on the hub.

    python -m scripts.pin_revision gsm8k-distilled

The commit takes the place of `null` in datasets.NAME.hub.revision; nothing else changes there.
"""

import argparse
from pathlib import Path

import yaml

from scripts.lib.data.hub import commit_of
from scripts.lib.disk import say_in_words
from scripts.lib.files import write_text


def hub_source(text: str, dataset: str, place: str) -> dict:
    """Return a data set's hub source in a config; refuse one that is pinned or is not there."""
    sets = {
        name: definition["hub"]
        for name, definition in yaml.safe_load(text).get("datasets", {}).items()
        if "revision" in definition.get("hub", {})
    }
    if dataset not in sets:
        raise SystemExit(
            f"{place}: no datasets.{dataset}.hub.revision; there are those of: {', '.join(sets)}"
        )
    if pinned := sets[dataset]["revision"]:
        raise SystemExit(
            f"{place}: {dataset} is pinned to {pinned}; to pin another commit, write null there "
            "first, or the commit itself"
        )
    return sets[dataset]


def with_revision(text: str, dataset: str, commit: str, place: str) -> str:
    """Return a config's text with a commit in place of a data set's null revision."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in ("datasets", dataset, "hub", "revision"):
        node = next(value for name, value in node.value if name.value == key)
    changed = text[: node.start_mark.index] + commit + text[node.end_mark.index :]
    config = yaml.safe_load(text)
    definition = config["datasets"][dataset]
    definition = definition | {"hub": definition["hub"] | {"revision": commit}}
    expected = config | {"datasets": config["datasets"] | {dataset: definition}}
    if yaml.safe_load(changed) != expected:
        raise SystemExit(
            f"{place}: cannot be changed in this place alone; write {commit} into "
            f"datasets.{dataset}.hub.revision by hand"
        )
    return changed


def main() -> None:
    """Ask the hub for the commit and write it into the config file."""
    say_in_words()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", help="name of the data set in the config file")
    parser.add_argument("--config", type=Path, default=Path("config.yaml"), help="file to change")
    parser.add_argument("--revision", default="main", help="branch or tag whose commit is pinned")
    args = parser.parse_args()

    try:
        text = args.config.read_bytes().decode("utf-8")  # with its own line ends
        source = hub_source(text, args.dataset, str(args.config))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SystemExit(f"{args.config}: cannot be read ({error})") from None
    commit = commit_of(source["repo"], args.revision)
    write_text(args.config, with_revision(text, args.dataset, commit, str(args.config)))
    print(
        f"{args.config}: {args.dataset} is pinned to {commit}, what {source['repo']} has as "
        f"{args.revision} now. To have its size checked too, write `rows` beside it: the "
        f"number is in results/STUDY/data/{args.dataset}/raw.json after the fetch."
    )


if __name__ == "__main__":
    main()
