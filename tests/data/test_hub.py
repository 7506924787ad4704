"""Fetching from a hub on loopback, with the hub's own clients: layouts, faults, checks, pins."""

import copy
import errno
import gzip
import io
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import httpx
import pyarrow
import pyarrow.parquet
import pytest
import yaml

from scripts.fetch_dataset import check_files, check_rows, rows_of_files
from scripts.lib.dag.jobs import job
from scripts.lib.data.hub import seconds_asked
from scripts.lib.files import read_json, read_jsonl, sha256_of, write_json, write_jsonl
from scripts.lib.study.cells import Study
from scripts.lib.study.validation import validated_study
from tests.dag.edits import config_of
from tests.data.hub_server import Fault, Hub
from tests.training_case import tiny_model
from tests.workflow import ENVIRONMENT, ROOT, snakemake

CONFIG = ROOT / "config.yaml"
PAPER = yaml.safe_load(CONFIG.read_text())
RETRIES = 3
MODEL = "Qwen/Qwen2.5-0.5B"


def weights_of(kilobytes):
    """Return a whole safetensors file of one tensor."""
    size = kilobytes * 1024
    header = f'{{"rows": {{"dtype": "U8", "shape": [{size}], "data_offsets": [0, {size}]}}}}'
    return len(header).to_bytes(8, "little") + header.encode() + bytes(range(256)) * (size // 256)


WEIGHTS = weights_of(1000)


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    asked_outside = [request for request in hub.requests if request.startswith("CONNECT")]
    hub.close()
    assert not asked_outside
    assert not hub.mistakes


def environment(hub, folder, **changes):
    """Return what makes a process's only hub the loopback one and its only home a test's folder."""
    known = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("HF_")}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), hub.endpoint)
    local = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    fetching = {
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "SRLM_HUB_WAIT": "0.02",
        "SRLM_HUB_RETRIES": str(RETRIES),
    }
    return known | proxies | local | fetching | changes


def run(hub, folder, *command, **changes):
    """Run one of the project's programs to its end."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=folder,
        env=environment(hub, folder, **changes),
        capture_output=True,
        text=True,
    )


def fetch(hub, folder, rule, name, definition, **changes):
    """Run the program of a fetch rule for one definition; return what it wrote and said."""
    kind = rule.removeprefix("fetch_")
    config = copy.deepcopy(PAPER)
    config[f"{kind}s"][name] = definition
    resolved = folder / f"config-{len(list(folder.glob('config-*')))}.json"  # one is read once
    write_json(resolved, config)
    arguments = ["--config", resolved, "--key", job(Study(config), rule, **{kind: name}).key]
    arguments += [f"--{kind}", name, "--downloads", "downloads", "--output", "record.json"]
    if kind == "dataset":
        arguments += ["--rows", "raw.jsonl"]
    return run(hub, folder, f"scripts.{rule}", *arguments, **changes)


def fetch_dataset(hub, folder, name, source, **changes):
    definition = {"schema": PAPER["datasets"][name]["schema"], "hub": source}
    if name == "gsm8k-distilled":
        definition["problems"] = "gsm8k"
    return fetch(hub, folder, "fetch_dataset", name, definition, **changes)


def fetch_model(hub, folder, commit, **changes):
    definition = {"label": "A model", "repo": MODEL, "revision": commit}
    return fetch(hub, folder, "fetch_model", "qwen2.5-0.5b", definition, **changes)


# ---------------------------------------------------- repositories in the layouts of the real ones


def parquet(rows):
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


def jsonl(rows, folder):
    write_jsonl(folder / "rows.jsonl", rows)
    return (folder / "rows.jsonl").read_bytes()


def card(**configs):
    """Return a data set's card, which says what files each of its subsets has."""
    described = [
        {"config_name": name, "data_files": [{"split": s, "path": p} for s, p in splits.items()]}
        for name, splits in configs.items()
    ]
    return f"---\n{yaml.safe_dump({'configs': described})}---\nA data set.\n".encode()


def gsm8k_rows(number, start="train"):
    return [
        {"question": f"{start}: {i} and 1?", "answer": f"{i}+1=<<{i}+1={i + 1}>>{i + 1}\n#### {i}"}
        for i in range(number)
    ]


