"""A commit's files on the hub: fetched patiently, compared with the digests that the hub declares.

huggingface_hub repeats some requests but not the first page of a listing, sends some without a
time-out, does not resume a file after a connection reset, and compares a file by size alone. Here
every request has a time-out and is repeated with growing waits, and every file is compared by its
digest. A 4xx answer, 408 and 429 apart, is final.

Environment: SRLM_HUB_RETRIES (default 6) repeats of a request or a damaged file; SRLM_HUB_WAIT
(default 1) seconds before the first repeat, doubled at each, 60 at most, a Retry-After as asked but
an hour at most; HF_HUB_DOWNLOAD_TIMEOUT (default 10) seconds without an answer or a byte;
HF_ENDPOINT, HF_TOKEN.
"""

import glob
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from scripts.lib.console import report
from scripts.lib.data.hub_names import check_names
from scripts.lib.disk import in_words, refused_at
from scripts.lib.files import read_json, sha256_of, write_json

# huggingface_hub and datasets read these when they are imported. Xet's transfers go through a
# client of their own, past the retries here; what is only counted is not worth a retry.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_UPDATE_DOWNLOAD_COUNTS", "0")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from huggingface_hub import HfApi, constants, set_client_factory, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (
    disable_progress_bars,
    filter_repo_objects,
    get_token,
    parse_ratelimit_headers,
)

RETRIES = int(os.environ.get("SRLM_HUB_RETRIES", "6"))
FIRST_WAIT = float(os.environ.get("SRLM_HUB_WAIT", "1"))
LONGEST_WAIT = 60.0
LARGEST = 256 * 1024**2  # bytes of all answers but files: a listing has some hundred per file
LONGEST_ASKED = 3600.0  # a hub that asks for more is asked again after an hour

CURE = (
    "Check the network and HF_ENDPOINT and start again; what has arrived is kept. Without a hub: "
    "SRLM_MIRROR for data sets, a `path` in config.yaml for a model."
)


class Busy(Exception):
    """The hub answered that it cannot answer now."""

    def __init__(self, response: httpx.Response):
        super().__init__(f"{response.status_code} {response.reason_phrase}")
        self.seconds = seconds_asked(response.headers)


class Damaged(Exception):
    """A file arrived with another content than the hub declares."""


class HubUnavailable(Exception):
    """A request failed as often as it may; no httpx error, so that no client repeats it."""


TRANSIENT = (
    Busy,
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.ProxyError,
    httpx.RemoteProtocolError,
)


