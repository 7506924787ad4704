"""How many sequences a forward and backward pass holds: a fact of the machine, not of a recipe.

A profile says how many tokens a device has room for; sequences of one pass are padded to the same
length. Another number of sequences rounds otherwise, and draws other dropout (LoRA's).
"""

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


def sequences_that_fit(batch: int, longest: int, tokens: int) -> int:
    """Return the largest divisor of `batch` whose sequences of `longest` tokens fit; 0 if none.

    >>> sequences_that_fit(128, 600, 32768), sequences_that_fit(12, 8, 40)
    (32, 4)
    >>> sequences_that_fit(8, 41, 40)
    0
    """
    most = min(batch, tokens // longest)
    return next((number for number in range(most, 0, -1) if batch % number == 0), 0)


def sequences_per_pass(batch: int, longest: int, tokens: int, rule: str, limit: str) -> int:
    """Return how many sequences a pass holds.

    `batch` are a process's sequences per optimiser step, `longest` the tokens of the longest one,
    `limit` the key of the recipe that bounds it. Raises SystemExit if not even one fits.
    """
    if number := sequences_that_fit(batch, longest, tokens):
        return number
    raise SystemExit(
        f"the longest sequence has {longest} tokens, but a pass may have {tokens}: raise "
        f"`tokens_per_pass` of {rule} in the profile's set-resources to {longest} or more if the "
        f"device has room for it, or lower {limit} in the recipe, which changes results"
    )
