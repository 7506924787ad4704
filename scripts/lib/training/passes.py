"""How the sequences of an optimiser step are shared out to forward and backward passes.

A profile says how many tokens a device has room for in one pass, padding included: a fact of the
machine, not of a recipe. Sequences of like length go together, so that little of a pass is padding.
Another number of tokens rounds otherwise, and draws other dropout (LoRA's).
"""

from collections.abc import Sequence

TOKENS_PER_PASS = 32_768  # where no profile says it: 4 sequences of 8,192, which an H100 holds


def batch_of_process(global_batch_size: int, world: int) -> int:
    """Return the sequences of an optimiser step that fall to one of `world` processes.

    Raises SystemExit if the processes cannot share them equally.
    """
    if global_batch_size % world:
        raise SystemExit(
            f"recipe: global_batch_size {global_batch_size} cannot be shared equally by {world} "
            "processes; change it in the config's recipes, or the number of GPUs in the profile"
        )
    return global_batch_size // world


def check_longest(longest: int, tokens: int, rule: str, limit: str) -> None:
    """Exit with an error if a pass has no room for the longest sequence, both in tokens.

    `limit` is the key of the recipe that bounds the sequence.
    """
    if longest > tokens:
        raise SystemExit(
            f"the longest sequence has {longest} tokens, but a pass may have {tokens}: raise "
            f"`tokens_per_pass` of {rule} in the profile's set-resources to {longest} or more if "
            f"the device has room for it, or lower {limit} in the recipe, which changes results"
        )


def split_by_tokens(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Return the places of the sequences of each pass, the longest sequences first.

    A pass holds as many as fit when all are padded to its longest, and always one.

    >>> split_by_tokens([3, 9, 8, 2, 2], 18)
    [[1, 2], [0, 3, 4]]
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    passes = []
    while order:
        fit = max(1, tokens // max(1, lengths[order[0]]))
        passes.append(order[:fit])
        order = order[fit:]
    return passes


def split_further(passes: list[list[int]], count: int) -> list[list[int]]:
    """Return the same sequences in `count` passes, by halving those that hold the most.

    >>> split_further([[1, 2], [0, 3, 4]], 3)
    [[1, 2], [0], [3, 4]]
    """
    passes = list(passes)
    while len(passes) < count:
        place = max(range(len(passes)), key=lambda number: len(passes[number]))
        most = passes[place]
        passes[place : place + 1] = [most[: len(most) // 2], most[len(most) // 2 :]]
    return passes
