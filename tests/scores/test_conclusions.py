"""What a comparison says under several prompts: words, their numbers, and the sentences."""

import numpy as np
import pytest

from scripts.compare_parents import comparison_rows
from scripts.draw_conclusions import conclusions_text
from scripts.lib.scores.conclusion_sentences import sentences
from scripts.lib.scores.conclusions import (
    DEPENDS,
    HOLDS,
    ONE_PROMPT,
    REVERSES,
    UNDECIDED,
    changes_of,
    conclusion_rows,
    word,
)
from scripts.lib.scores.pairs import Evaluations
from scripts.lib.scores.verdicts import read_evaluations
from tests.score_samples import write_evaluation

PROBLEMS = 200
LABELS = {"toy": "Toy", "toy+sft": "Toy+SFT", "toy+rl": "Toy+RL"}
SETTINGS = {
    "labels": LABELS,
    "benchmark_labels": {"gsm8k": "GSM8K"},
    "stage_labels": {"sft": "SFT", "rl": "RL"},
    "note": None,
}


def right(share):
    """Return verdicts, one sample for each problem, of which this share is right."""
    return (np.arange(PROBLEMS) < share * PROBLEMS)[:, None]


def study(tmp_path, shares, seeds=1):
    """Write evaluations {(cell, task): share right}; return families, and what was evaluated."""
    paths = [
        write_evaluation(tmp_path, cell, seed, right(share), task=task)
        for (cell, task), share in shares.items()
        for seed in range(seeds)
    ]
    cells = [cell for cell in LABELS if cell != "toy" and (cell, "gsm8k") in shares]
    families = [
        {
            "against": "root",
            "prompts": prompts,
            "pairs": [[cell, "toy", "pooled", *sides] for cell in cells],
        }
        for prompts, sides in {
            "boxed": ["boxed", "boxed"],
            "training": ["training", "training"],
            "own": ["training", "boxed"],
        }.items()
    ]
    return families, Evaluations(read_evaluations(paths), list(range(seeds)), "boxed")


def concluded(families, evaluations):
    rows = comparison_rows(families, ["gsm8k"], evaluations)
    return conclusion_rows(rows, families, ["gsm8k"], evaluations)


@pytest.mark.parametrize(
    ("differences", "marks", "changed", "expected"),
    [
        ([0.1, 0.2, 0.1], "***", False, HOLDS),
        ([0.1, 0.9, 0.1], "***", True, HOLDS),
        ([-0.1, -0.2], "**", False, HOLDS),
        ([0.1, -0.2], "**", True, REVERSES),
        ([0.1, -0.2, 0.0], "** ", True, REVERSES),
        ([0.1, 0.2], "* ", True, DEPENDS),
        ([0.01, -0.01], "  ", True, DEPENDS),
        ([0.1, -0.2], "* ", False, UNDECIDED),  # a sign without a mark says nothing
        ([0.0, 0.0], "  ", False, UNDECIDED),
        ([0.1], "*", False, ONE_PROMPT),
    ],
)
def test_the_word_of_a_comparison(differences, marks, changed, expected):
    assert word(differences, [mark.strip() for mark in marks], changed) == expected


def test_rl_holds_and_sft_depends_on_the_prompt(tmp_path):
    shares = {
        ("toy", "gsm8k"): 0.5,
        ("toy", "training/gsm8k"): 0.4,
        ("toy+rl", "gsm8k"): 0.7,
        ("toy+rl", "training/gsm8k"): 0.65,
        ("toy+sft", "gsm8k"): 0.5,
        ("toy+sft", "training/gsm8k"): 0.9,
    }
    families, evaluations = study(tmp_path, shares)
    rows = {row["cell"]: row for row in concluded(families, evaluations)}
    assert rows["toy+rl"]["conclusion"] == HOLDS
    assert rows["toy+rl"]["prompts"] == "boxed training own"
    assert (rows["toy+rl"]["lowest"], rows["toy+rl"]["highest"]) == ("0.150000", "0.250000")
    assert float(rows["toy+rl"]["largest_p"]) < 0.05
    assert rows["toy+sft"]["conclusion"] == DEPENDS
    # 0 points asked as in the evaluation, 50 as in training: the change is that difference
    assert rows["toy+sft"]["change"] == "-0.500000"
    assert rows["toy+sft"]["change_between"] == "boxed, training"
    assert rows["toy+sft"]["change_family_size"] == 4  # two cells, two prompts besides the main one
    text = conclusions_text([rows["toy+sft"], rows["toy+rl"]], SETTINGS)
    assert "- Toy+RL against Toy: GSM8K +15.0 to +25.0 points" in text
    told = "GSM8K +0.0 to +50.0 (boxed and training differ by -50.0)"
    assert f"- Toy+SFT against Toy: {told} points" in text
    assert "about these runs, not about methods" in text
    counts = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| RL")]
    assert [entry.strip() for entry in counts[0]] == ["RL", "1", "0", "0", "0", "0", "1"]


