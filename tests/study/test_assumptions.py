"""docs/assumptions.md lists every value that config.yaml marks ASSUME."""

from scripts.list_assumptions import LIST, assumptions, markdown
from tests.workflow import ROOT

CONFIG = """\
seeds: [0]        # ASSUME: one is enough
recipe:           # ASSUME: as elsewhere
  rate: 1.0e-5    # paper 3.5
  loss: {a: 1}    # twice, ASSUME: a default
sections:
  - rows: [{best: base}]   # ASSUME: the best
"""


def test_key_value_and_reason_of_every_marked_line():
    assert list(assumptions(CONFIG)) == [
        ("seeds", "[0]", "one is enough"),
        ("recipe", "", "as elsewhere"),
        ("recipe.loss", "{a: 1}", "a default"),
        ("sections.0.rows", "[{best: base}]", "the best"),
    ]


def test_no_marked_line_of_the_config_is_missed():
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    assert len(list(assumptions(text))) == text.count("ASSUME:")


def test_the_page_holds_the_list():
    config = (ROOT / "config.yaml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
    assert LIST.search(page)[0] == markdown(config), "run `make docs`"
