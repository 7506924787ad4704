"""What comes from elsewhere is data: it is neither run, nor let out of its place, nor endless.

docs/security.md lists the points, and which tests show each; here are those that have no other.
"""

import ast
import os
import re
import shutil
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from scripts import audit_locks, pack, typeset
from scripts.lib.dag.data import mirror_file
from scripts.lib.dag.jobs import job
from scripts.lib.data import hub
from scripts.lib.data.hub import PatientClient, patient_hub
from scripts.lib.grading.grader import Grader
from scripts.lib.model.integrity import refuse_links_outside
from scripts.lib.study.cells import Study
from scripts.lib.study.validation import validated_study
from tests.data.hub_server import Fault, Hub
from tests.data.test_hub import assert_refused, fetch_dataset, published
from tests.finished_study import finished_study
from tests.workflow import DEMO, ROOT, snakemake

TOKEN = "hf_of_the_tests_alone"
SCRIPTS = {path: ast.parse(path.read_text()) for path in (ROOT / "scripts").rglob("*.py")}


def calls() -> list[tuple[str, ast.Call]]:
    """Return (the called name as written, call) of the whole of scripts/."""
    nodes = [node for tree in SCRIPTS.values() for node in ast.walk(tree)]
    return [(ast.unparse(node.func), node) for node in nodes if isinstance(node, ast.Call)]


# ------------------------------------------------------------------------------ gigantic answers


class Endless(httpx.SyncByteStream):
    def __iter__(self):
        while True:
            yield b" " * 65_536


def asked(monkeypatch, answer, times=1):
    """Ask a hub of a test's own, whose answers may have a megabyte."""
    monkeypatch.setattr(hub, "LARGEST", 1 << 20)
    monkeypatch.setenv("NO_PROXY", "*")
    with patient_hub("org/name", "c" * 40):
        client = PatientClient(transport=httpx.MockTransport(answer), follow_redirects=True)
        return [client.get("http://hub/api") for _ in range(times)][-1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: httpx.Response(200, stream=Endless()), "more than 1048576 bytes"),
        (
            lambda _: httpx.Response(302, headers={"Location": "/b"}, stream=Endless()),
            "more than 1048576 bytes",
        ),
        (
            lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Endless()),
            "the answer is compressed, unasked",
        ),
    ],
    ids=["endless", "endless redirect", "compressed"],
)
def test_an_answer_of_the_hub_does_not_fill_the_memory(monkeypatch, answer, said):
    with pytest.raises(SystemExit, match=f"org/name at c+: the hub did not deliver it: .*{said}"):
        asked(monkeypatch, answer)


def test_neither_do_many_pages_of_it(monkeypatch):
    def page(_):
        return httpx.Response(200, stream=httpx.ByteStream(bytes(300_000)))

    assert len(asked(monkeypatch, page, times=3).content) == 300_000
    with pytest.raises(SystemExit, match="more than 1048576 bytes"):
        asked(monkeypatch, page, times=4)


# ----------------------------------------------------------------------------------------- links


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key").write_text('{"question": "secret", "gold": "1"}\n')
    return tmp_path / "elsewhere" / "key"


def test_a_link_out_of_a_checkpoint_is_refused(tmp_path, elsewhere):
    folder = tmp_path / "hub" / "snapshots" / "commit"
    folder.mkdir(parents=True)
    (tmp_path / "hub" / "blobs").mkdir()
    (tmp_path / "hub" / "blobs" / "0").touch()
    (folder / "config.json").symlink_to("../../blobs/0")  # the hub's own cache
    (folder / "other.json").symlink_to("config.json")
    (tmp_path / "reached").symlink_to(folder)
    for place in (folder, tmp_path / "reached"):
        refuse_links_outside(place, "models.mine.path")
    (folder / "deep").mkdir()
    (folder / "deep" / "notes.txt").symlink_to(elsewhere)
    study = Study({"models": {"mine": {"path": str(folder)}}})
    said = "^models.mine.path: .*deep/notes.txt is a link out of that folder"
    with pytest.raises(SystemExit, match=said):
        job(study, "fetch_model", model="mine")


