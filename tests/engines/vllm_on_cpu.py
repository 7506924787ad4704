"""What lets TRL push weights into a vLLM on a CPU, for tests alone.

vLLM's CPU build packs the weights of its linear layers when it loads them, and what is loaded later
does not reach the packed ones; here its layers multiply with the weights themselves, as with CUDA.
Compiling would take longer than all the tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def weights_that_can_change() -> Iterator[None]:
    """Start vLLM's engines with unpacked weights and without compiling."""
    import torch
    from vllm import LLM
    from vllm.model_executor.layers import utils

    def unpacked(layer: torch.nn.Module, remove_weight: bool) -> None:
        layer.cpu_linear = torch.nn.functional.linear

    start = LLM.__init__

    def start_eager(self: LLM, *args: object, **kwargs: object) -> None:
        start(self, *args, **kwargs, enforce_eager=True)

    with (
        patch.object(utils, "dispatch_cpu_unquantized_gemm", unpacked),
        patch.object(LLM, "__init__", start_eager),
    ):
        yield