def repository(name, folder):
    """Return the files of a data set's repository and the rows that a fetch must find."""
    if name == "gsm8k":
        rows = gsm8k_rows(30)
        main = {"train": "main/train-*", "test": "main/test-*"}
        return {
            "README.md": card(main=main, socratic={"train": "socratic/train-*"}),
            "main/train-00000-of-00002.parquet": parquet(rows[:20]),
            "main/train-00001-of-00002.parquet": parquet(rows[20:]),
            "main/test-00000-of-00001.parquet": parquet(gsm8k_rows(5, "test")),
            "socratic/train-00000-of-00001.parquet": parquet(gsm8k_rows(7, "socratic")),
        }, rows
    if name == "math500":
        rows = [
            {"problem": f"${i}$?", "solution": "…", "answer": f"\\frac{{{i}}}{{2}}"}
            | {"subject": "Algebra", "level": 1 + i % 5, "unique_id": f"test/{i}.json"}
            for i in range(12)
        ]
        return {"README.md": b"# No configs\n", "test.jsonl": jsonl(rows, folder)}, rows
    if name == "minerva":
        rows = [{"question": f"{i} ohms?", "answer": f"{i}e3"} for i in range(9)]
        return {"data/test-00000-of-00001.parquet": parquet(rows)}, rows
    if name == "olympiadbench":
        rows = [
            {"id": i, "question": f"Find {i}.", "solution": ["…"], "final_answer": [f"${i}$"]}
            | {"context": None, "image_1": None, "is_multiple_answer": False, "unit": None}
            | {"answer_type": "Numerical", "error": None}
            for i in range(11)
        ]
        subsets = ["OE_MM_maths_en_COMP", "OE_TO_maths_en_COMP"]
        files = {"OE_MM_maths_en_COMP": b"pictures", "OE_TO_maths_en_COMP": parquet(rows)}
        described = {subset: {"train": f"{subset}/{subset}.parquet"} for subset in subsets}
        stored = {f"{subset}/{subset}.parquet": files[subset] for subset in subsets}
        return {"README.md": card(**described), **stored}, rows
    rows = [
        {"problem": f"{i}?", "reasoning_solution": f"<think>{i}</think> \\boxed{{{i}}}"}
        for i in range(8)
    ]
    files = {"README.md": card(default={"train": "data/train-*"})}
    return files | {"data/train-00000-of-00001.parquet": parquet(rows)}, rows


def published(hub, name, folder, **changes):
    """Publish a data set on the hub; return its source as in the config, and its rows."""
    files, rows = repository(name, folder)
    source = {**PAPER["datasets"][name]["hub"], "rows": len(rows), **changes}
    source.pop("sha256", None)
    source["revision"] = hub.add(source["repo"], files)
    return source, rows


def published_model(hub, weights=WEIGHTS, **others):
    files = {
        "config.json": b'{"model_type": "qwen2"}',
        "tokenizer.json": b"{}",
        "merges.txt": b"a b\n",
        "model.safetensors": weights,
        "pytorch_model.bin": b"the same in another format",
        "README.md": b"# A model\n",
    }
    return hub.add(MODEL, files | others, kind="models")


def assert_refused(folder, process, *texts):
    """Check that a fetch ended with one message, these texts in it, and wrote no result."""
    assert process.returncode == 1, process.stdout + process.stderr
    assert "Traceback" not in process.stderr
    for text in texts:
        assert text in process.stderr
    assert not (folder / "raw.jsonl").exists()
    assert not (folder / "record.json").exists()


# ------------------------------------------------------------------------------- what is fetched


@pytest.mark.parametrize("name", ["gsm8k", "math500", "minerva", "olympiadbench"])
def test_every_layout_is_fetched_at_its_revision(hub, tmp_path, name):
    source, rows = published(hub, name, tmp_path)
    hub.add(source["repo"], {"test.jsonl": b'{"newer": 1}\n'})  # main has moved on
    process = fetch_dataset(hub, tmp_path, name, source)
    assert process.returncode == 0, process.stderr
    assert read_jsonl(tmp_path / "raw.jsonl") == rows
    record = read_json(tmp_path / "record.json")
    assert record["rows"] == len(rows)
    assert record["source"] == source
    assert len(record["source_files"]) == (2 if name == "gsm8k" else 1)
    assert not hub.made("OE_MM_maths_en_COMP.parquet")  # nor any other subset's file
    assert not hub.made("socratic-")