@pytest.mark.parametrize("link", ["rows.jsonl", "deep"])
def test_a_link_out_of_a_mirror_is_refused(link, tmp_path, elsewhere):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    file = link if link.endswith("jsonl") else f"{link}/key"
    study = Study({"mirror": str(mirror), "datasets": {"mine": {"mirror": {"file": file}}}})
    (mirror / link).symlink_to(elsewhere if file == link else elsewhere.parent)
    with pytest.raises(SystemExit, match=f"{link}: a link out of the mirror, but datasets.mine"):
        mirror_file(study, "mine")
    (mirror / link).unlink()
    (mirror / file).parent.mkdir(exist_ok=True)
    (mirror / "inside.jsonl").write_text("{}\n")
    (mirror / file).symlink_to(mirror / "inside.jsonl")
    assert mirror_file(study, "mine") == mirror / file


# ------------------------------------------------------------- templates, YAML, shell: text is run


def test_the_projects_own_templates_alone_are_rendered_outside_the_sandbox():
    """What a tokenizer brings goes through transformers, in its ImmutableSandboxedEnvironment."""
    imported = {
        (path.name, alias.name)
        for path, tree in SCRIPTS.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jinja2")
        for alias in node.names
    }
    own = {"Environment", "FileSystemLoader", "StrictUndefined"}
    assert imported == {
        *((file, name) for file in ("cards.py", "first_page.py") for name in own),
        ("chat_template.py", "TemplateError"),
    }
    assert not [name for name, _ in calls() if name.endswith((".from_string", "jinja2.Template"))]


def test_a_template_is_sandboxed_where_a_tokenizer_renders_it(tmp_path):
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from transformers.utils.chat_template_utils import _compile_jinja_template

    compiled = _compile_jinja_template("{{ messages }}")
    assert isinstance(compiled.environment, ImmutableSandboxedEnvironment)


def test_yaml_makes_no_objects(tmp_path):
    unsafe = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all"}
    assert not unsafe & {name for name, _ in calls()}
    evil = f"study: !!python/object/apply:os.system ['touch {tmp_path / 'made'}']\n"
    (tmp_path / "mine.yaml").write_text(evil)
    run = snakemake(
        "-n", "--configfile", DEMO, tmp_path / "mine.yaml", "--", "all", folder=tmp_path
    )
    assert run.returncode == 1
    assert "could not determine a constructor for the tag" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "made").exists()


@pytest.mark.slow  # LightEval takes seconds to import
def test_what_a_model_wrote_is_judged_and_not_run(tmp_path, monkeypatch):
    """SymPy's parse_expr, behind LightEval's judge, evaluates what reaches it: digits and signs."""
    from scripts.lib.evaluation.metric import judge

    monkeypatch.chdir(tmp_path)
    codes = ["__import__('os').mkdir('made')", "1+__import__('os').mkdir('made')", "9^9^9^9^9"]
    forms = ["\\boxed{%s}", "The answer is %s.", "The final answer is $%s$. I hope it is correct."]
    texts = [form % code for code in codes for form in forms]
    assert judge([("18", text) for text in [*texts, "\\boxed{18}"]])[-1] is True
    with Grader() as grader:
        verdicts = grader.grade_many([("gsm8k", "18", text) for text in [*texts, "\\boxed{18}"]])
    assert [verdict.correct for verdict in verdicts] == [False] * len(texts) + [True]
    assert list(tmp_path.iterdir()) == []


def test_no_program_is_started_through_a_shell():
    for name, call in calls():
        assert name not in {"os.system", "os.popen", "eval", "exec", "pickle.load", "pickle.loads"}
        if name.endswith(("subprocess.run", "subprocess.Popen")):
            assert "shell" not in {keyword.arg for keyword in call.keywords}
        if name == "torch.load":
            assert "weights_only=True" in ast.unparse(call)


