"""A teacher at an endpoint: patience with a bad server, and what is kept of its answers."""

import gzip
import json
import socket

import pytest

from scripts.lib.endpoint import client
from scripts.lib.endpoint.client import ask_all
from scripts.lib.endpoint.completions import ask_of, completion_of, spent, trace_of
from scripts.lib.endpoint.kept import Kept
from tests.data.endpoint_server import Answer, Endpoint, completion

SETTINGS = {
    "endpoint": {"base_url": "http://host/v1", "model": "m", "request": {}},
    "prompt": {"system": None, "user": "{question}"},
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 0,
    "repetition_penalty": 1.0,
    "max_new_tokens": 64,
    "seed": 0,
}
KEY = "sk-of-the-tests"


@pytest.fixture
def server():
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait a moment between the client's repeats, not seconds."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def asks(count):
    return [ask_of(SETTINGS, f"Question {number}?", 0) for number in range(count)]


def ask(server, count=1, **endpoint):
    """Return what is kept by question, and what went wrong."""
    kept = {}
    given = {"base_url": server.base_url, "model": "m", "concurrency": 1, "timeout": 30} | endpoint
    wrong = ask_all(given, KEY, asks(count), kept.__setitem__)
    return [kept.get(one.key) for one in asks(count)], wrong