LINES = (
    b'{"id": "007", "day": "2024-05-01", "n": 7, "x": null}\n{"id": "1e3", "day": "", "n": 7.0}\n'
)
TEXTS = {
    "rows.csv": b"id,day\r\n007,2024-05-01\r\n1e3,\r\n",
    "rows.tsv": b"id\tday\n007\t2024-05-01\n1e3\t\n",
    "rows.jsonl": LINES,
    "rows.json": b"[" + LINES.strip().replace(b"\n", b",") + b"]",
    "rows.jsonl.gz": gzip.compress(LINES),
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_type_is_guessed(name, tmp_path):
    (tmp_path / name).write_bytes(TEXTS[name])
    rows = rows_of_files([tmp_path / name])
    assert [(row["id"], row["day"]) for row in rows] == [("007", "2024-05-01"), ("1e3", "")]
    if "json" in name:
        assert [row["n"] for row in rows] == [7, 7.0] and isinstance(rows[0]["n"], int)
        assert rows[1]["x"] is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"id,day\n1\n", "row 0: not as many fields"),
        ("rows.csv", b"id,day\n1,2,3\n", "row 0: not as many fields"),
        ("rows.jsonl", b'{"id": 1}\n{"id"\n', "line 2: not a JSON line"),
        ("rows.jsonl", b'{"id": 1}\n3\n', "row 1: 3 is no object"),
        ("rows.csv", b"id\n\xff\n", "line 2: no UTF-8"),
        ("rows.json.zst", b"", "without guessing types"),
    ],
)
def test_a_text_file_that_is_broken_is_named_with_its_row(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit, match=message):
        rows_of_files([tmp_path / name])


@pytest.mark.slow
def test_the_rules_fetch_data_and_models_whatever_the_callers_offline_switch(hub, tmp_path):
    source, rows = published(hub, "gsm8k", tmp_path)
    test = {"split": "test", "rows": 5}  # of the same repository, at the same time
    tiny = tiny_model(tmp_path).parent / "checkpoint"  # the rule sees whether it is a model
    whole = {file.name: file.read_bytes() for file in tiny.iterdir()}
    study = {
        "study": "loopback",
        "datasets": {"gsm8k": {"hub": source}, "gsm8k-test": {"hub": source | test}},
        "models": {
            "qwen2.5-0.5b": {"revision": published_model(hub, **whole), "max_model_length": 512}
        },
        # four problems per step
        "recipes": {"grpo": {"global_batch_size": 64, "max_completion_length": 32}},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    targets = [
        "data/gsm8k/raw.jsonl",
        "data/gsm8k-test/raw.jsonl",
        "models/qwen2.5-0.5b/model.json",
    ]
    process = snakemake(
        *("--cores", "3", "--configfile", tmp_path / "study.yaml", "--"),
        *(f"results/loopback/{target}" for target in targets),
        folder=tmp_path,
        **environment(hub, tmp_path, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1"),
    )
    assert process.returncode == 0, process.stdout + process.stderr
    data = tmp_path / "results" / "loopback" / "data"
    assert read_jsonl(data / "gsm8k" / "raw.jsonl") == rows
    assert read_jsonl(data / "gsm8k-test" / "raw.jsonl") == gsm8k_rows(5, "test")
    checkpoint = (
        tmp_path / "downloads" / "models" / MODEL / study["models"]["qwen2.5-0.5b"]["revision"]
    )
    assert (checkpoint / "model.safetensors").read_bytes() == whole["model.safetensors"]
    assert f"{MODEL}: fetching {len(whole) + 1} of {len(whole) + 1} files" in process.stderr


def test_a_model_arrives_with_whatever_its_tokenizer_needs(hub, tmp_path):
    start = {"config.json": b'{"model_type": "llama"}', "tokenizer_config.json": b"{}"}
    start["model.safetensors"] = WEIGHTS
    commit = hub.add(MODEL, start | {"tokenizer.model": b"sentences"}, kind="models")
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    files = read_json(tmp_path / "record.json")["files"]
    assert set(files) == {*start, "tokenizer.model"}
    (tmp_path / "record.json").unlink()
    commit = hub.add(MODEL, start | {"README.md": b"# none"}, kind="models")
    assert_refused(tmp_path, fetch_model(hub, tmp_path, commit), "no tokenizer's vocabulary")


def test_only_the_fetch_rules_may_ask_the_hub():
    assert "HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1" in (ROOT / "rules" / "common.smk").read_text()
    text = "".join(file.read_text() for file in sorted((ROOT / "rules").glob("*.smk")))
    rules = dict(re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL))
    assert len(rules) > 15
    switched = {rule for rule, body in rules.items() if "OFFLINE=0" in body}
    assert switched == {"fetch_dataset", "fetch_model"}


def test_a_model_is_fetched_once_and_a_damaged_file_of_it_alone_again(hub, tmp_path):
    commit = published_model(hub)
    assert fetch_model(hub, tmp_path, commit).returncode == 0
    folder = tmp_path / "downloads" / MODEL / commit
    fetched = {"config.json", "tokenizer.json", "merges.txt", "model.safetensors"}
    assert set(read_json(tmp_path / "record.json")["files"]) == fetched
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS

    hub.requests.clear()
    assert fetch_model(hub, tmp_path, commit, HF_HUB_OFFLINE="1").returncode == 0
    assert hub.requests == []

    (folder / "config.json").write_text('{"model_type": "qwen3"}')  # of the same size
    assert fetch_model(hub, tmp_path, commit).returncode == 0
    assert b"qwen2" in (folder / "config.json").read_bytes()
    assert hub.made("GET") == hub.made("config.json") - hub.made("HEAD") == 1


def test_a_complete_data_set_needs_no_hub(hub, tmp_path):
    source, _ = published(hub, "gsm8k", tmp_path)
    assert fetch_dataset(hub, tmp_path, "gsm8k", source).returncode == 0
    hub.requests.clear()
    assert fetch_dataset(hub, tmp_path, "gsm8k", source, HF_HUB_OFFLINE="1").returncode == 0
    assert hub.requests == []


def test_of_two_downloads_of_one_commit_each_ends_with_all_of_it(hub, tmp_path):
    """Two of Table 1's rows are one repository: whoever comes second must not clear the first."""
    commit = published_model(hub)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "downloads").symlink_to(tmp_path)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(fetch_model, hub, folder, commit) for folder in folders]
    assert [run.result().returncode for run in runs] == [0, 0]
    one, two = (read_json(folder / "record.json")["files"] for folder in folders)
    assert one == two
    assert "model.safetensors" in one
    got = [r for r in hub.requests if r.startswith("GET") and "/api/" not in r]
    assert len(got) == len(set(got)) == len(one)


