"""The grammar of the study: cells, their prefixes, and the names behind them.

A cell is a model and the stages applied to it in order, joined by "+", for example
`qwen2.5-0.5b-instruct+kd-lora+rl`. A table's row may name the model by a role (`base+kd-lora+rl`);
the row `{best: base}` leaves the choice among the tabulated cells trained from it to the numbers.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Study:
    """A validated config with the questions that rules and scripts ask of it."""

    config: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the study's name, which is its folder below results/."""
        return self.config["study"]

    def cell_of_row(self, row: str) -> str:
        """Return the cell that a table's row names: its role replaced by the model behind it."""
        root, plus, stages = row.partition("+")
        return self.config["roles"].get(root, root) + plus + stages

    def cells(self) -> list[str]:
        """Return the cells of all tabulated tables, each once, in the order of the rows."""
        tables = self.config["tabulate"]
        return list(dict.fromkeys(cell for table in tables for cell in self.rows_of_table(table)))

    def trained_prefixes(self) -> list[str]:
        """Return the trained cells of the study and those that they start or learn from, once."""
        found: dict[str, None] = {}
        waiting = self.cells()[::-1]
        while waiting:
            prefixes = chain_of(cell := waiting.pop())
            found |= dict.fromkeys(prefixes)
            stages = [self.config["stages"][stage] for stage in stages_of(cell)]
            waiting += [self.cell_of_row(s["teacher"]) for s in stages if "teacher" in s]
        return list(found)

    def rows_of_table(self, table: str) -> list[str]:
        """Return the cells that a table's rows name, without those left to the numbers."""
        return [self.cell_of_row(row) for row in self._rows(table) if isinstance(row, str)]

    def cells_of_table(self, table: str) -> list[str]:
        """Return the cells whose numbers a table needs, each once, in the order of its rows."""
        cells = (cell for row in self._rows(table) for cell in self.candidates(row))
        return list(dict.fromkeys(cells))

    def candidates(self, row: str | dict[str, str]) -> list[str]:
        """Return the cells that a row may show: one, or all trained ones of a root for `best`."""
        if isinstance(row, str):
            return [self.cell_of_row(row)]
        root = self.cell_of_row(row["best"])
        return [cell for cell in self.cells() if model_of(cell) == root and stages_of(cell)]

    def _rows(self, table: str) -> list[str | dict[str, str]]:
        sections = self.config["tables"][table]["sections"]
        return [row for section in sections for row in section["rows"]]

    def seeds(self) -> list[int]:
        """Return the seeds that every cell is run with."""
        return self.config["seeds"]

    def benchmarks(self) -> list[str]:
        """Return the evaluated benchmarks in the order of the tables' columns."""
        return self.config["evaluate"]

    def main_prompt(self) -> str:
        """Return the prompt of the tables."""
        return self.config["evaluation"]["prompt"]

    def sensitivity_cells(self) -> list[str]:
        """Return the cells that are evaluated under other prompts too; none without such prompts.

        They are those of the tables that `sensitivity` selects and the study makes.
        """
        chosen = self.config["sensitivity"]
        if not chosen["prompts"]:
            return []
        tables = [table for table in self.config["tabulate"] if table in chosen["tables"]]
        return list(dict.fromkeys(cell for table in tables for cell in self.rows_of_table(table)))

    def prompts_of(self, cell: str) -> list[str]:
        """Return the prompts that a cell is evaluated under, that of the tables first."""
        prompts = [self.main_prompt()]
        if cell in self.sensitivity_cells():
            prompts += self.config["sensitivity"]["prompts"]
            if not stages_of(cell):
                prompts += self.config["sensitivity"]["untrained"]
        return list(dict.fromkeys(prompts))

    def own_prompt(self, cell: str) -> str | None:
        """Return the prompt that a cell is at home in, None where it is not evaluated under it.

        Of a trained cell that is the prompt of its training examples, of an untrained one the
        prompt that `sensitivity.own` declares for its role.
        """
        own = self.config["examples"]["prompt"]
        if not stages_of(cell):
            declared = self.config["sensitivity"]["own"].items()
            named = [prompt for role, prompt in declared if self.cell_of_row(role) == cell]
            own = named[0] if named else self.main_prompt()
        return own if own in self.prompts_of(cell) else None

    def tasks_of(self, cell: str) -> list[str]:
        """Return what a cell is evaluated on: `gsm8k`, and `training/gsm8k` under other prompts."""
        return [
            task_of(prompt, benchmark, self.main_prompt())
            for prompt in self.prompts_of(cell)
            for benchmark in self.benchmarks()
        ]

    def prompt_and_benchmark(self, task: str) -> tuple[str, str]:
        """Return the prompt and the benchmark of a task."""
        prompt, _, benchmark = task.rpartition("/")
        return prompt or self.main_prompt(), benchmark

    def teacher_of(self, stage: str) -> str:
        """Return the cell whose model teaches in a stage of on-policy distillation."""
        return self.cell_of_row(self.config["stages"][stage]["teacher"])

    def label(self, cell: str) -> str:
        """Return a cell's name for people, for example `Qwen2.5-0.5B+KD (LoRA)+RL`."""
        names = [self.config["models"][model_of(cell)]["label"]]
        names += [self.config["stages"][stage]["label"] for stage in stages_of(cell)]
        return "+".join(names)


def task_of(prompt: str, benchmark: str, main_prompt: str) -> str:
    """Return the name of a task, which is part of its path.

    >>> task_of("boxed", "gsm8k", "boxed"), task_of("training", "gsm8k", "boxed")
    ('gsm8k', 'training/gsm8k')
    """
    return benchmark if prompt == main_prompt else f"{prompt}/{benchmark}"


def model_of(cell: str) -> str:
    """Return the untrained model that a cell starts from."""
    return cell.partition("+")[0]


def stages_of(cell: str) -> list[str]:
    """Return the stages of a cell in the order in which they are trained."""
    return cell.split("+")[1:]


def parent_of(cell: str) -> str | None:
    """Return the prefix that a cell's last stage starts from; None for an untrained model."""
    return cell.rpartition("+")[0] or None


def chain_of(cell: str) -> list[str]:
    """Return the trained cells on the way to a cell in the order of training, itself last.

    >>> chain_of("m+a+b"), chain_of("m")
    (['m+a', 'm+a+b'], [])
    """
    root, *stages = cell.split("+")
    return ["+".join([root, *stages[:depth]]) for depth in range(1, len(stages) + 1)]
