"""The report's first page, and the files that it offers."""

import shutil
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.lib.files import read_json
from scripts.lib.frames import read_frame
from scripts.lib.price.measured import TRAININGS
from scripts.lib.provenance import finished
from scripts.lib.report import cells as of_cells
from scripts.lib.report import overview
from scripts.lib.report.data import without
from scripts.lib.report.inputs import Report
from scripts.lib.report.others import other_run
from scripts.lib.study.cells import stages_of


def context(
    made: Report, folder: Path, assumptions: Iterable[tuple[str, str, str]]
) -> dict[str, Any]:
    """Copy the files that the first page offers; return what its template is given.

    What is only known at the end, `sampling` and `size_bytes`, is empty in it.
    """
    run, settings = made.run, made.settings
    texts = {
        name: run.paths(name)[0].read_text(encoding="utf-8")
        for name in ("conclusions", "claims", "audit")
    }
    runs = zip(run.paths("runs"), made.run_records, strict=True)
    trainings = (
        (made.path(file), made.records[file.job])
        for file in made.files("records")
        if file.job.rule in TRAININGS
    )
    done = max(finished(record, path) for path, record in [*runs, *trainings])
    environment = overview.environment([*made.run_records, *made.records.values()])
    study = {name: settings[name] for name in ("note", "seeds", "prompts", "main_prompt")}
    benchmarks = [
        of | {"problems": len(made.problems[of["name"]])} for of in settings["benchmarks"]
    ]
    tables = tables_of(made)
    config = without(made.study.config, "mirror")  # a place on this machine
    return {
        "study": study
        | {
            "name": settings["study"],
            "made": done.astimezone(UTC).date().isoformat(),
            "benchmarks": benchmarks,
            "cells": len(settings["cells"]),
            "trained": sum(bool(stages_of(of["cell"])) for of in settings["cells"]),
            "hosts": environment.get("host", []),
            "commits": environment.get("git_commit", []),
        },
        "collapsed": of_cells.collapsed(made.table_cells, made.labels),
        "labels": made.labels,
        "missing": overview.missing(settings["printed_elsewhere"], made.table_cells),
        "conclusions_html": overview.conclusions(texts["conclusions"]),
        "claims_html": overview.html(overview.without_title(texts["claims"])),
        "audit_html": overview.html(overview.without_title(texts["audit"])),
        "costs_html": next(table["html"] for table in tables if table["name"] == "costs"),
        "tables": [table for table in tables if table["name"] != "costs"],
        "figures": figures_of(made, folder),
        "others": [other_run(read_json(path), settings["study"]) for path in run.paths("others")],
        "data_cards": [
            {"name": path.parent.name, "html": data_card(path.read_text(encoding="utf-8"))}
            for path in run.paths("cards")
        ],
        "environment": environment,
        "config_yaml": yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=100),
        "assumptions_html": overview.assumptions(assumptions),
        "comparisons": read_frame(run.paths("comparisons")[0])
        .astype(object)
        .where(lambda frame: frame.notna(), None)
        .to_dict("records"),
        "files": copied(made, folder),
        "sampling": "",
        "size_bytes": 0,
    }


def data_card(markdown: str) -> Markup:
    """Return a data card whose headings stand below those of the page."""
    return overview.html(overview.without_title(markdown), deeper=2)


def tables_of(made: Report) -> list[dict[str, Any]]:
    """Return the tables with links from their numbers, in the order of the report."""
    found = []
    names = ("tables", "table_frames", "table_sources")
    for path, frame, source in zip(*(made.run.paths(name) for name in names), strict=True):
        markdown = path.read_text(encoding="utf-8")
        title = markdown.partition("\n")[0].lstrip("# ")
        body = overview.without_title(markdown)
        if path.stem in (*made.settings["tables"], "prompts"):
            body = overview.with_links(body, read_frame(frame), made.settings["main_prompt"])
        files = [f"files/{of.name}" for of in (frame, source)]
        found.append(
            {"name": path.stem, "title": title, "html": overview.html(body), "files": files}
        )
    return found


def figures_of(made: Report, folder: Path) -> list[dict[str, str]]:
    """Copy the figures into the folder and return what the page says of them."""
    (folder / "figures").mkdir()
    found = []
    for png, pdf in zip(made.run.paths("figures"), made.run.paths("figure_files"), strict=True):
        for path in (png, pdf):
            shutil.copyfile(path, folder / "figures" / path.name)
        title, alt = overview.FIGURES[png.stem]
        found.append(
            {"name": png.stem, "title": title, "alt": alt}
            | {"src": f"figures/{png.name}", "pdf": f"figures/{pdf.name}"}
        )
    return found


def copied(made: Report, folder: Path) -> list[str]:
    """Copy the frames and the tables' sources into the folder; return their places in it."""
    (folder / "files").mkdir()
    names = ("scores", "comparisons", "conclusion_frame", "costs", "claims_frame", "audit_frame")
    paths = [path for name in names for path in made.run.paths(name)]
    paths += [*made.run.paths("table_frames"), *made.run.paths("table_sources")]
    taken: set[str] = set()
    for path in paths:
        name = path.name if path.name not in taken else f"{path.parent.name}-{path.name}"
        shutil.copyfile(path, folder / "files" / name)
        taken.add(name)
    return sorted(f"files/{name}" for name in taken)


def render(context: dict[str, Any], templates: Path) -> str:
    """Return the first page; text that is not markup already is escaped."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html.j2").render(context)
