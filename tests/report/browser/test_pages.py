"""The report in headless Chromium: every page, mouse and keyboard, hostile text, missing files."""

import re
import shutil
from pathlib import Path

import pytest

from tests.report.browser.small_report import BENCHMARKS, PROMPTS, SEEDS, verdicts_of

AXE = Path(__file__).parent / "axe" / "axe.min.js"
CELL = "#cell=base%2Bsft%2Brl&prompt=boxed&benchmark=math500"
PROBLEM = "#benchmark=math500&problem=math500%2F{}.json&cells=base,base%2Bsft%2Brl&prompt=boxed"
HOSTILE = PROBLEM.format(0) + "&seeds=0"
COMPARE = "#compare=base%2Bsft%2Brl,base&benchmark=math500&prompt=boxed"
ROLLOUTS = "#rollouts=base%2Bsft%2Brl&seed=0"
ROUTES = {
    "overview": "",
    "cell": CELL,
    "collapsed cell": "#cell=base%2Brl",
    "problem": PROBLEM.format(4) + ",training",
    "comparison": COMPARE,
    "benchmark": "#benchmark=amc23&prompt=boxed",
    "rollouts": ROLLOUTS,
    "not found": "#cell=nonsense",
}
MODES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 700}},
}


def counts(tab) -> str:
    return tab.inner_text("#view .counts")


def wait_for_counts(tab, text: str) -> None:
    tab.wait_for_function(
        "text => document.querySelector('#view .counts')?.textContent.startsWith(text)", arg=text
    )