# ------------------------------------------------------------------------ names that lead outside

PRECIOUS = b'{"mine": "\xc3\xa4lter"}\n'
UP = "../" * 4  # from a commit's folder to the one that the test runs in
BAD_NAMES = [
    (UP + "precious.json", "a part '..'"),
    ("sub/../../" + UP + "precious.json", "a part '..'"),
    ("{folder}/precious.json", "absolute"),
    ("..\\..\\precious.json", "backslash"),
    ("C:precious.json", "drive letter"),
    ("sub//precious.json", "empty part"),
    ("sub/", "empty part"),
    ("", "empty part"),
    ("./precious.json", "a part '.'"),
    ("precious\0.json", "NUL"),
    (".cache/lock.json", "records in .cache"),
    (".Cache/lock.json", "records in .cache"),
    ("link/precious.json", "is a link out of"),
    ("link/deeper/precious.json", "is a link out of"),
    ("inside/link/precious.json", "is a link out of"),
    ("link.json", "is a link out of"),
]


def with_precious(folder, repo, commit):
    """Make a user's file and, in a commit's download, links to it; return (file, download)."""
    precious = folder / "precious.json"
    precious.write_bytes(PRECIOUS)
    download = folder / "downloads" / repo / commit
    (download / "sub").mkdir(parents=True)
    (download / "inside").symlink_to("sub")
    for link in ("link", "sub/link"):
        (download / link).symlink_to(folder)
    (download / "link.json").symlink_to(precious)
    return precious, download


def assert_nothing_was_touched(hub, precious, download, before):
    assert precious.read_bytes() == PRECIOUS
    assert sorted(download.rglob("*")) == before
    assert not hub.made("/resolve/")
    assert not hub.made("/cdn/")


def assert_listing_refused(hub, folder, kind, name, fault, *, kept):
    """Fetch a repository that names such a file; `kept`: an earlier fetch kept its listing."""
    name = name.format(folder=folder)
    source = PAPER["datasets"]["gsm8k"]["hub"]
    repo = MODEL if kind == "model" else source["repo"]
    files = {"config.json": b"{}", "README.md": b"# It\n", name: b'{"theirs": 1}'}
    commit = hub.add(repo, files, kind=f"{kind}s")
    precious, download = with_precious(folder, repo, commit)
    if kept:
        write_json(download / ".cache" / f"{commit}.json", dict.fromkeys(files, "0" * 40))
    before = sorted(download.rglob("*"))

    if kind == "model":
        process = fetch_model(hub, folder, commit)
    else:
        process = fetch_dataset(hub, folder, "gsm8k", source | {"revision": commit})
    assert_refused(folder, process, f"{repo} at {commit}: ", repr(name), fault)
    assert "not trust that repository" in process.stderr
    assert len(process.stderr.splitlines()) == 1
    assert len(hub.requests) == (0 if kept else 1)
    assert_nothing_was_touched(hub, precious, download, before)


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize(("name", "fault"), BAD_NAMES, ids=[repr(name) for name, _ in BAD_NAMES])
def test_a_listing_that_leads_outside_is_refused(hub, tmp_path, name, fault, kind):
    assert_listing_refused(hub, tmp_path, kind, name, fault, kept=False)


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (UP + "precious.json", "a part '..'"),
        ("{folder}/precious.json", "absolute"),
        ("link/precious.json", "is a link out of"),
    ],
    ids=["up", "absolute", "link"],
)
def test_a_kept_listing_that_leads_outside_is_refused(hub, tmp_path, name, fault, kind):
    assert_listing_refused(hub, tmp_path, kind, name, fault, kept=True)


