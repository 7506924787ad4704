"""Make the report: a folder of pages from the study's tables down to every verdict.

It is opened from disk, without a server and without a network: `index.html`, the styles and scripts
of report/, and data as scripts. Its size is limited (`report.max_megabytes`); completions' texts
beyond that are left out, and the page says how they were chosen. The folder appears whole.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.cli import Run, job_arguments, planned_run
from scripts.lib.console import report, spell_bytes
from scripts.lib.dag.code import ROOT
from scripts.lib.dag.jobs import File, files_of
from scripts.lib.dag.report import lineage_of, problems_of
from scripts.lib.dag.train import model
from scripts.lib.files import read_json, read_jsonl
from scripts.lib.frames import read_frame
from scripts.lib.report import cells as of_cells
from scripts.lib.report import overview
from scripts.lib.report.completions import Evaluation, Part, chunks, text_sizes, verdicts
from scripts.lib.report.folder import folder_made_whole, size_of
from scripts.lib.report.sampling import Places, limit_of, sentence, summed
from scripts.lib.report.writing import put
from scripts.lib.study.cells import Study, stages_of
from scripts.list_assumptions import assumptions

PAGES = ROOT / "report"
PER_CHUNK = 300  # completions of a chunk of problems, about
LONGEST_CHUNK = 50  # problems
TITLE = 120  # characters of a question in a list
VERDICT = 16  # bytes of a completion's verdict in a data file, at most
BESIDE = 2_000  # bytes of a data file beside its rows

Record = dict[str, Any]


class Report:
    """What the report is made of, read from the inputs of the planned job."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.study: Study = run.study
        self.settings = run.settings
        self.benchmarks: list[str] = [of["name"] for of in self.settings["benchmarks"]]
        self.labels = {of["cell"]: of["label"] for of in self.settings["cells"]}
        self.table_cells: list[Record] = [read_json(path) for path in run.paths("cells")]
        self.run_records: list[Record] = [read_json(path) for path in run.paths("runs")]
        self.records = {file.job: read_json(self.path(file)) for file in self.files("records")}
        self.scores = [read_json(self.path(file)) for file in self.files("evaluations")]
        self.problems = {
            name: read_jsonl(self.path(problems_of(self.study, name)["rows"]))
            for name in self.benchmarks
        }

    def path(self, file: File) -> Path:
        """Return where a file of the study is."""
        return self.run.root / file.path

    def files(self, name: str) -> list[File]:
        """Return the files of an input with the jobs that made them."""
        return files_of(self.run.job.inputs[name])

    def chunk_of(self, benchmark: str) -> int:
        """Return how many problems of a benchmark are in a data file."""
        samples = max(
            (of["samples"] for of in self.scores if of["benchmark"] == benchmark), default=1
        )
        return max(1, min(LONGEST_CHUNK, PER_CHUNK // (samples * len(self.study.seeds()))))

    def evaluations(self) -> Iterator[Evaluation]:
        """Yield the evaluations of each cell, prompt and benchmark, with all seeds."""
        parts: dict[tuple[str, str, str], list[Part]] = {}
        for file, record in zip(self.files("completions"), self.scores, strict=True):
            prompt, benchmark = self.study.prompt_and_benchmark(record["task"])
            of_task = parts.setdefault((record["cell"], prompt, benchmark), [])
            if record["status"] != "collapsed":
                of_task.append(Part(record["seed"], self.path(file), record["samples"]))
        for (cell, prompt, benchmark), of_task in parts.items():
            ids = [problem["id"] for problem in self.problems[benchmark]]
            yield Evaluation(cell, prompt, benchmark, ids, of_task)


# -------------------------------------------------------------------------- data, but completions


def write_study(made: Report, folder: Path) -> None:
    """Write study.js: what there is, with the numbers of every cell."""
    numbers = of_cells.numbers(made.table_cells)
    collapsed = of_cells.collapsed(made.table_cells, made.labels)
    ended = {(of["cell"], of["seed"]) for of in collapsed}
    seeds = made.settings["seeds"]
    cells = [
        {
            **of,
            "trained": bool(of["stages"]),
            "prompts": dict.fromkeys(of["prompts"], made.benchmarks),
            "seeds": seeds,
            "collapsed": [seed for seed in seeds if (of["cell"], seed) in ended],
            "accuracy": numbers.get(of["cell"], {}),
        }
        for of in made.settings["cells"]
    ]
    benchmarks = [
        of | {"problems": len(made.problems[of["name"]]), "chunk": made.chunk_of(of["name"])}
        for of in made.settings["benchmarks"]
    ]
    names = ("main_prompt", "prompts", "seeds", "note")
    study = {name: made.settings[name] for name in names}
    put(
        folder,
        "data/study",
        {"name": made.settings["study"], **study, "benchmarks": benchmarks, "cells": cells},
    )


def write_problems(made: Report, folder: Path) -> None:
    """Write the problems of each benchmark in chunks, and a list of all of them."""
    for benchmark, problems in made.problems.items():
        rows = [{name: of[name] for name in ("id", "question", "gold")} for of in problems]
        titles = [[of["id"], of["question"][:TITLE], of["gold"]] for of in rows]
        put(folder, f"data/problems/{benchmark}/titles", titles)
        chunk = made.chunk_of(benchmark)
        for number, start in enumerate(range(0, len(rows), chunk)):
            put(folder, f"data/problems/{benchmark}/{number}", rows[start : start + chunk])


def write_cells(made: Report, folder: Path) -> None:
    """Write each cell's own file, and the rollouts of its trainings."""
    rollouts = {
        (str(file.job.wildcards["cell"]), int(file.job.wildcards["seed"])): made.path(file)
        for file in made.files("rollouts")
    }
    for of in made.settings["cells"]:
        cell = of["cell"]
        sampled = [seed for seed in made.settings["seeds"] if (cell, seed) in rollouts]
        for seed in sampled:
            rows = read_jsonl(rollouts[cell, seed])
            put(folder, f"data/rollouts/{cell}/seed-{seed}", rows)
        put(folder, f"data/cells/{cell}", cell_page(made, of) | {"rollouts": sampled})


def cell_page(made: Report, of: Record) -> dict[str, Any]:
    """Return what the report says of a cell."""
    cell = of["cell"]
    seeds = made.settings["seeds"] if stages_of(cell) else []
    trainings = [made.records[model(made.study, cell, seed)] for seed in seeds]
    ended = of_cells.collapsed(made.table_cells, made.labels)
    return {
        "cell": cell,
        "label": of["label"],
        "parent": of["parent"],
        "stages": of["stages"],
        "lineage": lineage(made, cell),
        "recipe": trainings[0]["config"]["recipe"] if trainings else None,
        "training_settings": _other(trainings[0]["config"], "recipe") if trainings else None,
        "seeds": [of_cells.training(record) for record in trainings],
        "collapsed": [one for one in ended if one["cell"] == cell],
        "curve": of_cells.curve(trainings) if trainings else None,
        "settings": evaluation_settings(made, cell),
        "records": evaluation_records(made, cell),
    }


def _other(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


def evaluation_settings(made: Report, cell: str) -> dict[str, dict[str, Any]]:
    """Return {prompt: {benchmark: how it was evaluated}}; the seeds differ in their seed alone."""
    found: dict[str, dict[str, Any]] = {}
    for scores in made.scores:
        if scores["cell"] == cell:
            prompt, benchmark = made.study.prompt_and_benchmark(scores["task"])
            found.setdefault(prompt, {})[benchmark] = _other(scores["settings"], "seed")
    return found


def lineage(made: Report, cell: str) -> list[dict[str, Any]]:
    """Return the jobs behind a cell, itself first: models, and the data that they learned from."""
    nodes = []
    for job in lineage_of(made.study, cell):
        named = str(next(iter(job.wildcards.values())))
        name = str(job.wildcards.get("cell") or job.wildcards.get("dataset") or named)
        keys = {"": job.key}
        if "seed" in job.wildcards:
            of_seeds = {seed: model(made.study, name, seed) for seed in made.settings["seeds"]}
            keys = {str(seed): of_seed.key for seed, of_seed in of_seeds.items()}
        node = of_cells.lineage_node(job.rule, name, keys, made.records[job])
        behind = [parent.outputs["record"] for parent in job.parents]
        nodes.append(node | {"record": job.outputs["record"], "made_from": behind})
    return nodes


def evaluation_records(made: Report, cell: str) -> list[dict[str, Any]]:
    """Return where a cell's completions are, with the keys and facts of their evaluations."""
    found = []
    files = made.files("completions")
    for file, scores, run in zip(files, made.scores, made.run_records, strict=True):
        if scores["cell"] == cell:
            prompt, benchmark = made.study.prompt_and_benchmark(scores["task"])
            facts = {name: run.get(name) for name in ("key", "git_commit", "host", "engine")}
            found.append(
                {"seed": scores["seed"], "prompt": prompt, "benchmark": benchmark, **facts}
                | {name: scores[name] for name in ("weights", "statuses")}
                | {"file": file.path, "wall_seconds": run.get("wall_seconds")}
            )
    return found


# ----------------------------------------------------------------------------------- completions


def write_completions(made: Report, folder: Path, room: float) -> str:
    """Write every verdict, and the texts for which there is room; return what a reader is told.

    `room` is how many bytes verdicts and texts may take together.
    """
    evaluations = list(made.evaluations())
    ids = {name: [of["id"] for of in problems] for name, problems in made.problems.items()}
    places = Places.of(made.settings["prompts"], made.settings["seeds"], ids)

    def of_part(evaluation: Evaluation, part: Part) -> np.ndarray:
        return places.of_completions(
            evaluation.prompt, evaluation.benchmark, part.seed, part.samples
        )

    parts = [(evaluation, part) for evaluation in evaluations for part in evaluation.parts]
    sizes = summed((of_part(*both), text_sizes(both[1].path)) for both in parts)
    every = sum(len(evaluation.problems) * part.samples for evaluation, part in parts)
    rows_take = every * VERDICT + len(evaluations) * BESIDE
    limit = limit_of(sizes, room - rows_take)
    texts = 0
    for evaluation in evaluations:
        kept = [of_part(evaluation, part) < limit for part in evaluation.parts]
        texts += int(sum(of_seed.sum() for of_seed in kept))
        where = f"{evaluation.cell}/{evaluation.prompt}/{evaluation.benchmark}"
        put(folder, f"data/verdicts/{where}", verdicts(evaluation, kept))
        for number, chunk in chunks(evaluation, kept, made.chunk_of(evaluation.benchmark)):
            put(folder, f"data/completions/{where}/{number}", chunk)
    first_round = sum(map(len, ids.values()))
    share = min(limit, first_round) / first_round if first_round else 1.0
    return sentence(texts, every, share, made.settings["max_megabytes"])


# -------------------------------------------------------------------------------- the first page


def context(made: Report, folder: Path) -> dict[str, Any]:
    """Copy the files that the first page offers; return what its template is given.

    What is only known at the end, `sampling` and `size_bytes`, is empty in it.
    """
    run, settings = made.run, made.settings
    texts = {
        name: run.paths(name)[0].read_text(encoding="utf-8")
        for name in ("conclusions", "claims", "audit")
    }
    newest = max(path.stat().st_mtime for path in [*run.paths("runs"), *run.paths("records")])
    environment = overview.environment([*made.run_records, *made.records.values()])
    study = {name: settings[name] for name in ("note", "seeds", "prompts", "main_prompt")}
    benchmarks = [
        of | {"problems": len(made.problems[of["name"]])} for of in settings["benchmarks"]
    ]
    tables = tables_of(made)
    config = _other(made.study.config, "mirror")  # a place on this machine
    return {
        "study": study
        | {
            "name": settings["study"],
            "made": datetime.fromtimestamp(newest, UTC).date().isoformat(),
            "benchmarks": benchmarks,
            "cells": len(settings["cells"]),
            "hosts": environment.get("host", []),
            "versions": environment["versions"],
            "commits": environment.get("git_commit", []),
        },
        "collapsed": of_cells.collapsed(made.table_cells, made.labels),
        "missing": overview.missing(settings["printed_elsewhere"], made.table_cells),
        "conclusions_html": overview.conclusions(texts["conclusions"]),
        "claims_html": overview.html(overview.without_title(texts["claims"])),
        "audit_html": overview.html(overview.without_title(texts["audit"])),
        "costs_html": next(table["html"] for table in tables if table["name"] == "costs"),
        "tables": [table for table in tables if table["name"] != "costs"],
        "figures": figures_of(made, folder),
        "data_cards": [
            {"name": path.parent.name, "html": data_card(path.read_text(encoding="utf-8"))}
            for path in run.paths("cards")
        ],
        "environment": environment,
        "config_yaml": yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=100),
        "assumptions_html": overview.assumptions(
            assumptions((ROOT / "config.yaml").read_text(encoding="utf-8"))
        ),
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


def make(run: Run, folder: Path, pages: Path = PAGES) -> None:
    """Write the report of a planned job into an empty folder."""
    shutil.copytree(pages / "assets", folder / "assets")
    shutil.copytree(pages / "vendor", folder / "assets" / "vendor")
    made = Report(run)
    write_study(made, folder)
    write_problems(made, folder)
    write_cells(made, folder)
    page = context(made, folder)
    fixed = size_of(folder) + len(render(page, pages / "templates").encode()) + BESIDE
    room = made.settings["max_megabytes"] * 1e6 - fixed
    page["sampling"] = write_completions(made, folder, room)
    page["size_bytes"] = size_of(folder)
    text = render(page, pages / "templates")
    (folder / "index.html").write_text(text, encoding="utf-8")


def main() -> None:
    """Read the flags and make the report."""
    parser = job_arguments(__doc__)
    parser.add_argument("--index", type=Path, required=True, help="the page to write, index.html")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "make_report")
    with folder_made_whole(args.index.parent) as folder:
        make(run, folder)
        size = size_of(folder)
    run.write_record(args.output, args.index, bytes=size)
    report(f"make_report: {args.index}, {spell_bytes(size)}")


if __name__ == "__main__":
    main()
