"""Cards as files: a template's text behind the metadata that the hub's library writes."""

from pathlib import Path
from typing import Any

from huggingface_hub import CardData
from huggingface_hub.repocard import RepoCard
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.lib.show.inert import escape

TEMPLATES = Path(__file__).parent / "templates"
# What a card's example loads, typed in its folder; scripts.push writes the repository's name in its
# place. The datasets library wants a folder with a name.
HERE = {"model": '"."', "dataset": '"../results-dataset"'}


def write_card(
    folder: Path, kind: type[RepoCard], data: CardData, template: str, context: dict[str, Any]
) -> Path:
    """Write README.md into a folder and return it; `kind` reads it back, with its metadata."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown; what a model wrote is in no card
    )
    environment.filters |= {"percent": in_percent, "interval": interval, "inline": inline}
    text = environment.get_template(template).render(context | {"here": HERE[kind.repo_type]})
    card = kind(f"---\n{data.to_yaml()}\n---\n\n{text}")
    path = folder / "README.md"
    path.write_text(card.content, encoding="utf-8")
    return path


def in_percent(share: float | None) -> str:
    """Return a fraction in percent with one decimal, a dash for no number."""
    return "–" if share is None else f"{100 * share:.1f}"


def interval(ends: list[float] | None) -> str:
    """Return an interval in percent: ` [51.2, 56.7]`; nothing for none."""
    return "" if ends is None else f" [{', '.join(map(in_percent, ends))}]"


def inline(value: Any) -> str:
    """Return a value as it can stand in a table's entry."""
    return escape(" ".join(str(value).split())).replace("|", r"\|")
