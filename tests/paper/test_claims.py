"""The paper's claims: the file, its verdicts on the paper's own tables, the page, mistakes."""

import copy
import re

import pytest
import yaml

from scripts.lib.dag.paper import CLAIMS, paper_files
from scripts.lib.paper.checks import mistakes, require_valid_claims
from scripts.lib.paper.claims import read_claims
from scripts.lib.paper.expressions import parse
from scripts.lib.paper.printed import printed_numbers
from scripts.lib.paper.verdicts import printed_verdict
from scripts.list_claims import LIST, markdown
from tests.workflow import ROOT

FOUND, REPORTED, SIZES = paper_files()
PRINTED = printed_numbers(REPORTED, SIZES)
BY_ID = {claim["id"]: claim for claim in FOUND["claims"]}


def verdict(claim):
    return printed_verdict(parse(BY_ID[claim]["test"]), PRINTED, FOUND["groups"])


def test_the_file_has_no_mistake_and_at_least_sixty_claims():
    assert list(mistakes(FOUND, PRINTED)) == []
    assert len(FOUND["claims"]) >= 60


def test_the_printed_cells_are_those_of_the_studys_tables():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    tables = [config["tables"][name]["sections"] for name in config["tabulate"]]
    rows = {row for sections in tables for section in sections for row in section["rows"]}
    assert rows == {*PRINTED.cells}
    assert [*PRINTED.benchmarks] == config["evaluate"]


def test_the_sizes_of_the_benchmarks_are_those_of_the_data():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for name, benchmark in config["benchmarks"].items():
        assert SIZES[name] == config["datasets"][benchmark["dataset"]]["hub"]["rows"]


def test_hybrids_are_below_rl_alone_in_28_of_30_and_above_their_first_stage_in_17():
    against_rl, against_parent = verdict("con-1"), verdict("con-2")
    assert against_rl.word == "contradicted"
    assert against_rl.counts[:3] == (1, 1, 28)
    assert against_parent.word == "supported"
    assert against_parent.counts[:3] == (17, 1, 12)


def test_of_the_five_gains_of_rl_on_instruct_gsm8ks_alone_is_clear():
    every = verdict("abs-3c")
    assert (every.word, every.counts.higher, every.counts.clearly_higher) == ("supported", 5, 1)
    clear = parse("instruct+rl clearly > instruct on gsm8k")
    assert printed_verdict(clear, PRINTED, {}).word == "supported"


@pytest.mark.parametrize(
    ("claim", "word"),
    [
        ("e3-5", "contradicted"),  # KD (LoRA), then RL: below its baseline on three benchmarks
        ("con-3", "contradicted"),  # KD: below its baseline on all five
        ("e3-3", "contradicted"),  # the row that is said to collapse has numbers
        ("e2-7", "contradicted"),  # numbers of another root
        ("set-9", "contradicted"),  # AMC23's problems
        ("e2-10", "not testable"),  # the base model has no numbers
        ("e2-3b", "undecided"),
    ],
)
def test_known_verdicts(claim, word):
    assert verdict(claim).word == word


def test_the_small_models_numbers_are_shares_of_40_and_500_problems():
    cells = ", ".join(cell for cell in PRINTED.cells if cell.startswith(("base", "instruct")))
    for size, name in ((40, "amc23"), (500, "math500")):
        test = parse(f"each of {cells} counts of {size} on {name}")
        assert printed_verdict(test, PRINTED, {}).word == "supported"


def test_nothing_about_code_is_testable():
    about_code = [claim for claim in FOUND["claims"] if "code" in claim["claim"]]
    assert len(about_code) >= 3
    assert all(claim["test"] is None and claim["not_testable"] for claim in about_code)


def test_the_page_holds_the_verdicts():
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert LIST.search(page)[0] == markdown(FOUND, PRINTED), "run `make docs`"


def test_every_form_in_the_files_header_can_be_read():
    header = CLAIMS.read_text(encoding="utf-8").partition("\ngroups:")[0]
    lines = re.findall(r"^#   (\S.*?)(?:  .*)?$", header, re.MULTILINE)
    lines = [
        line for line in lines if not line.startswith(("...", "its parent, ", "not ...", "also"))
    ]
    assert len(lines) >= 10
    for line in lines:
        parse(line.replace("on ...", "on average"))


# ----------------------------------------------------------------------------------- mistakes


def edited(**changes):
    """Return the claims with other values of the first claim; None deletes a key."""
    found = copy.deepcopy(FOUND)
    for key, value in changes.items():
        if value is None:
            del found["claims"][0][key]
        else:
            found["claims"][0][key] = value
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"test": "instruct grater base on gsm8k"}, "abs-1: test: position 10, at 'grater'"),
        ({"test": "instruct > bsae on gsm8k"}, "abs-1: test: position 12: unknown cell 'bsae'"),
        ({"test": "base > base+rl on gsm8k and base+rll > base on gsm8k"}, "position 29: unknown"),
        ({"test": "instruct > base on gsm9k"}, "unknown benchmark 'gsm9k'; did you mean 'gsm8k'?"),
        ({"test": "instruct@table4 > base on gsm8k"}, "unknown table 'table4'"),
        ({"claim": None}, "abs-1: claim is missing"),
        ({"notes": "x"}, "unknown key 'notes'; did you mean 'note'?"),
        ({"section": 3.1}, "section: must be text"),
        ({"not_testable": "x"}, "has a test and the reason why it has none"),
        ({"id": "abs-2"}, "abs-2: a claim before it has this id"),
        ({"id": None}, "claim number 1: must have an `id`"),
    ],
)
def test_a_mistake_is_named_with_the_claim(changes, expected):
    assert any(expected in text for text in mistakes(edited(**changes), PRINTED))


def test_a_claim_without_test_needs_a_reason():
    found = edited()
    found["claims"][0]["test"] = None
    assert [*mistakes(found, PRINTED)] == ["abs-1: test: null needs the reason as `not_testable`"]


def test_mistakes_in_groups_and_sizes_are_named():
    found = edited()
    found["groups"]["hybrids"] = ["base+kdd+rl"]
    some = {name: size for name, size in SIZES.items() if name != "amc23"}
    texts = [*mistakes(found, printed_numbers(REPORTED, some))]
    assert "groups: hybrids: unknown cell 'base+kdd+rl'; did you mean 'base+kd+rl'?" in texts
    assert "amc23: paper/benchmarks.csv must give its number of problems" in texts


def test_all_mistakes_are_one_message_that_names_the_file():
    with pytest.raises(SystemExit) as error:
        require_valid_claims(CLAIMS, edited(test="instruct", claim=None), REPORTED, SIZES)
    lines = str(error.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{CLAIMS}: abs-1: ") for line in lines[1:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", "not YAML"),
        ("claims: []", "must hold"),
        ("groups: {}\nclaims: {}", "a list"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(text, expected, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(SystemExit, match=expected):
        read_claims(path)
