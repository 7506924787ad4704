"""What the documents promise is there: pages, sections, files, rules and programs."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.workflow import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "benchmarks/*.md",
        "paper/*.md",
        "runs/*.md",
        "results/*.md",
    )
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Folders of the repository whose files the pages name, and what runs make.
FOLDER = re.compile(
    r"(?:rules|scripts|envs|tests|docs|demo|slurm|workstation|paper|benchmarks|runs)/"
)
FILE = re.compile(r"[\w./-]+\.(?:md|py|smk|yaml|toml|csv|json|in|cff)|[\w.-]+/(?:[\w.-]+/)*")
PROGRAM = re.compile(r"python -m ((?:scripts|benchmarks)\.\w+)")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchor(heading: str) -> str:
    """Return the anchor that forges give a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def named_files(page: str) -> set[str]:
    """Return the paths of the repository that a page names in its text."""
    names = CODE.findall(FENCE.sub("", text_of(page)))
    return {name for name in names if FOLDER.match(name) and FILE.fullmatch(name)}


def test_the_pages_are_found():
    assert {"README.md", "CONTRIBUTING.md", "docs/cluster.md", "docs/example/README.md"} <= {*PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_resolves(page):
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        if re.match(r"https?://", link):
            continue
        path, _, section = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if section:
            headings = HEADING.findall(FENCE.sub("", target.read_text(encoding="utf-8")))
            assert section in map(anchor, headings), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page):
    assert [name for name in sorted(named_files(page)) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_program_that_a_page_names_exists(page):
    modules = {*PROGRAM.findall(text_of(page))}
    assert [m for m in modules if not (ROOT / f"{m.replace('.', '/')}.py").is_file()] == []


def test_the_readme_is_one_page():
    assert len(text_of("README.md").splitlines()) <= 200


def test_the_index_names_every_page_of_the_documents():
    links = LINK.findall(text_of("docs/README.md"))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= {*links}


def test_every_rule_stands_in_the_table_of_files():
    rules = {
        name
        for path in (ROOT / "rules").glob("*.smk")
        for name in re.findall(r"^rule (\w+):", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    table = text_of("docs/files-and-rules.md").partition("## Which rule made this file?")[2]
    named = {*CODE.findall(table.partition("\n## ")[0])}
    assert len(rules) > 15
    assert rules - named == set()


def ignored(name: str) -> bool:
    return subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT).returncode == 0


def test_of_results_the_layout_alone_is_in_git():
    if not Path(ROOT, ".git").exists():
        pytest.skip("no git checkout")
    assert not ignored("results/README.md")
    for name in ("results/demo/scores.csv", "evaluations/demo/x", "checkpoints/demo/x"):
        assert ignored(name)
