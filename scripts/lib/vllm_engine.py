"""vLLM as the study starts it: prompts in, completions out, both as token ids.

Each request has a seed of its own, so that its completion depends neither on the requests beside
it nor on how many devices share the work. The engine runs in the process that starts it, so that
nothing of a killed job stays on its device; several devices have a process each.
"""

import atexit
import contextlib
import hashlib
import importlib.util
import multiprocessing
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from scripts.lib.devices import RESTRICTION

# What vLLM says, in one of these ways, where the weights and one full context do not fit.
TOO_LITTLE_MEMORY = re.compile(
    r"free memory on device|no available memory for the cache|to serve at least one request|"
    r"out of memory|available memory on node",
    re.IGNORECASE,
)
UNKNOWN_MODEL = re.compile(r"model architectures? .*not supported", re.IGNORECASE)


class Request(NamedTuple):
    """One completion to be sampled."""

    prompt: list[int]
    max_new_tokens: int
    seed: int


class Sampling(NamedTuple):
    """How completions are sampled: greedily at temperature 0; top_k 0 stands for all tokens."""

    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    stop_ids: list[int]


def seed_of(*facts: str | int) -> int:
    """Return a seed of 32 bits that stands for all of these facts."""
    digest = hashlib.sha256(" ".join(map(str, facts)).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def require_vllm() -> None:
    """End with the cure where the profile asks for vLLM and it is not installed."""
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
def cure_named(checkpoint: str, cure: str) -> Iterator[None]:
    """End with a message where what stops vLLM's start can be mended; `cure` is against no room."""
    try:
        yield
    except (RuntimeError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        lines = str(error).splitlines()
        for line in filter(TOO_LITTLE_MEMORY.search, lines):
            raise SystemExit(
                f"vLLM finds too little memory for {checkpoint}: {line.strip()}\n"
                f"Ask for a larger GPU in the profile, end what else runs on this one, or {cure}"
            ) from None
        for line in filter(UNKNOWN_MODEL.search, lines):
            raise SystemExit(
                f"vLLM cannot run {checkpoint}: {line.strip()}\n"
                "Write `engine: transformers` for the rule in the profile's set-resources"
            ) from None
        raise


def start_engine(arguments: dict[str, Any]) -> Any:
    """Return a running vllm.LLM; end with the cure where its device has too little memory."""
    prepare_environment()
    from vllm import LLM

    cure = (
        "in config.yaml raise vllm.gpu_memory_utilization, or lower vllm.max_num_seqs or "
        "evaluation.max_model_length"
    )
    with cure_named(arguments["model"], cure):
        return LLM(**arguments)


def generate(llm: Any, requests: list[Request], sampling: Sampling) -> list[list[int]]:
    """Return each request's new tokens, up to and with its stop token."""
    from vllm import SamplingParams

    parameters = [
        SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            repetition_penalty=sampling.repetition_penalty,
            stop_token_ids=sampling.stop_ids,
            max_tokens=request.max_new_tokens,
            seed=request.seed,
            detokenize=False,
        )
        for request in requests
    ]
    prompts = [{"prompt_token_ids": request.prompt} for request in requests]
    outputs = llm.generate(prompts, parameters, use_tqdm=False)
    return [list(output.outputs[0].token_ids) for output in outputs]


class VllmEngine:
    """A checkpoint in vLLM, on every device that it is given; started once, for all requests."""

    def __init__(self, checkpoint: str, arguments: dict[str, Any], devices: list[str]) -> None:
        """Start it on `devices`, as CUDA_VISIBLE_DEVICES names them; with none, on what there is.

        `arguments` are those of vllm.LLM beside what the study's exactness rests on.
        """
        arguments = {
            "model": checkpoint,
            "generation_config": "vllm",  # nothing of the checkpoint's own
            # Whole prompts: on a CPU one with a seed of its own cannot be cut into parts.
            "enable_chunked_prefill": False,
            "max_num_batched_tokens": max(arguments["max_model_len"], arguments["max_num_seqs"]),
            "disable_log_stats": True,
        } | arguments
        self.workers: list[Worker] = []
        self.llm = None
        if len(devices) > 1:
            self.workers = [Worker(device, arguments) for device in devices]
            for worker in self.workers:
                worker.answer()  # all of them start side by side; this waits until they have
        else:
            self.llm = start_engine(arguments)

    def generate(self, requests: list[Request], sampling: Sampling) -> list[list[int]]:
        """Return the requests' completions in their order, each up to and with its stop token."""
        if not self.workers:
            return generate(self.llm, requests, sampling)
        count = len(self.workers)
        for number, worker in enumerate(self.workers):
            worker.ask((requests[number::count], sampling))
        completions: list[list[int]] = [[] for _ in requests]
        for number, worker in enumerate(self.workers):
            completions[number::count] = worker.answer()
        return completions

    def close(self) -> None:
        """End the processes of several devices."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()


class Worker:
    """An engine in a process of its own, on one device."""

    def __init__(self, device: str, arguments: dict[str, Any]) -> None:
        """Start the process; its first answer says that the engine is there."""
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.device = device
        self.process = context.Process(target=serve, args=(theirs, device, arguments), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, request: Any) -> None:
        """Send something to be answered; where the process has ended, the answer says so."""
        with contextlib.suppress(BrokenPipeError):
            self.connection.send(request)

    def answer(self) -> Any:
        """Return the next answer; end with the process's own message if it has ended."""
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            raise SystemExit(
                f"the engine on device {self.device} ended with code {self.process.exitcode}; "
                "the job's log says why"
            ) from None
        if isinstance(answer, SystemExit):
            raise answer
        return answer


def serve(connection: Connection, device: str, arguments: dict[str, Any]) -> None:
    """Answer requests on one device until nobody asks, or until who asks has died."""
    threading.Thread(target=end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    os.environ[RESTRICTION] = device
    os.environ.pop("VLLM_CACHE_ROOT", None)
    try:
        llm = start_engine(arguments)
    except SystemExit as end:
        connection.send(end)
        return
    connection.send(None)
    while True:
        try:
            requests, sampling = connection.recv()
        except EOFError:
            return
        connection.send(generate(llm, requests, sampling))


def end_with(parent: BaseProcess) -> None:
    """End this process when another does; amid a generation it would keep its device for hours."""
    parent.join()
    os._exit(1)
