"""The docs say how many wrong inputs of each kind were tried: as many as stand here."""

import re

from tests.bad_input.configs import COMMAND_LINE, CONFIGS, FILES
from tests.bad_input.test_data_files import DATA
from tests.bad_input.test_targets import TARGETS
from tests.workflow import ROOT


def test_the_counts_in_the_docs_are_those_of_the_tables():
    counts = {kind: len(cases) for kind, cases in CONFIGS.items()}
    counts |= {"files": len(FILES), "command line": len(COMMAND_LINE)}
    counts |= {"targets": len(TARGETS), "data": len(DATA)}
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    section = page.split("## Wrong input")[1].split("\n## ")[0]
    shown = {
        kind: int(count) for kind, count in re.findall(r"^\| ([a-z ]+) \| (\d+) \|", section, re.M)
    }
    assert shown == counts | {"all": sum(counts.values())}
    assert sum(counts.values()) >= 120
