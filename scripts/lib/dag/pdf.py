"""The reproduction report as a PDF, and the macros that it is made with (rules/pdf.smk)."""

from pathlib import PurePosixPath

from scripts.lib.dag.jobs import File, Inputs, Job, Settings, entry
from scripts.lib.dag.paper import audit_paper, check_claims
from scripts.lib.dag.products import products
from scripts.lib.dag.score import collect_scores, compare_reported, draw_conclusions, printed_cells
from scripts.lib.dag.tables import (
    make_answer_table,
    make_cost_table,
    make_prompt_table,
    make_table,
)
from scripts.lib.paper.files import read_paper_file
from scripts.lib.study.cells import Study, stages_of
from scripts.lib.study.recipes import label_of, recipe_of

SOURCES = ("main.tex", "preamble.tex", "captions.tex")


@entry("write_macros", {"macros": "paper/macros.tex", "record": "paper/macros.record.json"})
def write_macros(study: Study) -> tuple[Settings, Inputs]:
    """Return the study's facts for the text, and the files that its numbers come from."""
    config, cells = study.config, study.cells()
    stages = list(dict.fromkeys(stage for cell in cells for stage in stages_of(cell)))
    prefixes = {cell.rsplit("+", n)[0] for cell in cells for n in range(len(stages_of(cell)))}
    settings = {
        "study": study.name,
        "note": config.get("note"),
        "roots": [config["models"][config["roles"][role]]["label"] for role in config["roles"]],
        "seeds": study.seeds(),
        "trainings": len(prefixes) * len(study.seeds()),
        "prompts": list(dict.fromkeys(p for cell in cells for p in study.prompts_of(cell))),
        "main_prompt": study.main_prompt(),
        "temperature": config["evaluation"]["temperature"],
        "benchmarks": {name: config["benchmarks"][name]["label"] for name in study.benchmarks()},
        "labels": {cell: study.label(cell) for cell in cells},
        "recipes": {label_of(study, stage): recipe_of(study, stage) for stage in stages},
        "tables": [_stem(file) for file in _tables(study)],
        "figures": [_stem(file) for file in _figures(study)],
    }
    inputs: dict[str, File | list[File]] = {
        "scores": collect_scores(study)["scores"],
        "conclusions": draw_conclusions(study)["conclusions"],
        "claims": check_claims(study)["csv"],
        "audit": audit_paper(study)["csv"],
    }
    if printed_cells(study):
        inputs["reproduction"] = compare_reported(study)["reproduction"]
    return settings, inputs


@entry("typeset", {"pdf": "paper.pdf", "record": "paper.record.json"})
def typeset(study: Study) -> tuple[Settings, Inputs]:
    """Return the words of the report, and every table and figure that it shows."""
    settings = {"files": {name: read_paper_file(name) for name in SOURCES}}
    tables = [*_tables(study), check_claims(study)["tex"], audit_paper(study)["tex"]]
    return settings, {
        "macros": write_macros(study)["macros"],
        "tables": tables,
        "figures": _figures(study),
    }


def _tables(study: Study) -> list[File]:
    """Return the tables across the whole width, and that of the prompts where there is one."""
    made = [make_table(study, table=name)["wide"] for name in study.config["tabulate"]]
    made += [make_answer_table(study)["tex"], make_cost_table(study)["tex"]]
    return [*made, make_prompt_table(study)["tex"]] if study.sensitivity_cells() else made


def _figures(study: Study) -> list[File]:
    jobs: list[Job] = products(study)["figures"]
    return [made["pdf"] for made in jobs]


def _stem(file: File) -> str:
    return PurePosixPath(file.path).stem
