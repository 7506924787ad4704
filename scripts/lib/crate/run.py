"""A finished study as a Provenance Run RO-Crate: its workflow, its jobs, and every file of theirs.

The profile: https://w3id.org/ro/wfrun/provenance/0.5. A rule is a tool and a step of the workflow;
a planned job is an action of that tool, whose objects are the files that it read, and its results
those that it left. The files are referred to where they are, below results/STUDY.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, File
from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from scripts.lib.dag.jobs import Job
from scripts.lib.dag.rules import environment_of
from scripts.lib.files import sha256_of
from scripts.lib.provenance import git_commit, versions
from scripts.lib.records import Record
from scripts.lib.study.cells import Study
from scripts.lib.trace.lines import spell_number
from scripts.lib.trace.links import record_of

AGENT = "the SRLM study contributors"
LICENSE = "https://spdx.org/licenses/Apache-2.0"
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
COMPLETED = "http://schema.org/CompletedActionStatus"
WORKFLOW = "workflow"  # the folder of the workflow's files in the crate
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}


class RunCrate:
    """The crate of a study's run, filled entity by entity; `root` is results/STUDY."""

    def __init__(self, study: Study, root: Path, jobs: list[Job]):
        self.study, self.root, self.jobs = study, root, jobs
        self.records = {job: record_of(job, root) for job in jobs}
        self.crate = ROCrate(version="1.1")
        self.commit = git_commit() or "without git"
        self.agent = self.context("#contributors", "Organization", name=AGENT)
        self.config = self.file("config.json", description="The resolved settings of the study")
        self.workflow = self._workflow()
        self.tools = {rule: self._tool(rule) for rule in sorted({job.rule for job in jobs})}
        self.actions = {job: self._action(job) for job in jobs}
        self._run()
        self._root()

    def metadata(self) -> dict[str, Any]:
        """Return the content of ro-crate-metadata.json."""
        self.crate.metadata.extra_contexts.append(CONTEXT)
        return self.crate.metadata.generate()

    def context(self, identifier: str, kind: str, /, **properties: Any) -> Entity:
        """Add something that is no file."""
        made = ContextEntity(self.crate, identifier, {"@type": kind, **properties})
        return self.crate.add(made)

    def file(self, path: str, /, **properties: Any) -> Entity:
        """Add a file below results/STUDY, or return it if it is there already."""
        source = self.root / path
        made = File(self.crate, source, path)
        if known := self.crate.get(made.id):
            return known
        facts = {
            "name": path,
            "contentSize": str(source.stat().st_size),
            "sha256": sha256_of(source),
        }
        if kind := FORMATS.get(source.suffix):
            facts["encodingFormat"] = kind
        return self.crate.add(File(self.crate, source, path, properties=facts | properties))

    # ---------------------------------------------------------------------------- the workflow

    def _workflow(self) -> Entity:
        path = f"{WORKFLOW}/Snakefile"
        workflow = self.crate.add_workflow(
            self.root / path,
            path,
            main=True,
            lang="snakemake",
            lang_version=versions()["snakemake"],
            cls=ComputationalWorkflow,
            properties={
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": "The study of small reasoning language models",
                "sha256": sha256_of(self.root / path),
                "version": self.commit,
                "encodingFormat": FORMATS[".py"],
                "conformsTo": {"@id": BIOSCHEMAS},
                "license": {"@id": LICENSE},
                "author": self.agent,
            },
        )
        source = self.context(
            "#config",
            "FormalParameter",
            name="config",
            additionalType="File",
            encodingFormat=FORMATS[".json"],
            valueRequired=True,
            workExample=self.config,
        )
        self.config["exampleOfWork"] = source
        workflow["input"] = source
        return workflow

    def _tool(self, rule: str) -> Entity:
        """Add a rule's script, with its environment, and the rule as a step of the workflow."""
        environment = environment_of(rule)
        path = f"{WORKFLOW}/scripts/{rule}.py"
        kind = {"@type": ["File", "SoftwareSourceCode"]}
        tool = self.file(path, **kind, name=rule, programmingLanguage="Python", version=self.commit)
        pins = self.file(
            f"{WORKFLOW}/envs/{environment}.yaml", description=f"Pinned packages: {environment}"
        )
        tool["softwareRequirements"] = pins
        position = str(len(self.workflow.get("step", [])))
        step = self.context(
            f"#step/{rule}", "HowToStep", name=rule, position=position, workExample=tool
        )
        self.workflow.append_to("step", step)
        self.workflow.append_to("hasPart", tool)
        return tool

    # ---------------------------------------------------------------------------- what was done

    def _action(self, job: Job) -> Entity:
        """Add a job: what it read, what it left, and when it ended, if its record says so."""
        record = job.outputs["record"]
        names = ", ".join(f"{name} {value}" for name, value in job.wildcards.items())
        paths = dict.fromkeys(file.path for file in job.input_files())
        read = [self.file(path) for path in paths if (self.root / path).is_file()]
        facts = self.records[job]
        action = self.context(
            f"#job/{record}",
            "CreateAction",
            name=f"{job.rule} {names}".strip(),
            instrument=self.tools[job.rule],
            agent=self.agent,
            object=one_or_all([*read, self.config]),
            result=one_or_all(
                [self.file(path, **self._about(job, path)) for path in job.outputs.values()]
            ),
            identifier=str(facts.get("key")),
            actionStatus=COMPLETED,
            **times(facts),
        )
        if facts.get("status") == "collapsed":  # a result, and no failure of the job
            action["description"] = f"collapsed: {facts.get('reason')}"
        step = self.crate.get(f"#step/{job.rule}")
        self.context(
            f"#control/{record}",
            "ControlAction",
            name=f"orchestrate {record}",
            instrument=step,
            object=action,
        )
        return action

    def _about(self, job: Job, path: str) -> dict[str, str]:
        """Return what a table cell's file says beside its path."""
        if path != job.outputs.get("cell"):
            return {}
        cell, task = job.wildcards["cell"], job.wildcards["task"]
        number = spell_number(self.records[job])
        return {"description": f"Accuracy of {cell} on {task}: {number} (95% interval)"}

    def _run(self) -> None:
        """Add the run of the workflow as a whole, and of its engine."""
        made = [job for job in self.jobs if job.rule in ("score_cell", "make_table")]
        ends = [times(record) for record in self.records.values()]
        run = self.context(
            "#run",
            "CreateAction",
            name=f"The study {self.study.name}",
            instrument=self.workflow,
            agent=self.agent,
            object=self.config,
            result=[self.file(path) for job in made for path in job.outputs.values()],
            actionStatus=COMPLETED,
            **_extent(ends),
        )
        engine = self.context(
            "#snakemake",
            "SoftwareApplication",
            name="Snakemake",
            url="https://snakemake.github.io",
            softwareVersion=versions()["snakemake"],
        )
        controls = [self.crate.get(f"#control/{job.outputs['record']}") for job in self.jobs]
        self.context(
            "#engine-run",
            "OrganizeAction",
            name=f"Snakemake's run of the study {self.study.name}",
            instrument=engine,
            agent=self.agent,
            object=controls,
            result=run,
            **_extent(ends),
        )

    def _root(self) -> None:
        profiles = [
            self.context(name, "CreativeWork", name=title, version=version)
            for name, (title, version) in PROFILES.items()
        ]
        self.context(LICENSE, "CreativeWork", name="Apache License 2.0", identifier=LICENSE)
        note = self.study.config.get("note")
        text = "A run of the study behind 'A Technical Study into Small Reasoning Language Models'"
        ends = _extent([times(record) for record in self.records.values()])
        root = self.crate.root_dataset
        root["name"] = f"The study {self.study.name}"
        root["description"] = f"{text} (arXiv 2506.13404). {note or ''}".strip()
        root["license"] = {"@id": LICENSE}
        root["author"] = self.agent
        root["conformsTo"] = profiles
        root["mentions"] = [self.crate.get("#run"), *self.actions.values()]
        if end := ends.get("endTime"):
            root["datePublished"] = end


def one_or_all(entities: list[Entity]) -> Entity | list[Entity]:
    """Return one entity as itself, as RO-Crate wants it, and several as a list."""
    return entities[0] if len(entities) == 1 else entities


def times(record: Record) -> dict[str, str]:
    """Return when a job began and ended, by its record; nothing where that does not say so."""
    if "finished" not in record:
        return {}
    end = datetime.fromisoformat(record["finished"])
    start = end - timedelta(seconds=float(record.get("wall_seconds") or 0))
    return {"startTime": start.isoformat(timespec="seconds"), "endTime": end.isoformat()}


def _extent(of_jobs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the first beginning and the last end."""
    known = [of for of in of_jobs if of]
    if not known:
        return {}
    return {
        "startTime": min(of["startTime"] for of in known),
        "endTime": max(of["endTime"] for of in known),
    }
