"""A hub of the tests' own on loopback: repositories with commits, and faults on demand.

It answers what huggingface_hub and datasets ask: metadata, listings, `resolve` with the hub's
headers, large files by a redirect to another host, ranges; uploads stand in hub_uploads.py. Nothing
here knows the network.
"""

import hashlib
import json
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.data.hub_uploads import Uploads

LARGE = (".parquet", ".safetensors")  # kept outside git, known by their sha256


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; `status` alone refuses it."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False  # no answer, the connection is reset
    stall: float = 0.0  # seconds without an answer
    torn: int | None = None  # bytes of the body, then a reset, or silence where `stall` is set
    content: bytes | None = None  # sent in place of the file's own


class Hub:
    """Repositories by kind and name, the requests made so far, and the faults still to come."""

    def __init__(self):
        self.commits = {}  # (kind, repository) -> {commit: {path: bytes}}
        self.requests = []  # "GET /path" in order
        self.resumed = []  # "GET /path" of those that asked for the rest of a file
        self.faults = defaultdict(list)  # part of "GET /path" -> faults, the first first
        self.every_first = None  # fault of the first request of each kind
        self.later = {}  # {path: bytes} that every listing but the first shows too
        self.mistakes = []  # of this server: requests that it does not know
        self.tokens = set()  # the Authorization headers of the requests
        self.writer = None  # the token that may upload
        self.created = []  # what was asked for each new repository
        self.stored = {}  # {sha256: bytes} of large files that have arrived
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = self._note_mistake
        self.port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _note_mistake(self, request, address):
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.mistakes.append(repr(error))

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def add(self, repository, files, kind="datasets"):
        """Add a commit with these files; return it. The last one added is `main`."""
        commits = self.commits.setdefault((kind, repository), {})
        commit = hashlib.sha1(repr((repository, sorted(files.items()))).encode()).hexdigest()
        commits[commit] = files
        return commit

    def made(self, part):
        """Return how many requests had this part."""
        return sum(part in request for request in self.requests)

    def fault_of(self, request):
        """Return the fault of a request that is being made, if it has one."""
        first = request not in self.requests
        self.requests.append(request)
        for part, faults in self.faults.items():
            if part in request and faults:
                return faults.pop(0)
        return self.every_first if first else None


def blob_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def _entry(path, content):
    entry = {"type": "file", "path": path, "size": len(content), "oid": blob_id(content)}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
    return entry


def _entries(files, folder, recursive):
    """Return a listing of files below a folder, with the folders where it is not recursive."""
    start = f"{folder}/" if folder else ""
    inside = {path: content for path, content in files.items() if path.startswith(start)}
    shown = {p for p in inside if recursive or "/" not in p[len(start) :]}
    folders = {start + p[len(start) :].split("/")[0] for p in inside.keys() - shown}
    if recursive:
        folders = {p.rsplit("/", 1)[0] for p in inside if "/" in p[len(start) :]}
    directories = [{"type": "directory", "path": p, "oid": "0" * 40} for p in sorted(folders)]
    return directories + [_entry(path, inside[path]) for path in sorted(shown)]