class PatientClient(httpx.Client):
    """The HTTP client of huggingface_hub and datasets: time-outs and repeats for every request.

    What is read into memory, in one answer or in page after page, has a limit; files go to disk.
    """

    def __init__(self, **options: Any) -> None:
        """Limit redirects too, whose bodies are read before the answer is."""
        super().__init__(**options, event_hooks={"response": [self._limit_redirect]})
        self.headers["Accept-Encoding"] = "identity"  # few bytes could unfold to gigabytes
        self._room = LARGEST

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request until it is answered; the body of a file is still to be read."""
        if constants.HF_HUB_OFFLINE:
            raise OfflineModeIsEnabled(f"HF_HUB_OFFLINE=1, so {_place(request)} is not asked for")
        # The clients ask with time-outs from none at all to 100 seconds.
        request.extensions["timeout"] = httpx.Timeout(constants.HF_HUB_DOWNLOAD_TIMEOUT).as_dict()
        try:
            return _patience(TRANSIENT, _place(request))(self._answer, request, **options)
        except TRANSIENT as error:
            raise HubUnavailable(
                f"{_place(request)} failed {RETRIES + 1} times, at last with: {_told(error)}"
            ) from error

    def _answer(self, request: httpx.Request, **options: Any) -> httpx.Response:
        whole = not options.pop("stream", False)
        response = super().send(request, stream=True, **options)
        if response.status_code in (408, 429) or response.status_code >= 500:
            response.close()
            raise Busy(response)
        assert isinstance(response.stream, httpx.SyncByteStream)  # no async client's
        if whole:
            self._limit(response)
            response.read()
        else:
            response.stream = _FileBody(response.stream, _place(request))
        return response

    def _limit_redirect(self, response: httpx.Response) -> None:
        if response.has_redirect_location:
            self._limit(response)

    def _limit(self, response: httpx.Response) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise HubUnavailable(f"{_place(response.request)}: the answer is compressed, unasked")
        response.stream = _Limited(response.stream, self._take)

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise HubUnavailable(f"its answers, files apart, have more than {LARGEST} bytes")


class _Limited(httpx.SyncByteStream):
    """The bytes of an answer, each piece told to what may refuse it."""

    def __init__(self, stream: httpx.SyncByteStream, take: Callable[[int], None]) -> None:
        self._stream, self._take = stream, take

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._take(len(piece))
            yield piece

    def close(self) -> None:
        self._stream.close()


class _FileBody(httpx.SyncByteStream):
    """The body of a file; the hub's client resumes it after whatever interrupts it.

    That client resumes after time-outs and broken answers, but not after a connection reset.
    """

    def __init__(self, stream: httpx.SyncByteStream, place: str):
        self._stream, self._place = stream, place

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except httpx.TransportError as error:
            report(f"{self._place} broke off ({_told(error)}); resuming it")
            raise httpx.RemoteProtocolError(_told(error)) from error

    def close(self) -> None:
        self._stream.close()


def seconds_asked(headers: httpx.Headers) -> float:
    """Return the seconds that an answer asks to wait: Retry-After, or the hub's rate-limit header.

    >>> seconds_asked(httpx.Headers({"Retry-After": "30"}))
    30.0
    """
    asked, limit = headers.get("retry-after", ""), parse_ratelimit_headers(headers)
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return float(limit.reset_in_seconds) if limit and limit.remaining == 0 else 0.0


def _patience(failures: type[Exception] | tuple[type[Exception], ...], place: str) -> Retrying:
    """Return what repeats a call after these failures, with a progress line before every wait."""
    backoff = wait_exponential_jitter(initial=FIRST_WAIT, max=LONGEST_WAIT, jitter=FIRST_WAIT)

    def wait(state: RetryCallState) -> float:
        asked = getattr(_failure(state), "seconds", 0.0)
        return max(backoff(state), min(asked, LONGEST_ASKED))

    def announce(state: RetryCallState) -> None:
        report(
            f"{place}: {_told(_failure(state))}; again in "
            f"{state.upcoming_sleep:.1f} s ({state.attempt_number} of {RETRIES})"
        )

    return Retrying(
        retry=retry_if_exception_type(failures),
        stop=stop_after_attempt(RETRIES + 1),
        wait=wait,
        before_sleep=announce,
        reraise=True,
    )


def _failure(state: RetryCallState) -> BaseException:
    """Return what a call failed with, as it is about to be repeated."""
    error = state.outcome.exception() if state.outcome else None
    assert error is not None
    return error


def _place(request: httpx.Request) -> str:
    return f"{request.method} {request.url.copy_with(query=None)}"  # a query may hold a signature


def _told(error: BaseException) -> str:
    told = " ".join(str(error).split()) or type(error).__name__
    token = get_token()  # some servers repeat the one that they refuse
    return told.replace(token, "***") if token else told


@contextmanager
def patient_hub(repo: str, revision: str) -> Iterator[None]:
    """Make the hub's clients patient; exit with an error if the hub fails or refuses."""
    set_client_factory(lambda: PatientClient(follow_redirects=True))
    disable_progress_bars()
    place = f"{repo} at {revision}"
    try:
        yield
    except GatedRepoError:
        raise SystemExit(
            f"{place}: the repository is gated. Accept its conditions on {constants.ENDPOINT} and "
            "set HF_TOKEN to a token of that account."
        ) from None
    except RepositoryNotFoundError:
        raise SystemExit(
            f"{place}: {constants.ENDPOINT} has no such repository, or it needs a login. Check "
            "`repo` in config.yaml; for a private one set HF_TOKEN."
        ) from None
    except RevisionNotFoundError:
        raise SystemExit(
            f"{place}: the repository has no such commit. Check `revision` in config.yaml."
        ) from None
    except OfflineModeIsEnabled as error:
        raise SystemExit(
            f"{place}: {_told(error)}. Only the fetch rules and scripts.pin_revision need the "
            "hub: unset HF_HUB_OFFLINE for them, or set it to 0."
        ) from None
    except HfHubHTTPError as error:
        raise SystemExit(f"{place}: the hub refused it ({_told(error)}).") from None
    except Damaged as error:
        raise SystemExit(
            f"{place}: what arrives is not what the hub declares: {error}. A proxy or a cache on "
            f"the way may change it. {CURE}"
        ) from None
    except (HubUnavailable, httpx.HTTPError, OSError) as error:
        if isinstance(error, OSError) and (said := in_words(error)):
            raise SystemExit(f"{place}: {said}") from None
        raise SystemExit(f"{place}: the hub did not deliver it: {_told(error)}. {CURE}") from None