@pytest.mark.parametrize("mode", MODES)
def test_every_page_is_accessible(opened, mode):
    tab = opened(**MODES[mode])
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    for name, hash_ in ROUTES.items():
        if hash_:
            before = tab.title()
            tab.evaluate("hash => { location.hash = hash }", hash_)
            tab.wait_for_function("before => document.title !== before", arg=before)
        assert tab.evaluate("document.querySelectorAll('h1:not([hidden] *)').length") == 1, name
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not tab.evaluate(wide), f"{name} is wider than the window"
        if mode == "narrow":
            continue  # axe finds there what it finds in light
        options = "{preload: false, resultTypes: ['violations']}"
        found = tab.evaluate(f"axe.run(document, {options})")["violations"]
        bad = [
            (fault["id"], fault["nodes"][0]["html"], fault["nodes"][0]["failureSummary"])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert bad == [], name


def test_the_overview_is_whole_without_scripts(opened):
    tab = opened(java_script_enabled=False)
    text = tab.inner_text("body")
    for words in ("Study tiny", "54.0", "RL helps.", "Base+RL, seed 0: NaN", "Without scripts"):
        assert words in text
    assert "Single <i>strategies</i>" in text


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_counts_equal_the_data(opened, benchmark):
    of = verdicts_of("base+sft+rl", "boxed", benchmark)
    problems, samples, _ = BENCHMARKS[benchmark]
    total = problems * samples * len(SEEDS)
    shows = {
        "right": lambda at: of["correct"][at] == "1",
        "wrong": lambda at: of["correct"][at] == "0",
        "cut": lambda at: of["cut_off"][at] == "1",
        "unreadable": lambda at: of["statuses"][of["status"][at]] != "ok",
        "disagree": lambda at: of["lighteval"][at] not in ("?", of["correct"][at]),
        "all": lambda at: True,
    }
    tab = opened(f"#cell=base%2Bsft%2Brl&prompt=boxed&benchmark={benchmark}")
    for show, holds in shows.items():
        found = [at for at in range(total) if holds(at)]
        listed = {at % (problems * samples) // samples for at in found}
        tab.select_option("select[name=show]", show)
        text = f"{len(listed)} of {problems} problems, {len(found)} of {total} completions"
        wait_for_counts(tab, text)
        assert counts(tab) == tab.inner_text("#live") == text
        assert tab.locator("table.grid tbody tr").count() == min(50, len(listed))
        assert show == "all" or f"show={show}" in tab.url


def test_the_filters_of_a_cell(opened):
    of = verdicts_of("base+sft+rl", "boxed", "math500")
    tab = opened(CELL)
    tab.select_option("select[name=only]", "1")
    wait_for_counts(tab, "60 of 60 problems, 60 of 60 completions")
    tab.fill("input[name=least]", "250")
    long = sum(tokens >= 250 for tokens in of["tokens"][60:])
    wait_for_counts(tab, f"{long} of 60 problems, {long} of 60 completions")
    assert "only=1" in tab.url and "least=250" in tab.url
    tab.reload()
    tab.wait_for_selector("#view h1")
    assert counts(tab) == f"{long} of 60 problems, {long} of 60 completions"
    tab.fill("input[name=least]", "")
    tab.select_option("select[name=only]", "0")
    tab.fill("input[name=text]", "WINDOW.HACKED")
    wait_for_counts(tab, "0 of 60 problems")
    tab.select_option("select[name=in]", "completion")
    wait_for_counts(tab, "1 of 60 problems, 1 of 60 completions")
    tab.select_option("select[name=in]", "question")
    tab.fill("input[name=text]", "what is $59 +")
    wait_for_counts(tab, "1 of 60 problems, 1 of 60 completions")


def test_a_table_is_sorted_and_paged(opened):
    of = verdicts_of("base+sft+rl", "boxed", "math500")
    tokens = [round((of["tokens"][at] + of["tokens"][at + 60]) / 2 + 1e-9) for at in range(60)]
    tab = opened(CELL)
    header = tab.get_by_role("button", name="Tokens, mean")
    header.click()
    header.click()
    assert tab.locator("th[aria-sort=descending]").inner_text().startswith("Tokens, mean")
    shown = [int(text) for text in tab.locator("table.grid tbody td:last-child").all_inner_texts()]
    assert shown == sorted(shown, reverse=True) and shown[0] in (max(tokens), max(tokens) + 1)
    tab.get_by_role("button", name="Next").click()
    assert tab.locator("table.grid tbody tr").count() == 10
    assert "page=2" in tab.url and "sort=-tokens" in tab.url


def test_what_was_won_and_lost(opened):
    one, other = (verdicts_of(cell, "boxed", "math500") for cell in ("base+sft+rl", "base"))
    shares = [
        [sum(of["correct"][at + 60 * seed] == "1" for seed in range(2)) for of in (one, other)]
        for at in range(60)
    ]
    won, lost = (sum(a > b for a, b in shares), sum(a < b for a, b in shares))
    tab = opened(COMPARE)
    assert counts(tab).startswith(f"Base+SFT+RL won {won} problems and lost {lost} of 60")
    shown = tab.locator("#view dl.facts dd").all_inner_texts()
    right = [sum(pair[side] for pair in shares) / 120 for side in range(2)]
    assert [text.split()[0] for text in shown] == [f"{100 * share:.1f}" for share in right]
    tab.get_by_role("button", name=re.compile("^lost")).click()
    assert tab.locator("table.grid tbody tr").count() == lost
    tab.locator("table.grid tbody th a").first.click()
    tab.wait_for_selector(".side")
    assert tab.locator(".side").count() == 4  # two cells, two seeds
    assert f"1 of {lost} in the list" in tab.inner_text("#view .pager")


def test_a_comparison_offers_no_prompt_that_a_cell_lacks(opened):
    tab = opened("#compare=base%2Bsft,base&benchmark=math500&prompt=boxed")
    for select, cell in (("p", "base+sft"), ("q", "base")):
        offered = tab.locator(f"select[name={select}] option").all_inner_texts()
        assert offered == PROMPTS[cell]


def test_the_keyboard_alone_reaches_a_completion(opened):
    tab = opened()

    def go_to(selector):
        for _ in range(200):
            tab.keyboard.press("Tab")
            if tab.evaluate("selector => document.activeElement.matches(selector)", selector):
                return tab.keyboard.press("Enter")
        raise AssertionError(f"{selector} is not reached")

    go_to("#tables td a")
    tab.wait_for_selector("#view h1:focus")
    assert tab.title() == "Base+SFT+RL on MATH500 – Study tiny"
    go_to("table.grid tbody tr:nth-child(2) a")
    tab.wait_for_selector(".side .completion")
    assert tab.evaluate("document.activeElement.tagName") == "H1"
    go_to(".side summary")
    assert tab.locator(".side details[open]").count() >= 1


def test_hostile_text_is_inert(opened):
    for hash_ in (HOSTILE, HOSTILE + "&raw=1", ROLLOUTS):
        tab = opened(hash_)
        tab.wait_for_selector(".completion")
        assert "<script>window.hacked = 1</script>" in tab.inner_text(".completion >> nth=0")
        assert tab.evaluate("window.hacked") is None
        assert tab.locator(".text :is(img, a, script, iframe, [onerror])").count() == 0
    tab = opened()
    assert tab.evaluate("window.hacked") is None


def test_a_completion_is_rendered_folded_and_raw(opened):
    tab = opened(PROBLEM.format(4) + "&seeds=0")
    side = tab.locator(".side").first
    assert side.locator(".completion .katex").count() == 1
    assert "First I add" not in side.inner_text()
    side.get_by_text("Reasoning, 999 characters").click()
    side.get_by_text("First I add").first.wait_for()
    side.get_by_text("Prompt as the model read it").click()
    prompt = "<|user|>What is $4 + 1$, of $5 and $10?\nBox it.<|assistant|>"
    side.get_by_text(prompt).wait_for()
    assert prompt in side.inner_text()
    tab.get_by_label("Raw text").check()
    side.get_by_text("</think>The answer is $\\frac{1}{2}$.").wait_for()


def test_long_cut_and_left_out_texts_say_so(opened):
    tab = opened(PROBLEM.format(1) + "&seeds=0")
    tab.get_by_role("button", name="Show the other 10,000 characters").first.click()
    assert len(tab.inner_text(".completion .text >> nth=0")) == 70_000
    for problem, words in ((2, "9,000,000 characters are left out"), (3, "is not in the report")):
        assert words in opened(PROBLEM.format(problem) + "&seeds=0").inner_text("#view")


def test_cells_prompts_and_seeds_are_put_side_by_side(opened):
    tab = opened(PROBLEM.format(4))
    assert tab.locator(".side").count() == 4
    tab.get_by_label("seed 1").uncheck()
    tab.wait_for_function("() => document.querySelectorAll('.side').length === 2")
    tab.get_by_label("Base+SFT", exact=True).check()
    tab.wait_for_function("() => document.querySelectorAll('.side').length === 3")
    tab.get_by_label("training", exact=True).check()
    tab.wait_for_function("() => document.querySelectorAll('.side').length === 5")
    again = opened(tab.url[tab.url.index("#") :])
    assert again.locator(".side h3").all_inner_texts() == tab.locator(".side h3").all_inner_texts()


def test_a_sample_is_chosen_by_its_mark(opened):
    of = verdicts_of("base", "boxed", "amc23")
    tab = opened("#benchmark=amc23&problem=amc23%2F1.json&cells=base&prompt=boxed&seeds=0&sample=2")
    pressed = tab.locator(".samples [aria-pressed=true]")
    assert "2" in pressed.inner_text()
    tab.locator(".samples button").nth(1).click()
    tab.wait_for_function("() => location.hash.includes('pick=0')")
    words = "✓ right" if of["correct"][3 + 1] == "1" else "✗ wrong"
    assert tab.inner_text(".verdict strong >> nth=0") == words


def test_a_missing_file_is_named(opened, report, tmp_path):
    folder = tmp_path / "report"
    shutil.copytree(report.parent, folder)
    (folder / "data/verdicts/base+sft+rl/boxed/math500.js").unlink()
    tab = opened(CELL, page=folder / "index.html")
    message = tab.inner_text("[role=alert]")
    assert "data/verdicts/base+sft+rl/boxed/math500.js is missing" in message
    assert all("ERR_FILE_NOT_FOUND" in fault for fault in opened.faults)
    opened.faults.clear()


def test_a_link_leads_back_and_forth(opened):
    tab = opened()
    tab.locator("#explorer tbody a").first.click()
    tab.wait_for_selector("#view h1")
    tab.go_back()
    tab.wait_for_selector("#overview:not([hidden])")
    assert tab.title() == "Study tiny"
    tab.locator(".top nav a", has_text="Claims").click()
    assert tab.locator("#overview").is_visible()


def test_a_printed_page_has_no_controls(opened):
    tab = opened(CELL)
    tab.emulate_media(media="print")
    assert not tab.locator(".top").is_visible() and not tab.locator("form.filter").is_visible()
    assert tab.locator("table.grid").is_visible()


def test_the_curves_are_described(opened):
    tab = opened(CELL)
    plot = tab.locator(".curve svg[role=img]")
    assert plot.count() == 1  # a measure without a number has none
    assert plot.get_attribute("aria-label") == "reward"
    assert "from 0.1 at step 1 to 0.8 at step 8" in plot.get_attribute("aria-description")


def test_formulas_are_found(opened):
    tab = opened()
    cases = {
        "It costs $5 and then $10.": [],
        "between $5-$10": [],
        "so $x + 1$ is": ["x + 1"],
        "\\(a\\) and \\[b\\] and $$c$$": ["a", "b", "c"],
        "is \\boxed{\\frac{1}{2}}.": ["\\boxed{\\frac{1}{2}}"],
        "\\boxed{1": [],
        "\\begin{align}x\\end{align}": ["\\begin{align}x\\end{align}"],
        "an open $x": [],
        "an escaped \\$x$ one": [],
    }
    for text, formulas in cases.items():
        pieces = tab.evaluate("text => maths.pieces(text)", text)
        assert [piece["text"] for piece in pieces if piece["formula"]] == formulas, text


def test_reasoning_is_told_from_the_answer(opened):
    tab = opened()
    cases = {
        ("plain", ""): [(False, "plain")],
        ("<think>a</think>b", ""): [(True, "a"), (False, "b")],
        ("a</think>b", ""): [(True, "a"), (False, "b")],
        ("a</think>b", "<think>\n"): [(True, "a"), (False, "b")],
        ("never closed", "<think>\n"): [(True, "never closed")],
        ("<think>a</think>b<think>c", ""): [(True, "a"), (False, "b"), (True, "c")],
    }
    for (text, prompt), parts in cases.items():
        found = tab.evaluate("([text, prompt]) => completion.parts(text, prompt)", [text, prompt])
        assert [(part["reasoning"], part["text"]) for part in found] == parts, text


def test_an_address_is_read_and_written(opened):
    tab = opened()
    place = {"cell": "a+b", "cells": "a+b,c", "text": "x & y=%"}
    hash_ = tab.evaluate("place => route.link(place)", place)
    assert hash_ == "#cell=a%2Bb&cells=a%2Bb,c&text=x%20%26%20y%3D%25"
    assert tab.evaluate("hash => route.parse(hash)", hash_) == place
    assert tab.evaluate("route.parse('#cell=a+b&x=%zz&&=')") == {"cell": "a+b"}
