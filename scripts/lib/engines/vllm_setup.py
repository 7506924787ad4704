"""Around vLLM's start: is it there, what does it read, and what a user can mend if it fails."""

import atexit
import contextlib
import importlib.util
import os
import re
import tempfile
from collections.abc import Iterator

# What vLLM says where its share of the device is more than is free, and where the share is too
# small for the weights and one full context.
SHARE_NOT_FREE = re.compile(r"free memory on device|out of memory|available memory on node", re.I)
SHARE_TOO_SMALL = re.compile(r"no available memory for the cache|to serve at least one", re.I)
UNKNOWN_MODEL = re.compile(r"model architectures? .*not supported", re.I)


def require_vllm() -> None:
    """Exit with the cure if the profile asks for vLLM and it is not installed."""
    if importlib.util.find_spec("vllm") is None:
        raise SystemExit(
            "the profile asks for `engine: vllm`, but vLLM is not installed: `make setup "
            "STACK=gpu` (Linux x86-64 with CUDA), or write `engine: transformers` for the rule in "
            "the profile's set-resources"
        )


def prepare_environment() -> None:
    """Set what vLLM reads when it is imported; what the user has set holds."""
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")  # the engine in this process
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB on a CPU; else nearly all its memory
    if "VLLM_CACHE_ROOT" not in os.environ:
        # Compiled code; jobs that start at once and share its folder get in each other's way.
        cache = tempfile.TemporaryDirectory(prefix="vllm-", ignore_cleanup_errors=True)
        atexit.register(cache.cleanup)
        os.environ["VLLM_CACHE_ROOT"] = cache.name


@contextlib.contextmanager
def cure_named(checkpoint: str, share: str, less: str) -> Iterator[None]:
    """Exit with one message if what stops vLLM's start can be mended.

    `share` is the key of config.yaml that gives vLLM its part of the device, `less` those that let
    it need less.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        lines = str(error).splitlines()
        larger = "Ask for a larger GPU in the profile"
        for pattern, what, cure in (
            (
                SHARE_NOT_FREE,
                "vLLM finds too little free memory for",
                f"{larger}, end what else runs on this one, or lower {share} in config.yaml",
            ),
            (
                SHARE_TOO_SMALL,
                "vLLM's share of the memory is too small for",
                f"{larger}, or in config.yaml raise {share} or lower {less}",
            ),
            (
                UNKNOWN_MODEL,
                "vLLM cannot run",
                "Write `engine: transformers` for the rule in the profile's set-resources",
            ),
        ):
            for line in filter(pattern.search, lines):
                raise SystemExit(f"{what} {checkpoint}: {line.strip()}\n{cure}") from None
        raise