def commit_of(repo: str, revision: str, repo_type: str) -> str:
    """Return the commit that a branch or tag of a repository stands for now."""
    with patient_hub(repo, revision):
        return HfApi().repo_info(repo, revision=revision, repo_type=repo_type).sha


def download(
    repo: str,
    revision: str,
    folder: Path,
    patterns: list[str],
    others: list[str] | None = None,
    repo_type: str = "model",
) -> None:
    """Download a commit's files that match the patterns, but not those that match `others`.

    Whole ones that are there are kept.

    `folder` is for this commit alone; of several downloads into it one works at a time. Once all
    files are in it, no request is made. SystemExit if the commit names a file outside it.
    """
    digests = listing(repo, revision, folder, repo_type)
    names = filter_repo_objects(digests, allow_patterns=patterns, ignore_patterns=others)
    wanted = {name: digests[name] for name in names}

    def fetch() -> None:
        damaged = _differing(folder, wanted)
        if not damaged:
            return
        for name in damaged:
            (folder / name).unlink(missing_ok=True)
        report(f"{repo}: fetching {len(damaged)} of {len(wanted)} files")
        try:
            with refused_at(folder):
                snapshot_download(
                    repo,
                    repo_type=repo_type,
                    revision=revision,
                    local_dir=folder,
                    # The client asks for a listing of its own: what it names beyond the checked
                    # one is not fetched.
                    allow_patterns=[glob.escape(name) for name in wanted],
                )
        except OSError as error:
            if type(error) is OSError and error.errno is None:  # a file of another size
                raise Damaged(_told(error)) from None
            raise
        if damaged := _differing(folder, wanted):
            raise Damaged("; ".join(damaged.values()))

    # The client itself gives a file up after six breaks with less than 10 MB between them.
    with FileLock(folder / ".cache" / "lock"):
        _patience((Damaged, httpx.RemoteProtocolError), f"{repo} at {revision}")(fetch)


def listing(repo: str, revision: str, folder: Path, repo_type: str) -> dict[str, str]:
    """Return {file: digest} of a commit; it never changes, so it is asked for once.

    The digest is the sha256 of the content, or, of a file that the hub keeps in git itself, its
    git blob's sha1. A repository or commit that is not there is refused here. SystemExit if a
    name is no file inside `folder`, in a listing that was kept earlier too.
    """
    kept = folder / ".cache" / f"{revision}.json"
    if kept.is_file():
        digests = read_json(kept)
    else:
        entries = HfApi().list_repo_tree(
            repo, recursive=True, revision=revision, repo_type=repo_type
        )
        files = [entry for entry in entries if isinstance(entry, RepoFile)]
        digests = {f.path: f.lfs.sha256 if f.lfs else f.blob_id for f in files}
    check_names(digests, repo, revision, folder)
    if not kept.is_file():
        write_json(kept, digests)
    return digests


def _differing(folder: Path, wanted: dict[str, str]) -> dict[str, str]:
    """Return {file: what is wrong} of the files that are missing or not as declared."""
    wrong = {}
    for name, expected in wanted.items():
        file = folder / name
        found = _digest(file, expected) if file.is_file() else "no file"
        if found != expected:
            wrong[name] = f"{name}: expected {expected}, found {found}"
    return wrong


def _digest(file: Path, like: str) -> str:
    """Return a file's digest of the kind that an expected one is."""
    if len(like) == 64:
        return sha256_of(file)
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