@pytest.mark.parametrize(
    "name",
    [UP + "precious.json", "{folder}/precious.json", "link/precious.json"],
    ids=["up", "absolute", "link"],
)
def test_a_kept_split_that_leads_outside_is_refused(hub, tmp_path, name):
    name = name.format(folder=tmp_path)
    source, _ = published(hub, "gsm8k", tmp_path)
    precious, download = with_precious(tmp_path, source["repo"], source["revision"])
    kept = download / ".cache" / "main-train.json"
    write_json(kept, [name])
    before = sorted(download.rglob("*"))
    process = fetch_dataset(hub, tmp_path, "gsm8k", source)
    assert_refused(tmp_path, process, source["repo"], source["revision"], repr(name), "not trust")
    (download / ".cache" / f"{source['revision']}.json").unlink()  # a good listing, so it was kept
    assert_nothing_was_touched(hub, precious, download, before)


def test_a_card_that_names_a_users_file_is_refused(hub, tmp_path):
    source = PAPER["datasets"]["gsm8k"]["hub"]
    described = card(main={"train": str(tmp_path / "precious.json")})
    source = source | {"revision": hub.add(source["repo"], {"README.md": described})}
    precious, download = with_precious(tmp_path, source["repo"], source["revision"])
    process = fetch_dataset(hub, tmp_path, "gsm8k", source)
    assert_refused(tmp_path, process, source["repo"], "relative paths")  # by the library itself
    assert precious.read_bytes() == PRECIOUS
    assert not (download / ".cache" / "main-train.json").exists()


def test_a_link_that_stays_inside_is_followed(hub, tmp_path):
    commit = published_model(hub, **{"inside/a.json": b"[1]"})
    _, download = with_precious(tmp_path, MODEL, commit)
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert (download / "sub" / "a.json").read_bytes() == b"[1]"
    assert (download / "inside").is_symlink()


def test_what_a_second_listing_adds_is_not_fetched(hub, tmp_path):
    """The hub's client asks for a listing too, after the one that was checked."""
    commit = published_model(hub)
    precious, download = with_precious(tmp_path, MODEL, commit)
    hub.later = dict.fromkeys(["link/precious.json", "more.json"], b"{}")
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert hub.made("/tree/") == 2
    assert precious.read_bytes() == PRECIOUS
    assert not hub.made("precious")
    assert not (download / "more.json").exists()


# ---------------------------------------------------------------------------------------- faults


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [Fault(status=429), Fault(status=500), Fault(status=503), Fault(reset=True), Fault(stall=20)],
    ids=["429", "500", "503", "reset", "time-out"],
)
def test_every_kind_of_request_survives_a_fault(hub, tmp_path, fault):
    source, rows = published(hub, "gsm8k", tmp_path)
    hub.every_first = fault
    process = fetch_dataset(hub, tmp_path, "gsm8k", source)
    assert process.returncode == 0, process.stderr
    assert read_jsonl(tmp_path / "raw.jsonl") == rows
    kinds = set(hub.requests)
    assert len(kinds) > 10
    assert all(hub.requests.count(request) >= 2 for request in kinds)
    assert process.stderr.count("again in") == len(kinds)
    assert process.stderr.count("timed out; again") == (len(kinds) if fault.stall else 0)


def test_a_busy_hub_is_given_the_time_that_it_asks_for(hub, tmp_path):
    commit = published_model(hub)
    hub.faults["GET /api"] = [Fault(status=429, headers={"Retry-After": "2"})]
    start = time.monotonic()
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert time.monotonic() - start > 2
    assert f"GET {hub.endpoint}/api/models/{MODEL}/tree/{commit}: 429" in process.stderr
    assert re.search(r"^\[[\d:]{8}\] .* again in 2.0 s \(1 of 3\)$", process.stderr, re.MULTILINE)


