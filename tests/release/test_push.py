"""Uploading a release to a hub on loopback, by the hub's own client."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries

from scripts.lib.files import digest_files, write_json
from tests.data.hub_server import Fault, Hub
from tests.workflow import ENVIRONMENT, ROOT

TOKEN = "hf_thesecretofatest"
REPO = "me/toy-base-rl"
CARD = """---
license: apache-2.0
---

# A model

```python
model = AutoModelForCausalLM.from_pretrained(".")
```
"""
FILES = {
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 400,
    "adapter/adapter_model.safetensors": bytes(range(255)) * 40,
    ".eval_results/gsm8k.yaml": b"- {dataset: {id: openai/gsm8k, task_id: main}, value: 50.0}\n",
}


@pytest.fixture
def hub():
    hub = Hub()
    hub.writer = TOKEN
    yield hub
    asked_outside = [request for request in hub.requests if request.startswith("CONNECT")]
    hub.close()
    assert not asked_outside
    assert not hub.mistakes


def release(folder, card=CARD, files=FILES, kind="model", unknown=()):
    """Write a release as the rules leave one; return its folder."""
    place = folder / "release" / "toy-base+rl"
    for name, content in {**files, "README.md": card.encode()}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    record = {"kind": kind, "released": digest_files(place), "unknown_licences": unknown}
    write_json(place.with_name("toy-base+rl.record.json"), record)
    return place


def environment(hub, folder, **changes):
    known = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("HF_")}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), hub.endpoint)
    local = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    mine = {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(folder / "home")}
    return known | proxies | local | mine | {"HF_TOKEN": TOKEN} | changes


def command(place, *flags):
    return [sys.executable, "-m", "scripts.push", str(place), "--repo", REPO, *flags]


def push(hub, folder, place, *flags, **changes):
    """Run the program to its end; whatever happens, the token is nowhere in what it says."""
    run = subprocess.run(
        command(place, *flags),
        cwd=folder,
        env=environment(hub, folder, **changes),
        capture_output=True,
        text=True,
    )
    said = run.stdout + run.stderr
    assert TOKEN not in said
    assert "Traceback" not in said
    return run.returncode, said


def on_hub(hub, kind="models"):
    return list(hub.commits[kind, REPO].values())[-1]


def test_without_yes_it_says_what_it_would_do_and_asks_nobody(hub, tmp_path):
    for flags in ([], ["--dry-run"]):
        code, said = push(hub, tmp_path, release(tmp_path), *flags, HF_TOKEN="")
        assert code == 0
        assert f"model {REPO} on {hub.endpoint}" in said
        assert "model.safetensors" in said and "5 files, 0.1 MB" in said
        assert "Nothing was uploaded" in said
    assert hub.requests == []


def test_a_release_is_uploaded_whole_in_one_commit(hub, tmp_path):
    place = release(tmp_path)
    before = digest_files(place)
    code, said = push(hub, tmp_path, place, "--yes")
    assert code == 0, said
    there = on_hub(hub)
    assert {name: there[name] for name in FILES} == FILES
    assert f'from_pretrained("{REPO}")' in there["README.md"].decode()
    assert len(hub.commits["models", REPO]) == 2  # the hub's own first one, and ours
    (entry,) = parse_eval_result_entries(yaml.safe_load(there[".eval_results/gsm8k.yaml"]))
    assert entry == EvalResultEntry("openai/gsm8k", "main", 50.0)
    assert digest_files(place) == before
    assert hub.made("validate-yaml") >= 1


def test_a_second_upload_sends_nothing_again(hub, tmp_path):
    place = release(tmp_path)
    assert push(hub, tmp_path, place, "--yes")[0] == 0
    sent = hub.made("PUT /lfs/")
    assert sent == 2
    code, said = push(hub, tmp_path, place, "--yes")
    assert code == 0, said
    assert hub.made("PUT /lfs/") == sent
    assert len(hub.commits["models", REPO]) == 2


def test_a_data_set_goes_to_a_data_set(hub, tmp_path):
    files = {"completions/gsm8k/toy.parquet": b"PAR1" * 100, "croissant.json": b"{}"}
    card = CARD.replace('AutoModelForCausalLM.from_pretrained(".")', 'load("../results-dataset")')
    place = release(tmp_path, card, files, kind="dataset")
    code, said = push(hub, tmp_path, place, "--yes")
    assert code == 0, said
    there = on_hub(hub, "datasets")
    assert {name: there[name] for name in files} == files
    assert f'load("{REPO}")' in there["README.md"].decode()


def test_a_new_repository_is_private_if_asked(hub, tmp_path):
    assert push(hub, tmp_path, release(tmp_path), "--yes", "--private")[0] == 0
    (asked,) = hub.created
    assert asked["visibility"] == "private"


@pytest.mark.parametrize("part", ["PUT /lfs/", "/preupload/", "objects/batch", "/commit/"])
def test_a_hub_that_is_busy_for_a_moment_is_asked_again(part, hub, tmp_path):
    hub.faults[part] = [Fault(status=503)]
    code, said = push(hub, tmp_path, release(tmp_path), "--yes")
    if part == "/commit/":  # the client does not repeat a commit: type the command again
        assert code == 1
        assert "Type the same command again" in said
        assert push(hub, tmp_path, release(tmp_path), "--yes")[0] == 0
        assert hub.made("PUT /lfs/") == 2
    else:
        assert code == 0, said
    assert {name: on_hub(hub)[name] for name in FILES} == FILES


def test_a_killed_upload_goes_on_where_it_was(hub, tmp_path):
    place = release(tmp_path)
    hub.faults["PUT /lfs/"] = [Fault(stall=0.0), Fault(stall=20.0)]
    process = subprocess.Popen(
        command(place, "--yes"),
        cwd=tmp_path,
        env=environment(hub, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    limit = time.monotonic() + 60
    while (not hub.stored or hub.made("PUT /lfs/") < 2) and time.monotonic() < limit:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(hub.stored) == 1
    (arrived,) = hub.stored
    assert set(on_hub(hub)) == {".gitattributes"}  # nothing half-written is shown
    code, said = push(hub, tmp_path, place, "--yes")
    assert code == 0, said
    assert sum(request.startswith(f"PUT /lfs/{arrived}") for request in hub.requests) == 1
    assert {name: on_hub(hub)[name] for name in FILES} == FILES


def test_a_token_that_may_not_write_is_refused_in_one_line(hub, tmp_path):
    hub.writer = "hf_another"
    code, said = push(hub, tmp_path, release(tmp_path), "--yes")
    assert code == 1
    assert "HF_TOKEN must be a token that may write there" in said


def test_an_error_shows_no_signature_of_an_address(hub, tmp_path):
    hub.faults["PUT /lfs/"] = [Fault(status=403)] * 2
    code, said = push(hub, tmp_path, release(tmp_path), "--yes")
    assert code == 1
    assert "/lfs/" in said and "Type the same command again" in said
    assert "signature" not in said


def test_no_token_asks_nobody(hub, tmp_path):
    code, said = push(hub, tmp_path, release(tmp_path), "--yes", HF_TOKEN="")
    assert code == 1
    assert "HF_TOKEN: not set" in said
    assert hub.requests == []


def test_a_card_that_the_hub_refuses_is_not_uploaded(hub, tmp_path):
    card = "---\ntags: [math]\n---\n\n# A model\n"
    code, said = push(hub, tmp_path, release(tmp_path, card=card), "--yes")
    assert code == 1
    assert "no license" in said
    assert hub.stored == {}


def test_an_unknown_licence_is_named_before(hub, tmp_path):
    _, said = push(hub, tmp_path, release(tmp_path, unknown=["gsm8k-distilled"]))
    assert "has no `license` of gsm8k-distilled" in said


def test_a_file_changed_by_hand_is_refused(hub, tmp_path):
    place = release(tmp_path)
    (place / "config.json").write_text('{"a": 1}')
    code, said = push(hub, tmp_path, place, "--yes")
    assert code == 1
    assert "config.json" in said
    assert hub.requests == []


def test_a_collapsed_cell_has_nothing_to_upload(hub, tmp_path):
    code, said = push(hub, tmp_path, release(tmp_path, files={}), "--yes")
    assert code == 1
    assert "no weights" in said


@pytest.mark.parametrize("repo", ["a/b/c", "me/-bad-", ""])
def test_a_name_that_is_none_is_refused(repo, hub, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "scripts.push", str(release(tmp_path)), "--repo", repo],
        env=environment(hub, tmp_path),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "--repo" in run.stderr and "Traceback" not in run.stderr


def test_a_folder_that_is_no_release_is_refused(hub, tmp_path):
    code, said = push(hub, tmp_path, tmp_path, "--yes")
    assert code == 1
    assert "no release" in said