def test_what_the_parent_has_told_is_not_told_again_of_the_root(tmp_path):
    shares = {("toy", "gsm8k"): 0.5, ("toy+rl", "gsm8k"): 0.9}
    shares |= {(cell, "training/gsm8k"): share for (cell, _), share in shares.items()}
    (row,) = concluded(*study(tmp_path, shares))
    text = conclusions_text([row | {"against": "parent"}, row], SETTINGS)
    assert text.count("Toy+RL against Toy: GSM8K") == 1


def test_a_pair_has_one_sentence_for_its_benchmarks():
    row = {"cell": "toy+rl", "other": "toy", "conclusion": HOLDS, "lowest": "0.1", "highest": "0.2"}
    rows = [row | {"benchmark": name} for name in ("gsm8k", "amc23")]
    labels, benchmarks = {"toy+rl": "Toy+RL", "toy": "Toy"}, {"gsm8k": "GSM8K", "amc23": "AMC23"}
    assert sentences(rows, labels, benchmarks) == [
        "Toy+RL against Toy: GSM8K +10.0 to +20.0, AMC23 +10.0 to +20.0 points"
    ]


def test_opposite_marks_reverse_a_conclusion(tmp_path):
    shares = {
        ("toy", "gsm8k"): 0.5,
        ("toy", "training/gsm8k"): 0.5,
        ("toy+sft", "gsm8k"): 0.3,
        ("toy+sft", "training/gsm8k"): 0.7,
    }
    (row,) = concluded(*study(tmp_path, shares))
    assert row["conclusion"] == REVERSES
    assert "Reverses:" in conclusions_text([row], SETTINGS)


def test_the_difference_of_differences_is_tested_on_the_same_problems(tmp_path):
    """Right on other problems, equally many: no difference of means, and none of differences."""
    shares = {
        ("toy", "gsm8k"): 0.5,
        ("toy", "training/gsm8k"): 0.5,
        ("toy+sft", "gsm8k"): 0.6,
        ("toy+sft", "training/gsm8k"): 0.6,
    }
    families, evaluations = study(tmp_path, shares)
    changes = changes_of(families, ["gsm8k"], evaluations)["root", "toy+sft", "toy", "gsm8k"]
    assert [change["difference"] for change in changes] == ["0.000000", "0.000000"]
    assert [change["runs_p"] for change in changes] == [1.0, 1.0]


def test_a_cell_without_weights_concludes_nothing(tmp_path):
    families, _ = study(tmp_path / "one", {("toy", "gsm8k"): 0.5, ("toy+rl", "gsm8k"): 0.5})
    paths = [
        write_evaluation(tmp_path, cell, 0, right(0.5), status=status, task=task)
        for cell, status in (("toy", "ok"), ("toy+rl", "collapsed"))
        for task in ("gsm8k", "training/gsm8k")
    ]
    evaluations = Evaluations(read_evaluations(paths), [0], "boxed")
    assert concluded(families, evaluations) == []
    assert "No cell of the study is compared" in conclusions_text([], SETTINGS)


def test_a_benchmark_with_too_few_pairs_for_the_method_test_speaks_of_its_runs(tmp_path):
    """Six cells, two seeds; one of them left no model on the second benchmark's runs."""
    rng = np.random.default_rng(0)
    cells = [f"toy+{n}" for n in range(6)]
    benchmarks = ["gsm8k", "amc23"]
    paths = [
        write_evaluation(
            tmp_path,
            cell,
            seed,
            rng.random((40, 1)) < 0.5,
            status="collapsed" if (cell, benchmark) == ("toy+5", "amc23") else "ok",
            task=prefix + benchmark,
        )
        for cell in ["toy", *cells]
        for seed in (0, 1)
        for benchmark in benchmarks
        for prefix in ("", "training/")
    ]
    families = [
        {
            "against": "root",
            "prompts": prompt,
            "pairs": [[cell, "toy", "pooled", prompt, prompt] for cell in cells],
        }
        for prompt in ("boxed", "training")
    ]
    evaluations = Evaluations(read_evaluations(paths), [0, 1], "boxed")
    rows = conclusion_rows(
        comparison_rows(families, benchmarks, evaluations), families, benchmarks, evaluations
    )
    assert {(row["benchmark"], row["basis"]) for row in rows} == {
        ("gsm8k", "method"),
        ("amc23", "this run"),
    }
    assert all(row["change_p"] for row in rows)


def test_one_prompt_draws_no_conclusion_and_says_so(tmp_path):
    families, evaluations = study(tmp_path, {("toy", "gsm8k"): 0.5, ("toy+rl", "gsm8k"): 0.9})
    rows = concluded(families[:1], evaluations)
    assert [row["conclusion"] for row in rows] == [ONE_PROMPT]
    assert "Every cell was evaluated under one prompt, boxed" in conclusions_text(rows, SETTINGS)


def test_other_problems_under_another_prompt_are_refused(tmp_path):
    shares = {("toy", "gsm8k"): 0.5, ("toy+rl", "gsm8k"): 0.6, ("toy+rl", "training/gsm8k"): 0.6}
    families, evaluations = study(tmp_path, shares)
    path = write_evaluation(tmp_path, "toy", 0, right(0.5)[:100], task="training/gsm8k")
    found = evaluations.found | read_evaluations([path])
    with pytest.raises(SystemExit, match="other problems"):
        changes_of(families, ["gsm8k"], evaluations._replace(found=found))
