"""A server with OpenAI's chat interface on loopback, which answers as it is told, or badly."""

import json
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def completion(text, finish="stop", usage=(7, 5), **message):
    """Return a chat completion as a server writes it."""
    found = {
        "object": "chat.completion",
        "model": "served-model-1",
        "choices": [{"message": {"content": text, **message}, "finish_reason": finish}],
    }
    if usage:
        found["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), usage, strict=True))
    return found


@dataclass(frozen=True)
class Answer:
    """One answer: a body, and what is wrong with it."""

    body: dict | bytes = field(default_factory=lambda: completion("2 x 9 is \\boxed{18}."))
    status: int = 200
    headers: dict = field(default_factory=dict)
    wait: float = 0.0  # seconds before it
    reset: bool = False  # the connection is cut before the answer
    torn: bool = False  # and in the middle of it
    endless: float | None = None  # seconds between the bytes of a body without an end


class Endpoint:
    """What is asked, and what is answered: by `answers`, then by `usual`."""

    def __init__(self, usual=None, answers=()):
        self.usual = usual or (lambda body: Answer())
        self.answers = list(answers)
        self.asked = []  # the bodies of the requests, in order
        self.keys = []  # their Authorization headers
        self.paths = set()
        self.side_by_side = self.most_side_by_side = 0
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, address: None  # clients that went away
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def next_answer(self, body):
        with self.lock:
            return self.answers.pop(0) if self.answers else self.usual(body)

    def questions(self):
        """Return how often each question was asked."""
        return Counter(body["messages"][-1]["content"] for body in self.asked)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(endpoint):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with endpoint.lock:
                endpoint.asked.append(body)
                endpoint.keys.append(self.headers["Authorization"])
                endpoint.paths.add(self.path)
                endpoint.side_by_side += 1
                together = (endpoint.most_side_by_side, endpoint.side_by_side)
                endpoint.most_side_by_side = max(together)
            try:
                self.give(endpoint.next_answer(body))
            finally:
                with endpoint.lock:
                    endpoint.side_by_side -= 1

        def give(self, answer):
            time.sleep(answer.wait)
            if answer.reset:
                self.cut()
                return
            body = answer.body
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            if answer.endless is not None:
                self.end_headers()
                while True:
                    self.wfile.write(b" " * (1 if answer.endless else 1 << 20))
                    time.sleep(answer.endless)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if answer.torn else content)
            if answer.torn:
                self.cut()

        def cut(self):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True

    return Handler
