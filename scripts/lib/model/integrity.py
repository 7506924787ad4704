"""Are a checkpoint's files whole, and safe to load? Answered without loading a weight.

Weights are read from safetensors alone: a pickle (`.bin`, `.pt`) runs code when it is loaded. The
header of a safetensors file names its tensors' types, shapes and places, which fill the file.
"""

import functools
import json
import math
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

# Any of these is a tokenizer's vocabulary; SentencePiece's and tiktoken's are no JSON.
VOCABULARIES = ["tokenizer.json", "vocab.json", "vocab.txt", "*.model", "*.tiktoken", "*.spm"]
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
GENERATION = "generation_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
HEADER_BYTES = 100_000_000  # the longest header that safetensors' own reader takes
# Of types with whole bytes; the others are left to the reader.
BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2}
BYTES |= {"BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}


def require_files(folder: Path, who: str) -> None:
    """Exit with the cure unless a folder holds a config, whole weights and a vocabulary.

    `who` is the model's key in the config, `models.NAME`, for the message.
    """
    if not (folder / "config.json").is_file():
        there = "has no config.json, so it is no checkpoint" if folder.is_dir() else "is no folder"
        raise SystemExit(f"{who}: {folder} {there}; correct the path or the repository")
    if not isinstance(read_object(folder / "config.json", who).get("model_type"), str):
        raise SystemExit(f"{who}: {folder}/config.json names no model_type, so it is no model's")
    if (folder / GENERATION).is_file():  # transformers passes over one that it cannot read
        require_stop_tokens(folder / GENERATION, who)
    shards = shards_of(folder, who)
    refuse_other_weights(folder, shards, who)
    for file, tensors in shards.items():
        header = read_header(folder / file, who)
        if lost := [name for name in tensors if name not in header]:
            raise SystemExit(
                f"{who}: {folder / file} lacks {lost[0]}, which {INDEX} says is there; get both "
                "files anew, from one source"
            )
    if not any(file for pattern in VOCABULARIES for file in folder.glob(pattern)):
        raise SystemExit(
            f"{who}: {folder} holds no tokenizer's vocabulary ({', '.join(VOCABULARIES)}), without "
            "which transformers would make up one of a few tokens; take a repository that has "
            "one, or put the files of its tokenizer into a local copy (`path`)"
        )


def require_stop_tokens(path: Path, who: str) -> None:
    """Exit with the cure unless a generation config names its stop tokens by number, if any."""
    named = read_object(path, who).get("eos_token_id")
    stops = named if isinstance(named, list) else [] if named is None else [named]
    if not all(isinstance(stop, int) and stop >= 0 for stop in stops):
        raise SystemExit(
            f"{who}: {path}: eos_token_id is {named!r:.60}, but must be the number of a token, or "
            "a list of such; get the file anew"
        )


def refuse_links_outside(folder: Path, who: str) -> None:
    """Exit with the cure if a link below a folder leads out of it.

    The hub's own cache keeps the files of a `snapshots/COMMIT` in `blobs`, beside `snapshots`.
    """
    real = Path(os.path.realpath(folder))  # the folder itself may be reached by a link
    inside = real.parents[1] if real.parent.name == "snapshots" else real
    for path in folder.rglob("*"):
        target = Path(os.path.realpath(path))
        if path.is_symlink() and not target.is_relative_to(inside):
            raise SystemExit(
                f"{who}: {path} is a link out of that folder, to {target}; whoever made the folder "
                "may so have a file of yours read. If you made it, copy the file into the folder"
            )


def shards_of(folder: Path, who: str) -> dict[str, list[str]]:
    """Return {file of weights: tensors that the index says are in it}, as transformers reads them.

    Raises SystemExit if there are none, or only pickles.
    """
    if (folder / WEIGHTS).is_file():
        return {WEIGHTS: []}
    if (folder / INDEX).is_file():
        shards = shards_in(folder / INDEX, who)
        if lost := [f for f in shards if Path(f).name != f or not (folder / f).is_file()]:
            raise SystemExit(f"{who}: {folder} lacks {lost[0]!r}, which {INDEX} names; get it too")
        return shards
    pickles = sorted(file.name for pattern in PICKLES for file in folder.glob(pattern))
    if pickles:
        raise SystemExit(
            f"{who}: {folder} has its weights as pickles alone ({pickles[0]}), which run code when "
            f"they are loaded, so the study does not; give them as {WEIGHTS} (`save_pretrained` "
            "writes it, where you trust the file)"
        )
    if (folder / "adapter_model.safetensors").is_file():
        raise SystemExit(f"{who}: {folder} is a LoRA adapter; merge it into its model first")
    raise SystemExit(
        f"{who}: {folder} holds no weights ({WEIGHTS}, or {INDEX} and its shards); other formats "
        "are neither fetched nor loaded"
    )


def shards_in(index: Path, who: str) -> dict[str, list[str]]:
    """Return {file of weights: its tensors} as an index has them; exit if it has none."""
    named = read_object(index, who).get("weight_map")
    whole = isinstance(named, dict) and all(isinstance(file, str) for file in named.values())
    if not named or not whole:
        raise SystemExit(f"{who}: {index} has no weight_map; get the file anew")
    shards: dict[str, list[str]] = {}
    for tensor, file in named.items():
        shards.setdefault(file, []).append(tensor)
    return shards


def refuse_other_weights(folder: Path, used: Collection[str], who: str) -> None:
    """Exit with the cure if a folder has weights beside the used ones that an engine would read.

    transformers reads model.safetensors even beside an index. vLLM reads every safetensors file
    unless an index names some, and Mistral's consolidated ones before all others.
    """
    found = [file.name for file in sorted(folder.glob("*.safetensors")) if file.name not in used]
    if (folder / INDEX).is_file():
        stale = WEIGHTS in used and set(shards_in(folder / INDEX, who)) != {WEIGHTS}
        found = [INDEX] if stale else [n for n in found if n.startswith("consolidated")]
    if found:
        raise SystemExit(
            f"{who}: {folder} has {found[0]} beside {min(used)}, weights of another save or form: "
            "transformers would read the one, vLLM the other; move what is not meant out of the "
            "folder (of a model of the hub, into a local copy given as `path`)"
        )


def read_header(path: Path, who: str) -> dict[str, Any]:
    """Return {tensor: its type, shape and place} of a safetensors file; exit unless it is whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if 8 + length <= size and length <= HEADER_BYTES else b""
    try:
        header = json.loads(text)
        tensors = {name: facts for name, facts in header.items() if name != "__metadata__"}
        places = sorted(tuple(facts["data_offsets"]) for facts in tensors.values())
        wrong = [name for name, facts in tensors.items() if not has_its_shape(facts)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SystemExit(
            f"{who}: {path} is no whole safetensors file (its header cannot be read in its {size} "
            "bytes): the copy was cut short, or it is a pointer of Git LFS; get the file anew"
        ) from None
    ends = [0, *(end for _, end in places)]
    if [start for start, _ in places] != ends[:-1] or 8 + length + ends[-1] != size:
        raise SystemExit(
            f"{who}: {path} has {size} bytes, but its header describes {8 + length + ends[-1]}: "
            "the copy was cut short or is damaged; get the file anew"
        )
    if wrong:
        raise SystemExit(
            f"{who}: {path}: the shape of {wrong[0]} does not fit its bytes; get the file anew"
        )
    return tensors


@functools.cache
def counted_parameters(folder: Path, who: str) -> int:
    """Return the numbers in a checkpoint's weights, a shared tensor once, as their headers say."""
    headers = [read_header(folder / file, who) for file in shards_of(folder, who)]
    shapes = [tensor["shape"] for header in headers for tensor in header.values()]
    return sum(map(math.prod, shapes))


def has_its_shape(facts: dict[str, Any]) -> bool:
    """Say whether a tensor's place is as long as its type and shape say."""
    start, end = facts["data_offsets"]
    width = BYTES.get(facts["dtype"])
    return width is None or end - start == width * math.prod(facts["shape"])


def read_object(path: Path, who: str) -> dict[str, Any]:
    """Return the JSON object in a checkpoint's file; exit with the cure if it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SystemExit(f"{who}: {path} cannot be read ({error}); get the file anew") from None
    if not isinstance(found, dict):
        raise SystemExit(f"{who}: {path} holds no JSON object; get the file anew")
    return found