def _handler(hub):
    class Handler(Uploads, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        fault = None
        of_hub = hub

        def log_message(self, *_):
            pass

        def do_CONNECT(self):  # somebody asked for a host outside
            hub.requests.append(f"CONNECT {self.path}")
            self.answer(403)

        def do_HEAD(self):
            self.serve()

        def do_GET(self):
            self.serve()

        def do_POST(self):
            self.serve()

        def do_PUT(self):
            self.serve()

        def serve(self):
            self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            hub.tokens.add(self.headers["Authorization"])
            self.fault = fault = hub.fault_of(f"{self.command} {self.path}")
            if fault and fault.stall and fault.torn is None:
                time.sleep(fault.stall)
                self.close_connection = True
            elif fault and fault.reset:
                self.reset()
            elif fault and fault.status:
                self.answer(fault.status, headers=fault.headers)
            else:
                self.route()

        def route(self):
            url = urlsplit(self.path)
            parts = [unquote(part) for part in url.path.strip("/").split("/")]
            if self.is_upload(parts):
                return self.upload(parts)
            if parts[0] == "cdn":
                return self.send_file(self.content_of(parts[1]), {})
            if parts[0] == "api":
                kind, repository, rest = parts[1], "/".join(parts[2:4]), parts[4:]
                return self.api(kind, repository, rest, parse_qs(url.query))
            kind = parts.pop(0) if parts[0] == "datasets" else "models"
            repository, action, revision, path = (
                "/".join(parts[:2]),
                *parts[2:4],
                "/".join(parts[4:]),
            )
            assert action == "resolve", self.path
            if files := self.files(kind, repository, revision):
                self.resolve(files, path)
            return None

        def files(self, kind, repository, revision):
            """Return (commit, files) of a revision; refuse what is not there."""
            commits = hub.commits.get((kind, repository))
            if commits is None:
                self.answer(401, headers={"X-Error-Code": "RepoNotFound"})
                return None
            commit = list(commits)[-1] if revision == "main" else revision
            if commit not in commits:
                self.answer(404, headers={"X-Error-Code": "RevisionNotFound"})
                return None
            return commit, commits[commit]

        def api(self, kind, repository, rest, query):
            action, revision, *path = rest or ["revision", "main"]
            if not (found := self.files(kind, repository, revision)):
                return
            commit, files = found
            if action == "revision":
                siblings = [{"rfilename": name} for name in files]
                self.json({"id": repository, "sha": commit, "siblings": siblings})
            elif action == "tree":
                recursive = query.get("recursive", ["false"])[0].lower() == "true"
                files = files | hub.later if hub.made("/tree/") > 1 else files
                self.json(_entries(files, "/".join(path), recursive))
            elif action == "paths-info":
                paths = parse_qs(self.body.decode())["paths"]
                everything = _entries(files, "", recursive=True)
                self.json([entry for entry in everything if entry["path"] in paths])
            else:
                raise AssertionError(self.path)

        def resolve(self, found, path):
            commit, files = found
            headers = {"X-Repo-Commit": commit}
            if path not in files:
                self.answer(404, headers=headers | {"X-Error-Code": "EntryNotFound"})
                return
            content = files[path]
            if path.endswith(LARGE):
                digest = sha256(content)
                self.answer(
                    302,
                    headers=headers
                    | {
                        "Location": f"http://localhost:{hub.port}/cdn/{digest}?signature=secret",
                        "X-Linked-Etag": f'"{digest}"',
                        "X-Linked-Size": str(len(content)),
                    },
                )
            else:
                self.send_file(content, headers | {"ETag": f'"{blob_id(content)}"'})

        def content_of(self, digest):
            for commits in hub.commits.values():
                for files in commits.values():
                    for content in files.values():
                        if sha256(content) == digest:
                            return content
            raise AssertionError(digest)

        def send_file(self, content, headers):
            fault = self.fault or Fault()
            content = content if fault.content is None else fault.content
            status, start = 200, 0
            if wanted := self.headers.get("Range"):
                hub.resumed.append(f"{self.command} {self.path}")
                status, start = 206, int(wanted.removeprefix("bytes=").split("-")[0])
                headers = headers | {
                    "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"
                }
            self.answer(status, content[start:], headers, torn=fault.torn)

        def json(self, value):
            fault = self.fault or Fault()
            headers = {"Content-Type": "application/json"}
            self.answer(200, json.dumps(value).encode(), headers, torn=fault.torn)

        def answer(self, status, body=b"", headers=None, torn=None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.write(body[:torn])
            if torn is not None:
                self.wfile.flush()
                stall = self.fault.stall if self.fault else 0
                time.sleep(stall or 0.1)  # else the reset overtakes what was sent
                self.reset()

        def reset(self):
            """Drop the connection so that the client gets ECONNRESET."""
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            for end in (self.rfile, self.connection):
                end.close()
            raise ConnectionResetError

    return Handler
