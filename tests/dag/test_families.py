"""What is compared with what, and which runs the comparisons, tables and figure need."""

from scripts.lib.dag.figures import plot_scores
from scripts.lib.dag.score import compare_parents, families_of
from scripts.lib.dag.tables import make_table
from scripts.lib.study.cells import parent_of
from scripts.lib.study.validation import validated_study
from tests.dag.edits import config_of


def study_with(rows=None):
    """Return the paper's study, perhaps with one table of these rows."""
    config = config_of("paper")
    if rows:
        sections = [{"section": "Mine", "rows": rows}]
        config["tables"]["table2"]["sections"] = sections
        config["tabulate"] = ["table2"]
    return validated_study(config, [])


def pairs_of(study, against, prompts="boxed"):
    """Return {cell without its root: (the other without its root, pairing)} of a family."""
    families = {
        family["against"]: family["pairs"]
        for family in families_of(study)
        if family["prompts"] == prompts
    }
    root = "qwen2.5-0.5b"
    return {
        cell.removeprefix(root): (other.removeprefix(root), pairing)
        for cell, other, pairing, *_ in families.get(against, [])
    }


def test_the_paper_has_a_family_for_each_question_and_prompt():
    sizes = {(f["against"], f["prompts"]): len(f["pairs"]) for f in families_of(study_with())}
    assert sizes == {
        ("parent", "boxed"): 18,
        ("parent", "training"): 18,
        ("parent", "own"): 18,
        ("root", "boxed"): 18,
        ("root", "training"): 18,
        ("root", "own"): 18,
        ("direct RL", "boxed"): 8,  # both sides are at home in the training prompt
        ("direct RL", "training"): 8,
        ("full", "boxed"): 8,
        ("full", "training"): 8,
    }


def test_a_side_is_asked_by_the_prompt_that_the_family_names():
    asked = {
        (family["prompts"], cell.removeprefix("qwen2.5-0.5b")): prompts
        for family in families_of(study_with())
        if family["against"] == "parent"
        for cell, _, _, *prompts in family["pairs"]
    }
    assert asked["boxed", "+sft"] == ["boxed", "boxed"]
    assert asked["training", "+sft"] == ["training", "training"]
    assert asked["own", "+sft"] == ["training", "plain"]  # as `sensitivity.own` declares
    assert asked["own", "-instruct+sft"] == ["training", "boxed"]
    assert asked["own", "+sft+rl"] == ["training", "training"]


def test_without_other_prompts_there_is_one_family_for_each_question():
    config = config_of("paper")
    config["sensitivity"]["prompts"] = []
    families = families_of(validated_study(config, []))
    assert [(f["against"], f["prompts"]) for f in families] == [
        (against, "boxed") for against in ("parent", "root", "direct RL", "full")
    ]


def test_a_hybrid_is_paired_by_seed_with_its_parent_alone():
    study = study_with()
    assert pairs_of(study, "parent")["+kd-lora+rl"] == ("+kd-lora", "seed")
    assert pairs_of(study, "root")["+kd-lora+rl"] == ("", "pooled")
    assert pairs_of(study, "direct RL")["+kd-lora+rl"] == ("+rl", "apart")
    assert pairs_of(study, "full")["+kd-lora+rl"] == ("+kd+rl", "apart")
    assert pairs_of(study, "parent")["-instruct+rl"] == ("-instruct", "pooled")
    for family in families_of(study):
        for cell, other, pairing, *_ in family["pairs"]:
            assert (pairing == "seed") == (parent_of(cell) == other and "+" in other)


def test_other_stages_and_orders_find_their_pairs():
    rows = ["base", "base+sft", "base+sft-lora-tokens", "base+rl", "base+rl+sft", "base+sft+kd+rl"]
    study = study_with(rows)
    assert pairs_of(study, "full") == {"+sft-lora-tokens": ("+sft", "apart")}
    assert pairs_of(study, "direct RL") == {"+sft+kd+rl": ("+rl", "apart")}
    assert "+sft+kd+rl" not in pairs_of(study, "parent")  # base+sft+kd stands in no table
    assert pairs_of(study, "parent")["+rl+sft"] == ("+rl", "seed")
    assert families_of(study_with(["base", "instruct"])) == []


def test_a_table_of_trained_cells_reads_the_comparisons():
    config = config_of("paper")
    config["tables"]["table1"]["sections"][-1]["rows"] = [{"best": "base"}]
    chosen = make_table(validated_study(config, []), table="table1")
    assert "comparisons" not in chosen.inputs  # a row chosen by its numbers has no mark
    for table in ("table1", "table2"):
        assert "comparisons" in make_table(study_with(), table=table).inputs
    assert "comparisons" in plot_scores(study_with()).inputs


def test_the_comparisons_read_the_cells_of_their_pairs_alone():
    study = study_with()
    read = {file.job.wildcards["cell"] for file in compare_parents(study).inputs["scores"]}
    assert len(read) == 20
    assert not any("7b" in cell or "qwen3" in cell for cell in read)
