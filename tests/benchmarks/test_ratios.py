"""`make bench` holds its bars, says so where one is broken, and shows the newest results."""

import re
import sys

import pytest

from benchmarks import ratios
from benchmarks.bars import BARS
from benchmarks.padding_ratios import GSM8K, GSM8K_ROWS_BEFORE, grpo, sft
from benchmarks.step_ratios import grpo_update
from scripts.lib.files import read_json
from tests.workflow import ROOT

RESULTS = ROOT / "benchmarks" / "results"
KEPT = sorted(RESULTS.glob("*-cpu-ratios.json"))


def test_the_counts_of_padding_and_passes_are_below_their_bars_and_what_was_is_not():
    for name, found in zip(("grpo_padding", "grpo_passes"), grpo(), strict=True):
        assert found["value"] <= BARS[name].most < found["before"]
    found = sft(GSM8K, GSM8K_ROWS_BEFORE)
    assert found["value"] <= BARS["sft_gsm8k_padding"].most < found["before"]


@pytest.mark.slow
def test_an_update_in_passes_is_faster_than_trls_and_its_rewards_cost_little(tmp_path):
    update, reward = grpo_update(tmp_path)
    assert update["passes"] > 1
    assert update["value"] <= BARS["grpo_update_by_trl"].most
    assert reward["value"] <= BARS["reward_by_update"].most


def test_a_broken_bar_ends_with_its_name_and_leaves_the_results(tmp_path, monkeypatch):
    output = tmp_path / "ratios.json"
    found = {"grpo_padding": {"value": 1.1, "before": 4.6}, "grpo_passes": {"value": 64.0}}
    monkeypatch.setattr(ratios, "measured", lambda: found)
    monkeypatch.setattr(sys, "argv", ["ratios", "--output", str(output)])
    with pytest.raises(SystemExit, match=r"above their bars: grpo_passes \("):
        ratios.main()
    kept = read_json(output)["ratios"]
    assert kept["grpo_padding"]["passed"] and not kept["grpo_passes"]["passed"]
    assert "| 64 | 16 | **no** |" in ratios.page(output)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_kept_results_say_when_where_and_of_which_code_they_are(path):
    record = read_json(path)
    assert re.fullmatch(r"[0-9a-f]{40}", record["commit"])
    assert path.name.startswith(record["date"])
    assert record["machine"]["processor"] and record["machine"]["versions"]["torch"]


def test_the_page_shows_the_newest_results_which_have_every_ratio():
    newest = ratios.newest(RESULTS)
    assert list(read_json(newest)["ratios"]) == sorted(BARS)
    assert ratios.PAGE.read_text(encoding="utf-8") == ratios.page(newest)