def test_what_a_rule_gives_its_shell_is_quoted_or_a_name():
    """The rest are names that the schema has checked, digests, and the profile's own values."""
    names = ["study", "dataset", "cell", "prefix", "stage", "seed", "model", "table", "tokenizer"]
    given = ["engine", "distributed", "gpu", "judges", "tokens_per_pass", "runtime"]
    plain = {f"wildcards.{name}" for name in names} | {f"resources.{name}" for name in given}
    plain |= {"params.key", "params.gpus"}
    seen = set()
    for path in (ROOT / "rules").glob("*.smk"):
        for shell in re.findall(r'^    shell:\n((?:        ".*"\n)+)', path.read_text(), re.M):
            seen |= set(re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", shell))
    assert {"log:q", "params.key"} <= seen
    assert {value for value in seen if not value.endswith(":q")} <= plain


def test_a_name_has_nothing_that_a_shell_or_a_path_reads():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    names = ["a;b", "$(a)", "a b", "`a`", "a'b", "a\n", "a\nb", "-a", "../a", "a/b", ""]
    config["models"] |= dict.fromkeys(names, config["models"]["qwen2.5-0.5b"])
    config["study"] = "a\n"
    with pytest.raises(SystemExit) as refusal:
        validated_study(config, files=[])
    assert str(refusal.value).count("A file name on every system") == len(names) + 1


# ----------------------------------------------------------------------------------------- tokens


def holding(*folders: Path) -> list[Path]:
    """Return the files in which the token stands."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_a_token_goes_to_the_hub_and_nowhere_else(tmp_path):
    server = Hub()
    try:
        source, _ = published(server, "gsm8k", tmp_path)
        process = fetch_dataset(server, tmp_path, "gsm8k", source, HF_TOKEN=TOKEN)
        assert process.returncode == 0, process.stderr
        shutil.rmtree(tmp_path / "downloads")
        refusal = Fault(status=403, headers={"X-Error-Message": f"{TOKEN} may not"})
        server.faults["GET /api"].append(refusal)  # a server that repeats what it refuses
        (tmp_path / "raw.jsonl").unlink()
        (tmp_path / "record.json").unlink()
        refused = fetch_dataset(server, tmp_path, "gsm8k", source, HF_TOKEN=TOKEN)
    finally:
        server.close()
    assert f"Bearer {TOKEN}" in server.tokens
    assert_refused(tmp_path, refused, "*** may not")
    assert TOKEN not in process.stdout + process.stderr + refused.stdout + refused.stderr
    assert holding(tmp_path) == []


def test_a_token_is_in_no_archive(tmp_path, monkeypatch, capsys):
    """tests/rules/test_archive.py looks into all that a whole run leaves."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    _, root = finished_study(tmp_path)
    archive = tmp_path / "run.tar"
    monkeypatch.setattr(sys, "argv", ["pack", str(root), "--output", str(archive)])
    pack.main()
    assert archive.is_file()
    assert TOKEN not in capsys.readouterr().out
    assert holding(tmp_path) == []


# -------------------------------------------------------------------------------------------- TeX


@pytest.mark.skipif(
    shutil.which("latexmk") is None, reason="no latexmk; apt-get install latexmk lmodern"
)
def test_tex_starts_no_program(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".latexmkrc").write_text("$pdflatex = 'pdflatex -shell-escape %S';\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("shell_escape", "t")  # as a user may have set it in texmf.cnf
    (tmp_path / "tex").mkdir()
    (tmp_path / "tex" / "main.tex").write_text(
        r"\documentclass{article}\begin{document}\immediate\write18{touch made}"
        r"\ifnum\pdfshellescape=0 off\else\errmessage{shell escape is on}\fi\end{document}"
    )
    assert typeset.typeset(tmp_path / "tex").is_file()
    assert not (tmp_path / "tex" / "made").exists()


# ------------------------------------------------------------------------------------- advisories


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', 0, "no known vuln"),
        ('{"dependencies": [{"name": "a", "skip_reason": "gone"}]}', 1, "not audited: 1 of 1 "),
        ("", 1, "not audited: no advisory database could be asked"),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": '
            '[{"id": "PYSEC-1", "fix_versions": ["2"]}]}]}',
            1,
            "a 1: PYSEC-1, mended in 2",
        ),
    ],
)
def test_what_was_not_looked_up_is_not_audited(answer, code, said, tmp_path, monkeypatch, capsys):
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\necho 'No known vulnerabilities found' >&2\necho '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(audit_locks, "PIP_AUDIT", [os.fspath(program)])
    monkeypatch.setattr(sys, "argv", ["audit_locks", str(ROOT / "envs" / "data.lock")])
    if code:
        with pytest.raises(SystemExit):
            audit_locks.main()
    else:
        audit_locks.main()
    printed = capsys.readouterr().out
    assert said in printed
    assert ("no known" in printed) == (code == 0)