def test_retry_after_is_understood_in_all_its_forms():
    def asked(**headers):
        return seconds_asked(httpx.Headers({n.replace("_", "-"): v for n, v in headers.items()}))

    assert asked() == 0
    assert asked(Retry_After="7") == 7
    assert 25 < asked(Retry_After=formatdate(time.time() + 30, usegmt=True)) <= 30
    assert asked(Retry_After=formatdate(time.time() - 30, usegmt=True)) == 0
    assert asked(Retry_After="soon") == 0
    assert asked(RateLimit='"api";r=0;t=55') == 55


@pytest.mark.parametrize(
    "fault",
    [Fault(torn=11_000_000), Fault(torn=11_000_000, stall=20)],
    ids=["reset", "silence"],
)
def test_a_file_that_breaks_off_is_resumed(hub, tmp_path, fault):
    weights = weights_of(12_000)  # the client keeps what has arrived in steps of 10 MB
    commit = published_model(hub, weights)
    hub.faults["GET /cdn"] = [fault]
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "downloads" / MODEL / commit / "model.safetensors").read_bytes() == weights
    assert hub.made("GET /cdn") == 2
    assert len(hub.resumed) == 1
    reason = "timed out" if fault.stall else ".*reset by peer"
    assert re.search(rf"broke off \({reason}\); resuming", process.stderr)
    # Nor does a progress line give away the signature in a large file's address.
    assert not re.search(r"^\[.*secret", process.stderr, re.MULTILINE)


@pytest.mark.slow
def test_a_file_that_breaks_off_again_and_again_is_not_given_up_soon(hub, tmp_path):
    commit = published_model(hub)
    hub.faults["GET /cdn"] = [Fault(torn=1000)] * 7
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "downloads" / MODEL / commit / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.made("GET /cdn") == 8


def test_a_listing_that_breaks_off_is_asked_for_again(hub, tmp_path):
    commit = published_model(hub)
    hub.faults["GET /api"] = [Fault(torn=20), Fault(torn=100)]
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("again in") == 2


@pytest.mark.parametrize(
    "content", [WEIGHTS[::-1], WEIGHTS[:-1]], ids=["other content", "cut short"]
)
def test_a_file_of_another_content_is_fetched_again(hub, tmp_path, content):
    commit = published_model(hub)
    hub.faults["GET /cdn"] = [Fault(content=content)]
    process = fetch_model(hub, tmp_path, commit)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "downloads" / MODEL / commit / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.made("GET /cdn") == 2


def test_a_file_that_stays_another_one_is_not_accepted(hub, tmp_path):
    commit = published_model(hub)
    hub.faults["config.json"] = [Fault(content=b'{"model_type": "qwen3"}')] * 20
    process = fetch_model(hub, tmp_path, commit)
    expected = "config.json: expected [0-9a-f]{40}, found [0-9a-f]{40}"
    assert re.search(expected, process.stderr)
    assert_refused(tmp_path, process, MODEL, commit, "not what the hub declares")
    assert hub.made("GET /" + MODEL + "/resolve/" + commit + "/config.json") == RETRIES + 1


def test_a_hub_that_stays_down_ends_in_one_message(hub, tmp_path):
    source, _ = published(hub, "gsm8k", tmp_path)
    hub.faults["/"] = [Fault(status=503)] * 100
    process = fetch_dataset(hub, tmp_path, "gsm8k", source)
    assert len(hub.requests) == RETRIES + 1
    assert_refused(
        tmp_path,
        process,
        f"openai/gsm8k at {source['revision']}: the hub did not deliver it",
        f"failed {RETRIES + 1} times, at last with: 503",
        "SRLM_MIRROR",
        "HF_ENDPOINT",
    )


def test_no_hub_at_all_ends_in_one_message(hub, tmp_path):
    changes = {"HF_ENDPOINT": "http://127.0.0.1:9", "SRLM_HUB_RETRIES": "1"}
    process = fetch_model(hub, tmp_path, "0" * 40, **changes)
    assert_refused(tmp_path, process, MODEL, "failed 2 times", "refused", "`path` in config.yaml")


