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

    def label(self, cell: str) -> str:
        """Return a cell's name for people, for example `Qwen2.5-0.5B+KD (LoRA)+RL`."""
        names = [self.config["models"][model_of(cell)]["label"]]
        names += [self.config["stages"][stage]["label"] for stage in stages_of(cell)]
        return "+".join(names)


def model_of(cell: str) -> str:
    """Return the untrained model that a cell starts from."""
    return cell.partition("+")[0]


def stages_of(cell: str) -> list[str]:
    """Return the stages of a cell in the order in which they are trained."""
    return cell.split("+")[1:]


def parent_of(cell: str) -> str | None:
    """Return the prefix that a cell's last stage starts from; None for an untrained model."""
    return cell.rpartition("+")[0] or None
