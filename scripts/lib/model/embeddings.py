"""Tokens that a model has hardly read, told by their input embeddings.

A target that holds such a token teaches from next to nothing, and what the model writes behind it
is noise: in the demo one such token broke nearly every answer of the distilled cells.

Rows of tokens that were never read stay together: each gets the same small pushes and no other, so
that they are nearly one vector, or they shrink under weight decay. Land and Bartolo (2024, "Fishing
for Magikarp") find such tokens by the same two signs, with the rows that no token has as reference;
not every model has such rows.
"""

from collections.abc import Sequence
from typing import Any

from scripts.lib.machine.imports import quick_imports

NEIGHBOURS = 5
TWIN = 0.95  # mean cosine to the nearest rows; digits, twins of each other, have up to 0.87
SHRUNK = (
    1 / 3
)  # times the vocabulary's median norm; the shortest row of SmolLM2-135M has 0.57 of it
CHUNK = 128  # rows that are compared with the whole vocabulary at a time


def untrained_tokens(weight: Any, tokens: Sequence[int]) -> list[int]:
    """Return those of `tokens` whose rows in `weight` (vocabulary x width) look untrained.

    A row does if its mean cosine to its five nearest rows is 0.95 or more, or if its norm is below
    a third of the vocabulary's median. Fewer than six rows that were never read have too few twins
    to be seen.
    """
    import torch

    rows = weight.detach().float()
    norms = rows.norm(dim=1)
    shrunk = norms < SHRUNK * norms.median()
    directions = torch.nn.functional.normalize(rows, dim=1)
    count = min(NEIGHBOURS, len(rows) - 1)
    found: list[int] = []
    for chunk in torch.tensor(list(tokens), dtype=torch.long).split(CHUNK):
        cosines = directions[chunk] @ directions.T
        cosines[torch.arange(len(chunk)), chunk] = -1  # a row is no twin of itself
        nearest = cosines.topk(count, dim=1).values.mean(dim=1)
        found += chunk[(nearest >= TWIN) | shrunk[chunk]].tolist()
    return found


def input_embedding(folder: Any) -> Any:
    """Return the input embedding of a checkpoint, in the number format in which it is stored."""
    with quick_imports(without="sklearn"):
        from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", use_safetensors=True)
    return model.get_input_embeddings().weight