@pytest.mark.parametrize(
    ("change", "fault", "text"),
    [
        ({"repo": "openai/gsm9k"}, None, "has no such repository, or it needs a login"),
        ({"revision": "0" * 40}, None, "has no such commit. Check `revision`"),
        ({}, Fault(status=403, headers={"X-Error-Code": "GatedRepo"}), "gated"),
        ({}, Fault(status=401), "refused it"),
    ],
    ids=["repository", "revision", "gated", "token"],
)
def test_a_refusal_is_explained_and_not_repeated(hub, tmp_path, change, fault, text):
    source, _ = published(hub, "gsm8k", tmp_path)
    hub.faults["/"] = [fault] if fault else []
    process = fetch_dataset(hub, tmp_path, "gsm8k", source | change)
    assert_refused(tmp_path, process, (source | change)["repo"], text)
    assert len(hub.requests) == 1


def test_another_revision_in_the_cache_never_stands_in(hub, tmp_path):
    source, _ = published(hub, "minerva", tmp_path)
    older = hub.add(source["repo"], {"data/test-0.parquet": parquet([{"question": "older"}])})
    load = f"import datasets; datasets.load_dataset({source['repo']!r}, revision={older!r})"
    loading = environment(hub, tmp_path, HF_UPDATE_DOWNLOAD_COUNTS="0")
    subprocess.run([sys.executable, "-c", load], env=loading, check=True)
    hub.faults["HEAD"] = [Fault(status=503)] * 100
    process = fetch_dataset(hub, tmp_path, "minerva", source)
    assert_refused(tmp_path, process, source["revision"], "503")


def test_an_offline_fetch_says_what_to_do(hub, tmp_path):
    source, _ = published(hub, "gsm8k", tmp_path)
    process = fetch_dataset(hub, tmp_path, "gsm8k", source, HF_HUB_OFFLINE="1")
    assert_refused(tmp_path, process, source["repo"], "HF_HUB_OFFLINE", "set it to 0")
    assert hub.requests == []


# --------------------------------------------------------------------------------- content checks


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ({"rows": 31}, ["30 rows were found", "datasets.gsm8k.hub.rows", "expects 31"]),
        (
            {"columns": ["question", "gold"]},
            ["no column gold", "It has question, answer", "datasets.gsm8k.hub.columns"],
        ),
        ({"split": "dev"}, ["no split 'dev'; it has train, test"]),
        ({"subset": "maine"}, ["maine", "main", "socratic"]),
    ],
    ids=["rows", "columns", "split", "subset"],
)
def test_another_content_than_expected_is_named(hub, tmp_path, change, texts):
    source, _ = published(hub, "gsm8k", tmp_path, **change)
    process = fetch_dataset(hub, tmp_path, "gsm8k", source)
    assert_refused(tmp_path, process, *texts)


def test_a_sha256_of_the_hubs_file_is_compared(hub, tmp_path):
    source, _ = published(hub, "math500", tmp_path)
    digest = sha256_of(tmp_path / "rows.jsonl")
    process = fetch_dataset(hub, tmp_path, "math500", source | {"sha256": "0" * 64})
    assert_refused(
        tmp_path, process, f"sha256 is {digest}", f"datasets.math500.hub.sha256 in {CONFIG.name}"
    )
    assert fetch_dataset(hub, tmp_path, "math500", source | {"sha256": digest}).returncode == 0


def test_each_source_has_its_own_checks(tmp_path):
    file = tmp_path / "olympiadbench.jsonl"
    write_jsonl(file, [{"id": 1}, {"question": 2}])
    for key in ("hub", "mirror"):
        number = PAPER["datasets"]["olympiadbench"][key]["rows"]
        assert number == {"hub": 674, "mirror": 675}[key]
        with pytest.raises(SystemExit, match=f"2 rows were found, {key}.rows .* expects {number}"):
            check_rows(read_jsonl(file), [file], {"rows": number}, key)
    with pytest.raises(SystemExit, match="row 1: no column id. It has question; mirror.columns"):
        check_rows(read_jsonl(file), [file], {"rows": 2, "columns": ["id"]}, "mirror")
    with pytest.raises(SystemExit, match="0 rows were found"):
        check_rows([], [file], {}, "hub")
    check_files([file], {}, "mirror")
    check_files([file], {"sha256": sha256_of(file)}, "mirror")
    with pytest.raises(
        SystemExit, match=f"sha256 is {sha256_of(file)}, mirror.sha256 .* expects 0"
    ):
        check_files([file], {"sha256": "0" * 64}, "mirror")


@pytest.mark.parametrize("name", [n for n, of in PAPER["datasets"].items() if "mirror" in of])
def test_the_mirrors_columns_are_those_of_the_real_files(real_data, name):
    mirror = PAPER["datasets"][name]["mirror"]
    if not (real_data / mirror["file"]).exists():
        assert name == "gsm8k-distilled"
        return
    rows = read_jsonl(real_data / mirror["file"])
    check_rows(rows, [real_data / mirror["file"]], mirror, name)
    assert {column for row in rows for column in row} == set(mirror["columns"])


