"""What an endpoint is asked for one completion, and what is kept of its answer."""

import hashlib
import json
from typing import Any, NamedTuple

from scripts.lib.data.prompts import messages
from scripts.lib.engines.requests import seed_of

Completion = dict[str, Any]  # a line of the file that keeps it
SEEDS = 2**31  # servers read a seed as a signed number of 32 bits
# The settings of a job that decide what is asked for; the others say how often.
SAMPLING = (
    "endpoint",
    "prompt",
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "max_new_tokens",
    "seed",
)


class Ask(NamedTuple):
    """One completion to be asked for: its key, which stands for all that decides it, and the body.

    `body` is that of a POST to {base_url}/chat/completions.
    """

    key: str
    body: dict[str, Any]


def ask_of(settings: dict[str, Any], question: str, sample: int) -> Ask:
    """Return the request for a sample of a teacher's answer to a question.

    `settings` are those of the job `fetch_traces`. What stands for "none" is not sent, because not
    every server knows it: top_k 0, repetition_penalty 1, and what `request` says is null.
    """
    endpoint = settings["endpoint"]
    body = {
        "model": endpoint["model"],
        "messages": messages(settings["prompt"], question),
        "temperature": settings["temperature"],
        "top_p": settings["top_p"],
        "top_k": settings["top_k"] or None,
        "repetition_penalty": None
        if settings["repetition_penalty"] == 1
        else settings["repetition_penalty"],
        "max_tokens": settings["max_new_tokens"],
        "seed": seed_of(settings["seed"], question, sample) % SEEDS,
        **endpoint["request"],
    }
    body = {name: value for name, value in body.items() if value is not None}
    return Ask(digest([endpoint["base_url"], body, sample]), body)


def digest(facts: Any) -> str:
    """Return the hex sha256 of facts as JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def completion_of(answer: dict[str, Any]) -> Completion:
    """Return what is kept of an answer, a chat completion as JSON.

    `status` is `ok`, `refused` (the server's filter or the model's own refusal), `cut` (at the
    length limit) or `empty`. `reasoning` is what the server holds apart from the text.
    """
    choice = answer["choices"][0]
    message, usage = choice["message"], answer.get("usage") or {}
    text = message.get("content") or ""
    reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
    refusal, finish = message.get("refusal"), choice.get("finish_reason")
    if refusal or finish == "content_filter":
        status = "refused"
    elif finish == "length":
        status = "cut"
    else:
        status = "ok" if text.strip() else "empty"
    return {
        "status": status,
        "text": text,
        "reasoning": reasoning,
        "refusal": refusal,
        "finish_reason": finish,
        "model": answer.get("model"),
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
    }


def refusal(reason: str) -> Completion:
    """Return what is kept of a request that the server's filter refused to answer at all."""
    unknown = dict.fromkeys(("finish_reason", "model", "prompt_tokens", "completion_tokens"))
    return {"status": "refused", "text": "", "reasoning": "", "refusal": reason, **unknown}


def trace_of(completion: Completion) -> str:
    """Return a completion as a trace: reasoning that the server holds apart stands in its tags."""
    if completion["status"] in ("refused", "empty"):
        return ""
    thought = completion["reasoning"].strip()
    return f"<think>\n{thought}\n</think>\n{completion['text']}" if thought else completion["text"]


def spent(completions: list[Completion], prices: dict[str, Any] | None) -> dict[str, Any]:
    """Return how many completions of each status there are, their tokens, and what they cost.

    Tokens are those that the server counted; `uncounted` completions came without a count. `cost`
    is None where no prices are given.
    """
    counts = {
        status: sum(completion["status"] == status for completion in completions)
        for status in ("ok", "refused", "empty", "cut")
    }
    tokens = {
        kind: sum(completion[f"{kind}_tokens"] or 0 for completion in completions)
        for kind in ("prompt", "completion")
    }
    cost = None
    if prices:
        total = sum(tokens[kind] * prices[kind] for kind in tokens) / 1e6
        cost = {"amount": round(total, 6), **prices}
    uncounted = sum(completion["completion_tokens"] is None for completion in completions)
    return {"counts": counts, "tokens": tokens, "uncounted": uncounted, "cost": cost}
