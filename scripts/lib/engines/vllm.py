"""vLLM as the study starts it: prompts in, completions out, both as token ids.

Each request has a seed of its own, so that its completion depends neither on the requests beside
it nor on how many devices share the work. The engine runs in the process that starts it, so that
nothing of a killed job stays on its device; several devices have a process each.
"""

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from scripts.lib.engines.requests import Request, Sampling
from scripts.lib.engines.vllm_setup import cure_named, prepare_environment, require_vllm
from scripts.lib.machine.devices import RESTRICTION, torch_device, visible_devices

# The config's settings that are arguments of an engine with its own device.
OWN_SETTINGS = ("gpu_memory_utilization", "max_num_seqs", "enforce_eager")
CLOSING_SECONDS = 30.0
SEQUENCES_ON_CPU = 256  # side by side, where the config leaves the number to vLLM

Asked = tuple[Request, Sampling]


def start_vllm(
    checkpoint: Path, vllm: dict[str, Any], dtype: str, max_model_length: int
) -> "VllmEngine":
    """Return an engine on every device that the job sees; `vllm` holds the config's settings.

    `dtype` is a torch dtype's name, or `auto` for the checkpoint's own: vLLM's `auto` would take 16
    bits for float32. Raises SystemExit, with the cure, if vLLM is not installed, does not know
    the model or has too little memory.
    """
    require_vllm()
    from transformers import AutoConfig

    if dtype == "auto" and (own := AutoConfig.from_pretrained(checkpoint).dtype):
        dtype = str(own).removeprefix("torch.")
    arguments = {name: vllm[name] for name in OWN_SETTINGS if vllm[name] is not None}
    arguments |= {"max_model_len": max_model_length, "dtype": dtype}
    return VllmEngine(str(checkpoint), arguments, visible_devices())


def load(arguments: dict[str, Any]) -> Any:
    """Return a running vllm.LLM; exit with the cure if its device has too little memory."""
    from vllm import LLM

    if torch_device() == "cpu":
        # vLLM cannot cut a prompt with a seed of its own into parts on a CPU: whole ones alone.
        arguments = {"max_num_seqs": SEQUENCES_ON_CPU} | arguments
        longest = max(arguments["max_model_len"], arguments["max_num_seqs"])
        whole = {"enable_chunked_prefill": False, "max_num_batched_tokens": longest}
        arguments = whole | arguments
    share = "vllm.gpu_memory_utilization"
    less = "vllm.max_num_seqs or evaluation.max_model_length"
    with cure_named(arguments["model"], share, less):
        return LLM(**arguments)


def stream(llm: Any, asked: Sequence[Asked]) -> Iterator[tuple[int, list[int], int]]:
    """Yield a request's number, its new tokens and how many of its prompt's were cached.

    The tokens are those up to and with the stop token. Requests wait in the order given; they come
    as they are finished.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    engine = llm.llm_engine
    for number, (request, sampling) in enumerate(asked):
        parameters = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            repetition_penalty=sampling.repetition_penalty,
            stop_token_ids=sampling.stop_ids,
            max_tokens=request.max_new_tokens,
            seed=request.seed,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        engine.add_request(str(number), {"prompt_token_ids": request.prompt}, parameters)
    while engine.has_unfinished_requests():
        for output in engine.step():
            if output.finished:
                tokens = list(output.outputs[0].token_ids)
                yield int(output.request_id), tokens, output.num_cached_tokens or 0


def used_settings(llm: Any) -> dict[str, int]:
    """Return what vLLM runs with, where the config leaves it to vLLM."""
    scheduler = llm.llm_engine.vllm_config.scheduler_config
    return {name: getattr(scheduler, name) for name in ("max_num_seqs", "max_num_batched_tokens")}


class VllmEngine:
    """A checkpoint in vLLM, on every device that it is given; started once, for all requests."""

    def __init__(self, checkpoint: str, arguments: dict[str, Any], devices: list[str]) -> None:
        """Start it on `devices`, as CUDA_VISIBLE_DEVICES names them; with none, on what there is.

        `arguments` are those of vllm.LLM beside what the study's exactness rests on.
        """
        arguments = {
            "model": checkpoint,
            "generation_config": "vllm",  # nothing of the checkpoint's own
            "load_format": "safetensors",  # never a pickle
            "disable_log_stats": True,
        } | arguments
        own = {name: arguments[name] for name in OWN_SETTINGS if name in arguments}
        self.workers: list[Worker] = []
        self.llm = None
        if len(devices) > 1:
            self.workers = [Worker(device, arguments) for device in devices]
            # All of them start side by side; this waits until they have.
            used = [worker.answer() for worker in self.workers][0]
        else:
            prepare_environment()
            self.llm = load(arguments)
            used = used_settings(self.llm)
        self.facts: dict[str, Any] = {"engine": "vllm", "vllm": own | used}
        self._prompts = self._cached = 0  # tokens

    def generate(self, requests: list[Request], sampling: Sampling) -> list[list[int]]:
        """Return the requests' completions in their order, each up to and with its stop token."""
        completions: list[list[int]] = [[] for _ in requests]
        for number, tokens in self.stream([(request, sampling) for request in requests]):
            completions[number] = tokens
        return completions

    def stream(self, asked: Sequence[Asked]) -> Iterator[tuple[int, list[int]]]:
        """Yield a request's number and its new tokens, up to and with its stop token.

        The share of all prompts' tokens that vLLM had in its cache, as the samples of a problem
        have, is one of the facts afterwards.
        """
        for number, tokens, cached in self._stream(asked):
            self._prompts += len(asked[number][0].prompt)
            self._cached += cached
            self.facts["prefix_cache_hit_rate"] = round(self._cached / self._prompts, 4)
            yield number, tokens

    def _stream(self, asked: Sequence[Asked]) -> Iterator[tuple[int, list[int], int]]:
        if not self.workers:
            yield from stream(self.llm, asked)
            return
        count = len(self.workers)
        at_work: dict[Any, tuple[int, Worker]] = {
            worker.connection: (n, worker) for n, worker in enumerate(self.workers)
        }
        for n, worker in at_work.values():
            worker.ask(asked[n::count])
        while at_work:
            for connection in wait(list(at_work)):
                n, worker = at_work[connection]
                if (answer := worker.answer()) is None:
                    del at_work[connection]
                else:
                    place, tokens, cached = answer
                    yield n + place * count, tokens, cached

    def close(self) -> None:
        """Free the device; end the processes of several ones."""
        if self.llm is not None:
            self.llm.llm_engine.engine_core.shutdown()
            self.llm = None
        for worker in self.workers:
            worker.connection.close()  # nobody asks any more
        for worker in self.workers:
            worker.process.join(CLOSING_SECONDS)
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
        """Return the next answer; exit with the process's own message if it has ended."""
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
    prepare_environment()
    try:
        llm = load(arguments)
        connection.send(used_settings(llm))
        while True:
            for finished in stream(llm, connection.recv()):
                connection.send(finished)
            connection.send(None)  # no more
    except SystemExit as end:
        connection.send(end)
    except EOFError:
        return


def end_with(parent: BaseProcess) -> None:
    """End this process when another does; amid a generation it would keep its device for hours."""
    parent.join()
    os._exit(1)