PASSING = {
    "rate limit": Answer(status=429, headers={"Retry-After": "0.01"}),
    "server error": Answer(status=500),
    "overload": Answer(status=503),
    "cut connection": Answer(reset=True),
    "cut answer": Answer(torn=True),
    "no JSON": Answer(b"<html>busy</html>"),
    "half of a JSON": Answer(b'{"choices": [{"message": {"con'),
    "empty body": Answer(b""),
    "other JSON": Answer({"error": {"message": "busy"}}),
    "no choices": Answer({"choices": []}),
    "null": Answer({"choices": None}),
    "content that is no text": Answer({"choices": [{"message": {"content": [1]}}]}),
    "tokens that are no numbers": Answer(completion("x", usage=("many", "more"))),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_a_server_does_wrong_once_costs_a_repeat(server, name):
    server.answers = [PASSING[name]]
    (kept,), wrong = ask(server)
    assert wrong is None
    assert (kept["status"], kept["text"]) == ("ok", "2 x 9 is \\boxed{18}.")
    assert len(server.asked) == 2
    assert server.asked[0] == server.asked[1]


@pytest.mark.parametrize(
    ("answer", "timeout", "told"),
    [
        (Answer(wait=2.0), 0.5, "gave no usable answer"),
        (Answer(endless=0.05), 0.5, "no whole answer within 0.5 s"),
        (Answer(status=500, body={"error": {"message": "out of order"}}), 30, "answered 500"),
        (Answer(b"<html>busy</html>"), 30, "not JSON: <html>busy</html>"),
        (Answer(status=429, headers={"Retry-After": "0.01"}), 30, "lower `concurrency`"),
    ],
)
def test_what_it_does_wrong_again_and_again_ends_in_one_line(server, answer, timeout, told):
    server.usual = lambda body: answer
    (kept,), wrong = ask(server, timeout=timeout, retries=1)
    assert kept is None
    assert told in wrong
    assert "\n" not in wrong
    assert len(server.asked) == 2


def test_a_body_without_an_end_does_not_fill_the_memory(server, monkeypatch):
    monkeypatch.setattr(client, "LARGEST", 4 << 20)
    server.answers = [Answer(endless=0.0)]
    _, wrong = ask(server, timeout=10, retries=0)
    assert f"the answer has more than {4 << 20} bytes" in wrong


def test_an_answer_that_unfolds_is_not_unfolded(server):
    server.answers = [Answer(gzip.compress(bytes(1 << 20)), headers={"Content-Encoding": "gzip"})]
    _, wrong = ask(server, retries=0)
    assert "the answer is compressed, which it was not asked for" in wrong


@pytest.mark.parametrize(
    ("status", "told"), [(401, "valid API key"), (403, "may use"), (404, "`base_url` and `model`")]
)
def test_what_no_repeat_can_mend_is_asked_once_and_the_key_is_not_shown(server, status, told):
    server.usual = lambda body: Answer({"error": {"message": f"no\nto {KEY}"}}, status)
    _, wrong = ask(server, api_key_env="MY_KEY")
    assert told in wrong
    assert KEY not in wrong
    assert "\n" not in wrong
    assert len(server.asked) == 1


def test_an_endpoint_that_is_not_there_is_told_in_one_line(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        _, wrong = ask(server, base_url=url, retries=1)
    assert "it cannot be reached" in wrong
    assert "\n" not in wrong


def test_a_lost_request_ends_the_asking_and_what_came_before_it_is_kept(server):
    server.answers = [Answer(), Answer(), Answer({"error": {"message": "no"}}, 400)]
    kept, wrong = ask(server, count=9)
    assert "400" in wrong
    assert [bool(one) for one in kept] == [True, True] + 7 * [False]
    assert len(server.asked) == 3


def test_requests_stand_side_by_side_up_to_the_limit(server):
    server.usual = lambda body: Answer(wait=0.05)
    kept, wrong = ask(server, count=12, concurrency=4)
    assert wrong is None
    assert all(kept)
    assert server.most_side_by_side == 4


def test_the_request_holds_what_decides_and_the_key_goes_in_the_header_alone(server):
    ask(server)
    (body,) = server.asked
    assert server.paths == {"/v1/chat/completions"}
    assert server.keys == [f"Bearer {KEY}"]
    assert body.pop("seed") < 2**31
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Question 0?"}],
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 64,
    }


def test_without_a_key_that_of_another_service_stays_here(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")
    ask_all({"base_url": server.base_url, "model": "m"}, None, asks(1), lambda *_: None)
    assert server.keys == ["Bearer none"]


def test_an_endpoint_can_have_fields_of_its_own_and_leave_ours_out():
    request = {"seed": None, "max_tokens": None, "max_completion_tokens": 64, "effort": "high"}
    own = SETTINGS | {"endpoint": SETTINGS["endpoint"] | {"request": request}, "top_k": 20}
    body = ask_of(own, "Q?", 0).body
    assert not {"seed", "max_tokens"} & body.keys()
    assert (body["max_completion_tokens"], body["effort"], body["top_k"]) == (64, "high", 20)


def test_a_requests_key_stands_for_all_that_decides_it():
    def key(question="Q?", sample=0, **changes):
        return ask_of(SETTINGS | changes, question, sample).key

    elsewhere = SETTINGS["endpoint"] | {"base_url": "http://other/v1"}
    silent = SETTINGS["endpoint"] | {"request": {"seed": None}}
    keys = [
        key(),
        key("R?"),
        key(sample=1),
        key(temperature=0.7),
        key(seed=1),
        key(endpoint=elsewhere),
        key(endpoint=silent),
        key(endpoint=silent, sample=1),
    ]
    assert len(set(keys)) == len(keys)
    assert key() == key()


@pytest.mark.parametrize(
    ("answer", "status", "trace"),
    [
        (completion("\\boxed{1}"), "ok", "\\boxed{1}"),
        (completion(""), "empty", ""),
        (completion(None), "empty", ""),
        (completion("\\boxed{1}", "length"), "cut", "\\boxed{1}"),
        (completion("Sorry", "content_filter"), "refused", ""),
        (completion(None, refusal="I will not."), "refused", ""),
        (
            completion("\\boxed{1}", reasoning_content="so 1"),
            "ok",
            "<think>\nso 1\n</think>\n\\boxed{1}",
        ),
        (completion("", reasoning="so 1"), "empty", ""),
        (completion("1", usage=None), "ok", "1"),
    ],
)
def test_how_a_completion_ended_is_kept_and_reasoning_held_apart_gets_its_tags(
    answer, status, trace
):
    kept = completion_of(answer)
    assert (kept["status"], trace_of(kept)) == (status, trace)


def test_a_question_that_the_servers_filter_refuses_is_a_refusal_and_no_error(server):
    error = {"error": {"message": "filtered", "code": "content_filter"}}
    server.answers = [Answer(error, 400)]
    (first, second), wrong = ask(server, count=2)
    assert wrong is None
    assert (first["status"], first["refusal"], second["status"]) == ("refused", "filtered", "ok")


def test_tokens_are_added_up_and_priced():
    answers = [completion("a"), completion("b", "length"), completion("c", usage=None)]
    found = spent(
        [completion_of(answer) for answer in answers],
        {"currency": "USD", "prompt": 1.0, "completion": 2.0},
    )
    assert found["counts"] == {"ok": 2, "refused": 0, "empty": 0, "cut": 1}
    assert found["tokens"] == {"prompt": 14, "completion": 10}
    assert found["uncounted"] == 1
    assert found["cost"]["amount"] == pytest.approx((14 * 1 + 10 * 2) / 1e6)
    assert spent([], None)["cost"] is None


def test_a_line_that_a_kill_tore_is_cut_off_and_all_others_stay_as_they_are(tmp_path):
    path = tmp_path / "kept.jsonl"
    with Kept(path) as kept:
        kept.add("a", completion_of(completion("é\ud800")))
        kept.add("b", completion_of(completion("2")))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"request": "c", "tex')
    with Kept(path) as kept:
        assert list(kept.completions) == ["a", "b"]
        assert path.read_bytes() == whole
        kept.add("d", completion_of(completion("4")))
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["request"] for line in path.read_bytes().splitlines()] == list("abd")


def test_two_jobs_do_not_ask_for_the_same_at_once(tmp_path):
    path = tmp_path / "kept.jsonl"
    with Kept(path), pytest.raises(SystemExit, match="another job asks"), Kept(path):
        pass
    with Kept(path) as kept:
        assert kept.completions == {}
