"""One finished evaluation as it is given to other tools: its record, its run, its completions."""

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

from scripts.lib.evaluation.completions import SCHEMA
from scripts.lib.evaluation.finished import Place, Row, read_rows
from scripts.lib.files import read_json, sha256_of
from scripts.lib.provenance import finished
from scripts.lib.study.cells import Study, model_of, stages_of

Record = dict[str, Any]


class Evaluated(NamedTuple):
    """An evaluation with all that was recorded of it; no rows if its training collapsed."""

    study: Study
    place: Place
    record: Record
    run: Record
    rows: list[Row]
    seconds: int  # since 1970: when it was written

    @property
    def moment(self) -> datetime:
        """Return when it was written."""
        return datetime.fromtimestamp(self.seconds, UTC)

    @property
    def dataset(self) -> str:
        """Return the data set that the benchmark's problems come from."""
        return self.study.config["benchmarks"][self.place.benchmark]["dataset"]

    @property
    def model_id(self) -> str:
        """Return the model's name in the form organisation/name.

        A model of the hub that was not trained has its own name, every other cell the study's.
        """
        model = self.study.config["models"][model_of(self.place.cell)]
        trained = stages_of(self.place.cell) or "repo" not in model
        return f"{self.study.name}/{self.place.cell}" if trained else model["repo"]

    @property
    def identity(self) -> uuid.UUID:
        """Return an identifier that follows from what was evaluated, and from its key."""
        names = [self.study.name, *map(str, self.place[:4]), self.record["key"]]
        digest = hashlib.sha256(json.dumps(names).encode()).digest()
        return uuid.UUID(bytes=digest[:16], version=4)

    def facts(self) -> dict[str, Any]:
        """Return what tells this evaluation from others, under this study's names."""
        place, record = self.place, self.record
        model = self.study.config["models"][model_of(place.cell)]
        return {
            "study": self.study.name,
            "cell": place.cell,
            "label": self.study.label(place.cell),
            "base_model": model.get("repo", model_of(place.cell)),
            "base_revision": model.get("revision"),
            "stages": stages_of(place.cell),
            "training_seed": place.seed if stages_of(place.cell) else None,
            "seed": place.seed,
            "benchmark": place.benchmark,
            "dataset": self.dataset,
            "prompt": place.prompt,
            "status": record["status"],
            "reason": record["reason"],
            "key": record["key"],
            "weights": record["weights"],
            "inputs": self.run.get("inputs"),
            "code_fingerprint": self.run.get("code_fingerprint"),
            "git_commit": self.run.get("git_commit"),
        }


def read_evaluated(study: Study, place: Place) -> Evaluated:
    """Read one finished evaluation; exit with an error if its completions are not those recorded.

    Its time is when the evaluation finished, or the environment's SOURCE_DATE_EPOCH, in seconds
    since 1970: so two exports of one study are the same bytes.
    """
    record, run = read_json(place.record), read_json(place.run)
    if run["files"][place.details.name] != sha256_of(place.details):
        raise SystemExit(
            f"{place.details}: not the file that {place.run} describes; it was changed by hand or "
            "copied in part"
        )
    given = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        seconds = int(given) if given else int(finished(run, place.run).timestamp())
    except ValueError:
        raise SystemExit(f"SOURCE_DATE_EPOCH={given}: must be a number of seconds") from None
    return Evaluated(study, place, record, run, read_rows(place, SCHEMA.names), seconds)
