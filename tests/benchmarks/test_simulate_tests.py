"""The simulation of whole families: the study's own families, the truth that it draws, its page."""

import copy

import numpy as np
import pytest
from scipy.stats import t as student

from benchmarks.simulate_tests import (
    ACCURACY,
    MARKS,
    NULLS,
    POWERS,
    cells_of,
    draw,
    families,
    flip_p_values,
    level_of,
    marks,
    report,
    simulate,
    two_way_p_values,
)
from scripts.lib.dag.score import families_of
from scripts.lib.scores.intervals import two_way_variance
from scripts.lib.scores.methods import contrast
from scripts.lib.scores.runs import run_p_value
from scripts.lib.study.validation import validated_study
from tests.dag.edits import config_of
from tests.workflow import ROOT


@pytest.fixture(scope="module")
def study():
    """Return the paper's study on its two smallest benchmarks."""
    config = copy.deepcopy(config_of("paper"))
    config["evaluate"] = ["minerva", "amc23"]
    return validated_study(config, [])


def test_the_pairs_are_those_of_the_study(study):
    cells = cells_of(study)
    under_one_prompt = [f for f in families_of(study) if f["prompts"] == "boxed"]
    for made, planned in zip(families(study, cells), under_one_prompt, strict=True):
        pairs = {
            (cells[ours], cells[theirs], pairing)
            for pairing, cs, others in made.groups
            for ours, theirs in zip(cs, others, strict=True)
        }
        assert pairs == {tuple(pair[:3]) for pair in planned["pairs"]}
        assert made.against == planned["against"]


def test_the_verdicts_drawn_have_the_accuracy_asked_for():
    rng = np.random.default_rng(0)
    levels = np.full((200, 2, 3), level_of(0.33))
    levels[:, 1] = level_of(0.43)
    means = draw(rng, levels, 0.0, problems=300, samples=4)
    assert means.shape == (200, 2, 3, 300)
    assert means.mean(axis=(0, 2, 3)) == pytest.approx([0.33, 0.43], abs=0.006)
    problems = means[:, 0].mean(axis=1) - means[:, 1].mean(axis=1)
    assert problems.std() < 0.25  # the same problems for all cells


def test_the_truth_of_a_study_with_differences(study):
    found = list(simulate(study, POWERS[2], studies=3, seed=1))
    assert len(found) == 3
    assert all(0 < one["better"].sum() < 18 for one in found)
    for one in found:
        p_values = one["tests"]["parent"]["method"]
        assert p_values.shape == (2, 18)
        assert np.median(p_values[:, one["better"]]) < np.median(p_values[:, ~one["better"]])


def test_without_differences_no_cell_is_better_and_the_method_test_holds(study):
    found = list(simulate(study, NULLS[2], studies=40, seed=2))
    assert not any(one["better"].any() for one in found)
    false = [marks(one["tests"]["root"]["method"])[0].any() for one in found]
    runs = [marks(one["tests"]["root"]["runs"])[0].any() for one in found]
    assert np.mean(false) < 0.2 < np.mean(runs)


def test_the_approximate_sign_flip_is_near_the_exact_one():
    rng = np.random.default_rng(3)
    cell, other = rng.binomial(8, 0.4, size=(2, 3, 200)) / 8
    cell[:, :60] += 0.125 * (cell[:, :60] < 1)
    exact = run_p_value(cell, other, samples=8)
    assert flip_p_values(cell.mean(axis=0) - other.mean(axis=0)) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_the_two_way_test_is_the_one_of_the_two_way_variance(seed):
    rng = np.random.default_rng(seed)
    cell, other = rng.binomial(2, 0.4, size=(2, 3, 50)) / 2
    variance, freedom = two_way_variance(cell - other)
    z = abs((cell - other).mean()) / variance**0.5
    found = two_way_p_values(contrast(cell[None], other[None], "seed"))
    assert found[0] == pytest.approx(2 * student.sf(z, freedom))


def test_the_report_has_a_line_for_each_scenario_and_benchmark(study):
    text = report(study, studies=2, seed=0)
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(lines) == 3 * 2 + len(NULLS) + len(POWERS) + 2  # head and rule of each table
    assert "method, parent (36)" in text and "method, full (16)" in text


def test_the_page_holds_a_thousand_studies_of_the_study_as_it_is():
    page = (ROOT / "docs" / "statistics.md").read_text()
    shown = page.partition(MARKS[0])[2].partition(MARKS[1])[0]
    whole = validated_study(config_of("paper"), [])
    assert "Share of 1,000 simulated studies" in shown
    for family in [f for f in families_of(whole) if f["prompts"] == "boxed"]:
        size = len(family["pairs"]) * len(whole.benchmarks())
        assert f"method, {family['against']} ({size})" in shown
    assert {scenario.name for scenario in NULLS} <= {
        line.split("|")[1].strip() for line in shown.splitlines() if line.startswith("|")
    }
    assert set(ACCURACY) == set(whole.benchmarks())