# ------------------------------------------------------------------------------- unpinned sets


def test_an_unpinned_set_is_refused_with_the_command_that_pins_it(hub, tmp_path):
    """The command, run as it is printed, changes one value of the file; then the fetch works."""
    name = "gsm8k-distilled"
    source, rows = published(hub, name, tmp_path)
    commit = source["revision"]
    process = fetch_dataset(hub, tmp_path, name, source | {"revision": None})
    assert_refused(tmp_path, process, "datasets.gsm8k-distilled.hub.revision")
    assert hub.requests == []

    text = CONFIG.read_text()
    (tmp_path / "config.yaml").write_text(text)
    command = re.search(r"^ +python -m (.*)$", process.stderr, re.MULTILINE)[1].split()
    process = run(hub, tmp_path, *command)
    assert process.returncode == 0, process.stderr
    assert commit in process.stdout
    pinned = (tmp_path / "config.yaml").read_text()
    assert pinned.replace(f"revision: {commit}", "revision: null") == text
    assert pinned != text

    process = run(hub, tmp_path, *command)
    assert process.returncode == 1
    assert f"{name} is pinned to {commit}" in process.stderr
    source["revision"] = yaml.safe_load(pinned)["datasets"][name]["hub"]["revision"]
    assert fetch_dataset(hub, tmp_path, name, source).returncode == 0
    assert read_jsonl(tmp_path / "raw.jsonl") == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("datasets: {a: {hub: {repo: x/y, revision: null}}}", "no datasets.b.hub.revision"),
        ("datasets: {b: {hub: {repo: x/y, revision: null}}}", "has no such repository"),
        ("datasets: [", "config.yaml: cannot be read"),
        (
            "datasets: {b: {hub: &hub {repo: camel-ai/gsm8k_distilled, revision: null}},"
            " c: {hub: *hub}}",
            "cannot be changed in this place alone",
        ),
        (
            "datasets: {b: {hub: {repo: x/y, revision: null}}}\n"
            "models: {b: {repo: x/y, revision: null}}",
            "a data set and a model are called b",
        ),
        ("models: {b: {repo: camel-ai/gsm8k_distilled, revision: null}}", "no such repository"),
    ],
    ids=["name", "repository", "yaml", "shared value", "twice", "kind"],
)
def test_a_set_that_cannot_be_pinned_leaves_the_file_alone(hub, tmp_path, text, message):
    published(hub, "gsm8k-distilled", tmp_path)
    (tmp_path / "config.yaml").write_text(text)
    process = run(hub, tmp_path, "scripts.pin_revision", "b")
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert message in process.stderr
    assert (tmp_path / "config.yaml").read_text() == text


def test_a_pin_asks_again_too_and_keeps_line_ends(hub, tmp_path):
    source, _ = published(hub, "gsm8k-distilled", tmp_path)
    content = b"datasets:\r\n  b:\r\n    hub: {repo: camel-ai/gsm8k_distilled, revision: null}\r\n"
    (tmp_path / "mine.yaml").write_bytes(content)
    hub.faults["/"] = [Fault(status=500)]
    process = run(hub, tmp_path, "scripts.pin_revision", "b", "--config", "mine.yaml")
    assert process.returncode == 0, process.stderr
    commit = source["revision"].encode()
    assert (tmp_path / "mine.yaml").read_bytes() == content.replace(b"null", commit)


def test_a_model_is_pinned_where_the_dry_run_asks_for_it(hub, tmp_path):
    commit = hub.add("org/small", {"config.json": b"{}"}, "models")
    config = config_of("demo")
    config["models"]["mine"] = {"label": "Mine", "repo": "org/small", "revision": None}
    study = validated_study(config, [])
    with pytest.raises(SystemExit, match=r"models.mine.revision: no commit of org/small is pinned"):
        job(study, "fetch_model", model="mine")
    text = "models:\n  mine: {label: Mine, repo: org/small, revision: null}  # new\n"
    (tmp_path / "mine.yaml").write_text(text)
    process = run(hub, tmp_path, "scripts.pin_revision", "mine", "--config", "mine.yaml")
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "mine.yaml").read_text() == text.replace("null", commit)


def test_a_full_disk_is_not_blamed_on_the_network():
    from scripts.lib.data.hub import patient_hub

    with pytest.raises(SystemExit, match="the disk is full: make room"), patient_hub("r", "c"):
        raise OSError(errno.ENOSPC, "No space left on device")
