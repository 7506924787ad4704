"""Where a round begins: the mini study without what some of its jobs made, and a target."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scripts.lib.files import digest_files, size_of
from tests.rules.conftest import begin_with
from tests.workflow import reproducible

RESULTS = Path("results", "mini")
DISTILLED = "data/toy-gsm8k-distilled"
CORES = 2
CHECKPOINTS = 12_000_000  # bytes that a training of the mini study may have in checkpoints/


@dataclass(frozen=True)
class Start:
    """Parts of results/mini: those that a round has, those it makes (none: all others), targets.

    `times` are patterns below logs/mini/ of the times of most that it makes.
    """

    has: tuple[str, ...]
    makes: tuple[str, ...]
    targets: tuple[str, ...]
    times: tuple[str, ...]

    def lay(self, study: Path, folder: Path) -> None:
        """Copy what the round has."""
        begin_with(study, folder, *self.has)

    def arguments(self) -> list[str]:
        """Return the targets as Snakemake takes them."""
        if not self.makes:
            return list(self.targets)
        return [str(RESULTS / target) for target in self.targets]

    def seconds(self, study: Path) -> float:
        """Return how long the undisturbed study took for most of what the round makes."""
        logs = study / "logs" / "mini"
        files = [file for pattern in self.times for file in logs.glob(pattern)]
        seconds = [float(pd.read_csv(file, sep="\t")["s"].iloc[0]) for file in files]
        return sum(seconds) / (1 if self.makes else CORES)

    def size(self, study: Path) -> int:
        """Return about how many bytes the round writes."""
        if not self.makes:
            had = sum(size_of(study / RESULTS / name) for name in self.has)
            return size_of(study / RESULTS) - had
        training = any(name.startswith("models/") for name in self.makes)
        made = sum(size_of(study / RESULTS / name) for name in self.makes)
        return made + (CHECKPOINTS if training else 0)

    def _of(self, name: str) -> bool:
        parts = (*self.has, *self.makes)
        return not self.makes or name == "config.json" or name.startswith(tuple(parts))

    def differences(self, study: Path, folder: Path) -> list[str]:
        """Return each file that is missing, one too many, or of other bytes than in the study."""
        files = {name for name in digest_files(study / RESULTS) if self._of(name)}
        found = digest_files(folder / RESULTS).keys()
        lacks = [f"{name} is missing" for name in sorted(files - found)]
        extra = [f"{name} is left over" for name in sorted(found - files)]
        whole, here = (reproducible(place / RESULTS) for place in (study, folder))
        other = [
            f"{name} differs" for name in sorted(here) if whole.get(name, here[name]) != here[name]
        ]
        return lacks + extra + other


STARTS = {
    "a model built": Start(
        has=("tokenizers/",),
        makes=("models/toy-base/",),
        targets=("models/toy-base/model.json",),
        times=("build_model/toy-base.tsv",),
    ),
    "traces sampled": Start(
        has=("tokenizers/", "models/toy-base/", "models/toy-teacher/", "data/toy-gsm8k/"),
        makes=(f"{DISTILLED}/",),
        targets=(f"{DISTILLED}/card.md", f"{DISTILLED}/tokens/toy-base.json"),
        times=("*/toy-gsm8k-distilled*.tsv",),
    ),
    "an SFT cell": Start(
        has=("tokenizers/", "models/toy-base/", "data/"),
        makes=("models/toy-base+sft/", "eval/toy-base+sft/", "cells/toy-base+sft/"),
        targets=("cells/toy-base+sft/gsm8k.json",),
        times=("*/toy-base+sft*.tsv",),
    ),
    "a GRPO training": Start(
        has=("tokenizers/", "models/toy-base/", "models/toy-base+kd-lora/", "data/"),
        makes=("models/toy-base+kd-lora+rl/",),
        targets=("models/toy-base+kd-lora+rl/seed-0/training.json",),
        times=("train_grpo/*.tsv",),
    ),
    "a LoRA training": Start(
        has=("tokenizers/", "models/toy-base/", "data/"),
        makes=("models/toy-base+kd-lora/",),
        targets=("models/toy-base+kd-lora/seed-0/training.json",),
        times=("train_sft/toy-base+kd-lora_*.tsv",),
    ),
    "an evaluation": Start(
        has=("tokenizers/", "models/toy-base/", "data/"),
        makes=("eval/toy-base/", "cells/toy-base/"),
        targets=("cells/toy-base/gsm8k.json",),
        times=("evaluate/toy-base_*.tsv", "score_cell/toy-base.tsv"),
    ),
    "all that follows the evaluations": Start(
        has=("tokenizers/", "models/", "data/", "eval/"),
        makes=(),
        targets=("all",),
        times=("*.tsv", "score_cell/*.tsv", "make_table/*.tsv"),
    ),
}
