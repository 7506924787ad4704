"""What a report is made of, read from the inputs of its planned job."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.cli import Run
from scripts.lib.dag.jobs import File, files_of
from scripts.lib.dag.report import problems_of
from scripts.lib.files import read_json, read_jsonl
from scripts.lib.report.completions import Evaluation, Part
from scripts.lib.study.cells import Study

PER_CHUNK = 300  # completions of a chunk of problems, about
LONGEST_CHUNK = 50  # problems

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
