"""Asking an endpoint for many completions, side by side, by OpenAI's own client.

The client repeats what may be better the next time: rate limits, for as long as the server asks,
5xx, broken connections, time-outs. Here are added a limit to the whole of an answer in time and
size, and a look at its form: what is no chat completion counts as a broken connection.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, DefaultAsyncHttpxClient

from scripts.lib.console import report
from scripts.lib.endpoint.completions import Ask, Completion, completion_of, refusal
from scripts.lib.study.traces import CONCURRENCY

TIMEOUT, RETRIES = 600.0, 6  # unless the endpoint says otherwise
LARGEST = 64 * 1024**2  # bytes of an answer
QUIET_SECONDS = 60.0  # between two lines of progress
# By these codes servers say that they will not answer this one question.
FILTERED = (
    "content_filter",
    "content_policy_violation",
    "data_inspection_failed",
    "invalid_prompt",
)


def ask_all(
    endpoint: dict[str, Any],
    api_key: str | None,
    asks: Sequence[Ask],
    keep: Callable[[str, Completion], None],
) -> str | None:
    """Ask for completions and hand each to `keep` as it comes; return what went wrong, if anything.

    Once a request is lost, after its repeats, no other is begun; those under way are waited for.
    `endpoint` is a model's, as in the config; without an API key none is sent.
    """
    return asyncio.run(_ask_all(endpoint, api_key, asks, keep))


async def _ask_all(
    endpoint: dict[str, Any],
    api_key: str | None,
    asks: Sequence[Ask],
    keep: Callable[[str, Completion], None],
) -> str | None:
    limit = endpoint.get("timeout", TIMEOUT)
    client = AsyncOpenAI(
        api_key=api_key or "none",  # without one it would take the key of another service
        base_url=endpoint["base_url"],
        max_retries=endpoint.get("retries", RETRIES),
        timeout=limit,
        http_client=WatchedClient(limit),
    )
    waiting, lost = iter(asks), []
    done, reported = 0, time.monotonic()

    async def work() -> None:
        nonlocal done, reported
        for ask in waiting:
            try:
                completion = await _ask(client, ask.body)
            except (APIConnectionError, APIStatusError) as error:
                told = _told(error, endpoint)  # some servers repeat the key that they refuse
                lost.append(told.replace(api_key, "***") if api_key else told)
            else:
                keep(ask.key, completion)
                done += 1
            if lost:
                return
            if time.monotonic() - reported > QUIET_SECONDS:
                reported = time.monotonic()
                report(f"{done}/{len(asks)} completions")

    async with client:
        await asyncio.gather(*(work() for _ in range(endpoint.get("concurrency", CONCURRENCY))))
    return lost[0] if lost else None


async def _ask(client: AsyncOpenAI, body: dict[str, Any]) -> Completion:
    """Return the completion that the server gives, or that it refuses to give one."""
    try:
        answer = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
    except APIStatusError as error:
        if error.code in FILTERED:
            return refusal(_message_of(error))
        raise
    return completion_of(answer.json())


class WatchedClient(DefaultAsyncHttpxClient):
    """OpenAI's own HTTP client, for which an answer is whole, in time and in form, or broken."""

    def __init__(self, limit: float) -> None:
        """Allow so many seconds for the whole of an answer; one byte a minute is no progress."""
        super().__init__(timeout=limit, event_hooks={"response": [_limit_size]})
        self.headers["Accept-Encoding"] = "identity"  # few bytes could unfold to gigabytes
        self._limit = limit

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request and read its whole answer; raise an httpx2 error if it is broken."""
        try:
            async with asyncio.timeout(self._limit):
                response = await super().send(request, **options)
        except TimeoutError:
            late = f"no whole answer within {self._limit:g} s"
            raise httpx2.ReadTimeout(late, request=request) from None
        if response.is_success and (fault := fault_of(response.content)):
            raise httpx2.RemoteProtocolError(fault, request=request)
        return response


class _Limited(httpx2.AsyncByteStream):
    """The bytes of an answer, up to LARGEST."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST:
                raise httpx2.RemoteProtocolError(f"the answer has more than {LARGEST} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _limit_size(response: httpx2.Response) -> None:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx2.RemoteProtocolError("the answer is compressed, which it was not asked for")
    response.stream = _Limited(response.stream)


def fault_of(content: bytes) -> str | None:
    """Return why the body of an answer is no chat completion; None if it is one.

    >>> fault_of(b"<html>"), fault_of(b'{"error": "busy"}')
    ('the answer is not JSON: <html>', 'the answer has no message: {"error": "busy"}')
    """
    shown = content[:80].decode("utf-8", "replace")
    try:
        answer = json.loads(content)
    except ValueError:
        return f"the answer is not JSON: {shown}"
    try:
        message, usage = answer["choices"][0]["message"], answer.get("usage") or {}
        texts = [message.get(name) for name in ("content", "reasoning_content", "reasoning")]
        counts = [usage.get(f"{kind}_tokens") for kind in ("prompt", "completion")]
    except (AttributeError, IndexError, KeyError, TypeError):
        return f"the answer has no message: {shown}"
    if not all(text is None or isinstance(text, str) for text in texts):
        return f"the answer's message is no text: {shown}"
    if not all(count is None or isinstance(count, int) for count in counts):
        return f"the answer's tokens are no numbers: {shown}"
    return None


def _told(error: APIConnectionError | APIStatusError, endpoint: dict[str, Any]) -> str:
    """Return in words why a request was lost, with what may help."""
    if isinstance(error, APIConnectionError):
        cause = error.__cause__ or error
        told = _line(str(cause) or type(cause).__name__)
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            return f"it cannot be reached ({told}): is it running, and is `base_url` right?"
        return f"it gave no usable answer ({told})"
    told = f"{error.status_code}: {_message_of(error)}"
    variable = endpoint.get("api_key_env", "the variable that `api_key_env` names")
    cures = {
        401: f"set {variable} to a valid API key",
        403: f"set {variable} to an API key that may use this model",
        404: "check `base_url` and `model`",
        429: "lower `concurrency`, or start again later",
    }
    cure = cures.get(error.status_code)
    return f"it answered {told}" + (f"; {cure}" if cure else "")


def _message_of(error: APIStatusError) -> str:
    """Return what a server says of an error, without what the client puts in front."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    return _line(said if isinstance(said, str) else error.message)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
