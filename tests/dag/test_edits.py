"""What is made anew after an edit: exactly what it can change, of the demo or of the paper's study.

Each row is one edit and the number of jobs of each rule that run again.
"""

import copy
import shutil

import pytest

from scripts.lib.dag import paper, report
from tests.dag.edits import (
    changed,
    config_of,
    copied_code,
    moved,
    reading_code_in,
    replaced,
    several,
    units,
)

FIGURES = {"plot_scores": 1, "plot_prompts": 1, "plot_gains": 1}
MARKED = {"make_table": 3, "make_prompt_table": 1, **FIGURES}
COSTS = {"make_cost_table": 1, "plot_costs": 1}  # without marks
TEXTS = MARKED | COSTS | {"check_claims": 1, "make_answer_table": 1}
LABELLED = TEXTS | {"draw_conclusions": 1, "plot_curves": 1, "plot_dag": 1}
NOTED = LABELLED | {"plot_reported": 1}
COMPARISONS = {"compare_parents": 1, "draw_conclusions": 1}
UNCOMPARED = {"compare_parents": 0, "draw_conclusions": 0, "plot_gains": 0}
REPORTED = {"compare_reported": 1, "plot_reported": 1}
SAME_RUNS = {"compare_reported": 0, "plot_reported": 0}  # the same verdicts as before
NUMBERS = {"collect_scores": 1, **REPORTED, **COMPARISONS, **TEXTS, "plot_curves": 1}
NOTHING: dict[str, int] = {}


def scored(evaluations, cells, **before):
    """Return the jobs of so many evaluations and cells, of all that follows, and of `before`."""
    jobs = {"evaluate": evaluations, "score_cell": cells, "collect_costs": 1}
    return jobs | NUMBERS | before


OF_TABLE1 = {"evaluate": 3, "score_cell": 1, "collect_scores": 1, **REPORTED}
OF_TABLE1 |= {"make_table": 3, "check_claims": 1, "make_answer_table": 1, "plot_scores": 1}
OF_TABLE1 |= {"collect_costs": 1, **COSTS}
CARDS = {"count_tokens": 4, "make_data_card": 2}
PROBLEMS = {"load_problems": 1, "clean_dataset": 1, "make_examples": 1, "verify_traces": 1}
TRAINED_DEMO = scored(18, 18, train_sft=8, train_grpo=10)
TRAINED_PAPER = scored(54, 18, train_sft=24, train_grpo=30)
ALL_DEMO = scored(21, 21, train_sft=8, train_grpo=10, verify_traces=1, sample_traces=1, **CARDS)


@pytest.fixture(scope="module")
def before():
    """Return {study: (config, its units)} as they are."""
    return {name: (config, units(config)) for name in STUDIES for config in [config_of(name)]}


STUDIES = ("demo", "paper")


def put(path, value):
    """Return an edit of a config that gives a key, by its path, another value."""

    def edit(config):
        *above, last = path.split("/")
        for name in above:
            config = config[name]
        config[last] = value(config[last]) if callable(value) else value

    return edit


CONFIG_EDITS = {
    "RL's learning rate": (
        "demo",
        put("recipes/grpo/learning_rate", 2.0e-4),
        scored(10, 10, train_grpo=10),
    ),
    "SFT's learning rate": (
        "demo",
        put("recipes/sft/learning_rate", 1.0e-3),
        scored(8, 8, train_sft=4, train_grpo=4),
    ),
    "LoRA's learning rate": (
        "demo",
        put("recipes/sft-lora/learning_rate", 1.0e-3),
        scored(8, 8, train_sft=4, train_grpo=4),
    ),
    "sampling of the evaluation": ("demo", put("evaluation/temperature", 0.7), scored(21, 21)),
    "samples of one benchmark": ("demo", put("benchmarks/amc23/num_samples", 5), scored(21, 21)),
    "batches of the evaluation": ("demo", put("evaluation/batch_size", 8), scored(21, 21)),
    "problems of a test set": (
        "demo",
        put("datasets/toy-gsm8k-test/generate/rows", 50),
        scored(21, 21, generate_dataset=1, load_problems=1),
    ),
    "problems of the training set": (
        "demo",
        put("datasets/toy-gsm8k/generate/rows", 50),
        TRAINED_DEMO | PROBLEMS | CARDS | {"generate_dataset": 1, "sample_traces": 1},
    ),
    "the teacher's sampling": (
        "demo",
        put("datasets/toy-gsm8k-distilled/distill/temperature", 0.7),
        scored(8, 8, sample_traces=1, verify_traces=1, train_sft=4, train_grpo=4)
        | {"count_tokens": 2, "make_data_card": 1},
    ),
    "a note below the tables": ("demo", put("note", "Toys."), NOTED),
    "when a toy's build is saved": ("demo", put("models/toy-base/build/save_steps", 100), NOTHING),
    "the evaluation's prompt": (
        "paper",
        put("prompts/boxed/user", "Q: {question}"),
        scored(90, 30),
    ),
    "one more prompt": (
        "demo",
        lambda config: (
            config["prompts"].update(short={"system": None, "user": "{question}"}),
            config["sensitivity"]["prompts"].append("short"),
        ),
        scored(20, 20, plot_curves=0) | SAME_RUNS,
    ),
    "a prompt that only untrained models are asked with": (
        "demo",
        put("prompts/plain/user", "Q: {question}"),
        scored(2, 2, plot_curves=0) | SAME_RUNS,
    ),
    "which prompt an untrained model is at home in": (
        "demo",
        put("sensitivity/own/base", "boxed"),
        {**COMPARISONS, **MARKED, "check_claims": 1, "make_answer_table": 1},
    ),
    "the training prompt": (
        "paper",
        put("prompts/training/user", "Q: {question}"),
        TRAINED_PAPER  # and the untrained models, which are asked with it too
        | CARDS
        | {"make_examples": 1, "verify_traces": 1, "evaluate": 60, "score_cell": 20},
    ),
    "one more seed": (
        "paper",
        put("seeds", [0, 1, 2, 3]),
        scored(30, 30, train_sft=8, train_grpo=10),
    ),
    "fewer seeds": ("paper", put("seeds", [0]), scored(0, 30)),
    "fewer benchmarks": (  # a collapse is marked by all of them
        "paper",
        put("evaluate", ["gsm8k"]),
        scored(0, 18, plot_dag=1),
    ),
    "fewer tables": (
        "paper",
        put("tabulate", ["table2"]),
        NUMBERS | {"collect_costs": 1, "make_table": 1, "plot_dag": 1},
    ),
    "another hybrid": (
        "paper",
        lambda config: config["tables"]["table3"]["sections"][1]["rows"].append("base+sft+kd+rl"),
        # a larger family: other marks in all tables
        scored(3, 1, train_sft=3, train_grpo=3, plot_dag=1) | SAME_RUNS,
    ),
    "when a training is saved": ("paper", put("recipes/sft/save_steps", 7), NOTHING),
    "1.0 written as 1": ("paper", put("rewards/format", 1), NOTHING),
    "the weight of a reward": (
        "paper",
        put("rewards/format", 0.5),
        scored(30, 10, train_grpo=30),
    ),
    "when RL counts as collapsed": (
        "paper",
        put("collapse/kl", 9.0),
        {"score_cell": 18, **NUMBERS, **UNCOMPARED, **SAME_RUNS},
    ),
    "the grader's time limit": (
        "paper",
        put("grader/timeout", 6.0),
        scored(90, 30, train_grpo=30, train_sft=12, verify_traces=1)
        | {"count_tokens": 2, "make_data_card": 1},
    ),
    "the report's size": ("paper", put("report/max_megabytes", 9), {"make_report": 1}),
    "a table's caption": ("paper", put("tables/table2/caption", "Other."), {"make_table": 1}),
    "a model's label": (
        "paper",
        put("models/qwen2.5-0.5b/label", "Qwen"),
        LABELLED | {"check_claims": 0},
    ),
    "a stage's label": (
        "paper",
        put("stages/kd/label", "Distillation"),
        LABELLED | {"check_claims": 0, "make_table": 2},
    ),
    "the order of the test sets": (
        "paper",
        put("cleaning/decontaminate", lambda names: names[::-1]),
        NOTHING,
    ),
    "the threshold of near duplicates": (
        "paper",
        put("cleaning/near_duplicates/threshold", 0.8),
        TRAINED_PAPER | CARDS | {"clean_dataset": 1, "make_examples": 1, "verify_traces": 1},
    ),
    "rows, columns and digest that are expected": (
        "paper",
        lambda config: config["datasets"]["gsm8k"]["hub"].update(
            rows=700, columns=["question"], sha256="a" * 64
        ),
        NOTHING,
    ),
    "the revision of a data set": (
        "paper",
        put("datasets/gsm8k/hub/revision", "a" * 40),
        TRAINED_PAPER | CARDS | PROBLEMS | {"fetch_dataset": 1},
    ),
    "the pin of the traces": (
        "paper",
        put("datasets/gsm8k-distilled/hub/revision", "a" * 40),
        scored(24, 8, fetch_dataset=1, verify_traces=1, train_sft=12, train_grpo=12)
        | {"count_tokens": 2, "make_data_card": 1},
    ),
    "the revision of a model of Table 1": (
        "paper",
        put("models/openthinker-7b/revision", "a" * 40),
        OF_TABLE1 | {"fetch_model": 1},
    ),
    "settings of a chat template": (
        "paper",
        put("models/qwen3-0.6b/chat_template_kwargs", {"enable_thinking": True}),
        OF_TABLE1,
    ),
    "facts that only the price reads": (
        "paper",
        lambda config: (
            config["models"]["qwen2.5-0.5b"].update(parameters=1, cache_bytes_per_token=1),
            config["costs"].update(slots=1),
        ),
        NOTHING,
    ),
    "how vLLM uses its device": ("paper", put("vllm/max_num_seqs", 8), NOTHING),
}


def anew(expected):
    """Return the jobs that run again, {rule: number}: whatever does, the report shows it."""
    jobs = {rule: number for rule, number in expected.items() if number}
    return jobs | {"make_report": 1} if jobs else jobs


@pytest.mark.parametrize("name", CONFIG_EDITS)
def test_an_edit_of_the_config_makes_anew_exactly_what_it_changes(name, before):
    study, edit, expected = CONFIG_EDITS[name]
    config, known = before[study]
    edited = copy.deepcopy(config)
    edit(edited)
    assert changed(known, units(edited)) == anew(expected)


SHIFT = [("    return float(np.mean(means))", "    return float(np.mean(means)) + SHIFT")]
STATISTICS = "scripts/lib/scores/statistics.py"
INTERVALS = "scripts/lib/scores/intervals.py"
# After the comparisons: what is concluded from them, and the tables and figures with their marks.
COMPARED = {**COMPARISONS, **MARKED, "check_claims": 1, "make_answer_table": 1}


def package_constant(value, of=STATISTICS):
    """Return the edit that lets `accuracy` add a constant of its package's __init__.py."""
    return several(
        lambda folder: (folder / "scripts/lib/scores/__init__.py").write_text(f"SHIFT = {value}\n"),
        replaced(of, *SHIFT, ("import numpy as np", "import numpy as np\nfrom . import SHIFT")),
    )


def relative_constant(value):
    """Return the edit that lets `accuracy` add a constant of a module beside its own."""
    return several(
        lambda folder: (folder / "scripts/lib/scores/shift.py").write_text(f"SHIFT = {value}\n"),
        replaced(
            STATISTICS,
            *SHIFT,
            ("import numpy as np", "import numpy as np\nfrom .shift import SHIFT"),
        ),
    )


SCORES = {"score_cell": 21, **NUMBERS}
GRADED = scored(21, 21, verify_traces=1, train_grpo=10, train_sft=4) | {
    "count_tokens": 2,
    "make_data_card": 1,
}
# An edit, or two of which the second is compared with the first; the jobs of the demo.
CODE_EDITS = {
    "a comment": (
        [replaced("scripts/lib/files.py", ("import hashlib\n", "# why\nimport hashlib\n"))],
        NOTHING,
    ),
    "a docstring": (
        [replaced("scripts/lib/files.py", ("Return the hex sha256", "Return the sha256"))],
        NOTHING,
    ),
    "an annotation": (
        [replaced(STATISTICS, ("(means: np.ndarray) -> float:", "(means):"))],
        NOTHING,
    ),
    "an annotated variable": (
        [replaced("scripts/lib/data/cleaning.py", ("first: dict[str, str] = {}", "first = {}"))],
        NOTHING,
    ),
    "the message of a SystemExit": (
        [replaced("scripts/lib/training/recipes.py", ("lora has no argument", "lora lacks"))],
        NOTHING,
    ),
    "the message of a ValueError": (
        [replaced("scripts/lib/data/schemas.py", ("nothing behind", "no answer behind"))],
        NOTHING,
    ),
    "a progress line": (
        [replaced("scripts/build_model.py", ("goes on from step", "resumes at step"))],
        NOTHING,
    ),
    "what a program says of itself": (
        [replaced("scripts/train_sft.py", ("Train one SFT", "Tune one SFT"))],
        NOTHING,
    ),
    "the help of a flag": (
        [replaced("scripts/make_table.py", ("name of the table in the config", "the table"))],
        NOTHING,
    ),
    "the order of imports": (
        [
            replaced(
                "scripts/lib/scores/verdicts.py",
                (
                    "from collections.abc import Iterable\nfrom pathlib import Path",
                    "from pathlib import Path\nfrom collections.abc import Iterable",
                ),
            )
        ],
        NOTHING,
    ),
    "another name for an import": (
        [
            replaced(
                "scripts/lib/scores/verdicts.py",
                ("import numpy as np", "import numpy"),
                ("np.", "numpy."),
            )
        ],
        NOTHING,
    ),
    "a module's place": ([moved("scripts.lib.scores.statistics", "scripts.lib.tests.t")], NOTHING),
    "a module's name": ([moved("scripts.lib.data.prompts", "scripts.lib.data.chats")], NOTHING),
    "code that nothing uses": (
        [replaced(STATISTICS, ("Z95 = ", "UNUSED = 1\nZ95 = "))],
        NOTHING,
    ),
    "a constant in a package": ([package_constant(0.0), package_constant(0.1)], SCORES),
    "a constant behind a relative import": ([relative_constant(0.0), relative_constant(1)], SCORES),
    "an interval": (
        [replaced(INTERVALS, ("shrink = 1 +", "shrink = 2 +"))],
        SCORES | UNCOMPARED,
    ),
    "the correction of p-values": (
        [
            replaced(
                "scripts/lib/scores/families.py",
                ("(len(p_values) - rank) *", "(len(p_values) - rank + 1) *"),
            )
        ],
        COMPARED,
    ),
    "the test of methods": (
        [replaced("scripts/lib/scores/methods.py", ("FEWEST = 6", "FEWEST = 7"))],
        COMPARED | REPORTED,
    ),
    "what a mark means": (
        [replaced("scripts/lib/scores/marks.py", ("seeds are random", "seeds vary"))],
        MARKED | {"plot_prompts": 0},
    ),
    "the form of the CSV files": (
        [
            replaced(
                "scripts/lib/frames.py",
                (
                    'index=False, lineterminator="\\n", float',
                    "index=False, lineterminator='', float",
                ),
            )
        ],
        NUMBERS | COSTS | {"collect_costs": 1, "plot_curves": 0, "audit_paper": 1},
    ),
    "a LaTeX table's size": (
        [replaced("scripts/lib/tables/latex.py", (r"\scriptsize", r"\footnotesize"))],
        {"make_table": 3, "make_prompt_table": 1, "make_answer_table": 1},
    ),
    "the figure's resolution": (
        [replaced("scripts/lib/figures/style.py", ("dpi=300", "dpi=100"))],
        {**FIGURES, "plot_curves": 1, "plot_dag": 1, "plot_costs": 1, "plot_reported": 1},
    ),
    "how the grader reads prose": (
        [
            replaced(
                "scripts/lib/grading/words.py",
                (
                    "def has_words(text: str) -> bool:\n",
                    "def has_words(text):\n    text = text.strip()\n",
                ),
            )
        ],
        GRADED,
    ),
    "how training examples become tokens": (
        [replaced("scripts/lib/model/encoding.py", ("removeprefix(opened)", "lstrip(opened)"))],
        scored(16, 16, train_sft=8, train_grpo=8, **CARDS),
    ),
    "when a training collapsed": (
        [
            replaced(
                "scripts/lib/training/collapse.py", ('"loss", "grad_norm"', '"grad_norm", "loss"')
            )
        ],
        TRAINED_DEMO,
    ),
    "what a collapse is marked by": (
        [
            replaced(
                "scripts/lib/scores/collapse.py", ("SHORTEST_WINDOW = 10", "SHORTEST_WINDOW = 9")
            )
        ],
        SCORES | UNCOMPARED | SAME_RUNS,
    ),
    "how many rollouts are kept": (
        [replaced("scripts/lib/training/rollout_sample.py", ("PER_STEP = 4", "PER_STEP = 5"))],
        scored(10, 10, train_grpo=10),
    ),
    "which questions are duplicates": (
        [replaced("scripts/lib/data/cleaning.py", ('r"[^\\W_]+"', 'r"[^\\W]+"'))],
        TRAINED_DEMO
        | CARDS
        | {"clean_dataset": 1, "make_examples": 1, "verify_traces": 1, "sample_traces": 1},
    ),
    "how a data set is fetched": (
        [replaced("scripts/lib/data/hub.py", ("LONGEST_WAIT = 60.0", "LONGEST_WAIT = 61.0"))],
        NOTHING,
    ),
    "how GPUs are shared": (
        [replaced("scripts/lib/machine/devices.py", ("POLL_SECONDS = 1.0", "POLL_SECONDS = 2.0"))],
        NOTHING,
    ),
    "how energy is read": (
        [replaced("scripts/lib/machine/energy.py", ("/ 1000", "/ 1001"))],
        NOTHING,
    ),
    "how costs are counted": (
        [replaced("scripts/lib/price/spent.py", ("devices / 3600", "devices / 3601"))],
        {"collect_costs": 1, **COSTS},
    ),
    "when a training makes room": (
        [replaced("scripts/lib/training/preemption.py", ("= 60.0", "= 61.0"))],
        NOTHING,
    ),
    "what a mistake in the config is called": (
        [replaced("scripts/lib/study/schema.py", ("given twice", "twice"))],
        NOTHING,
    ),
    "the price": (
        [replaced("scripts/lib/price/costs.py", ("BYTES_BUILT = 2, 4", "BYTES_BUILT = 2, 5"))],
        NOTHING,
    ),
    "what a record says of the machine": (
        [replaced("scripts/lib/provenance.py", ('"torch",', '"torch",\n    "numpy",'))],
        NOTHING,
    ),
    "vLLM's code, where transformers generates": (
        [
            replaced(
                "scripts/lib/engines/vllm.py", ("CLOSING_SECONDS = 30.0", "CLOSING_SECONDS = 9")
            )
        ],
        NOTHING,
    ),
    "what the report keeps": (
        [replaced("scripts/lib/report/completions.py", ("LONGEST = 20_000", "LONGEST = 10_000"))],
        {"make_report": 1},
    ),
    "a rule's command": (
        [replaced("rules/score.smk", (" --cell {wildcards.cell}", " --cell '{wildcards.cell}'"))],
        SCORES | UNCOMPARED | SAME_RUNS,
    ),
    "white space in a rule's command": (
        [replaced("rules/score.smk", (" --cell {wildcards.cell}", "  --cell {wildcards.cell}"))],
        NOTHING,
    ),
    "a rule's message": (
        [replaced("rules/score.smk", ('"score_cell {wildcards', '"scores {wildcards'))],
        NOTHING,
    ),
    "where a rule's log goes": (
        [replaced("rules/score.smk", ("logs/{study}/score_cell/", "logs/{study}/scores/"))],
        NOTHING,
    ),
    "how accelerate starts processes": (
        [lambda folder: _append(folder / "scripts/accelerate/ddp.yaml", "debug: true\n")],
        TRAINED_DEMO,
    ),
    "a comment in accelerate's file": (
        [lambda folder: _append(folder / "scripts/accelerate/ddp.yaml", "# why\n")],
        NOTHING,
    ),
    "a new matplotlib": (
        [replaced("envs/paper.yaml", ("matplotlib==", "matplotlib==9"))],
        NUMBERS | {"collect_costs": 1, "plot_dag": 1, "audit_paper": 1},
    ),
    "a new torch": (
        [replaced("envs/study.yaml", ("- torch==", "- torch==9"))],
        ALL_DEMO | {"build_tokenizer": 1, "build_model": 3},
    ),
    "a new SciPy for the scores": (
        [replaced("envs/data.yaml", ("scipy==", "scipy==9"))],
        ALL_DEMO
        | {"generate_dataset": 6, "load_problems": 6, "clean_dataset": 1, "make_examples": 1},
    ),
    "the hash of a pinned file": (
        [replaced("envs/study.yaml", ("--hash=sha256:0", "--hash=sha256:1"))],
        NOTHING,
    ),
}


def _append(path, text):
    path.write_text(path.read_text() + text)


CLAIMS_EDITS = {
    "a claim's test": (("instruct+sft > instruct on", "instruct+sft >= instruct on"), 1),
    "a claim's wording": (("SFT makes a 0.5B model better", "SFT helps"), 1),
    "a comment": (("# The language of the tests", "# How tests are written"), 0),
}


@pytest.mark.parametrize("name", CLAIMS_EDITS)
def test_an_edit_of_the_claims_makes_their_check_anew_alone(name, before, tmp_path, monkeypatch):
    (old, new), jobs = CLAIMS_EDITS[name]
    config, known = before["demo"]
    text = paper.CLAIMS.read_text()
    assert old in text
    (tmp_path / "claims.yaml").write_text(text.replace(old, new))
    monkeypatch.setattr(paper, "CLAIMS", tmp_path / "claims.yaml")
    assert changed(known, units(config)) == anew({"check_claims": jobs})


def test_an_edit_of_the_reports_pages_makes_it_anew_alone(before, tmp_path, monkeypatch):
    config, known = before["demo"]
    shutil.copytree(report.PAGES, tmp_path / "report")
    monkeypatch.setattr(report, "PAGES", tmp_path / "report")
    assert changed(known, units(config)) == NOTHING
    style = next((tmp_path / "report" / "assets").glob("*.css"))
    _append(style, "a { color: red; }")
    assert changed(known, units(config)) == {"make_report": 1}


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    return copied_code(tmp_path_factory.mktemp("code"))


@pytest.mark.parametrize("name", CODE_EDITS)
def test_an_edit_of_the_code_makes_anew_exactly_what_it_changes(name, before, code, tmp_path):
    edits, expected = CODE_EDITS[name]
    config, known = before["demo"]
    for number, edit in enumerate(edits):
        folder = shutil.copytree(code, tmp_path / str(number))
        edit(folder)
        with reading_code_in(folder):
            known, earlier = units(config), known
    assert changed(earlier, known) == anew(expected)


def test_the_code_of_an_engine_makes_anew_what_it_generated(before, code, tmp_path):
    folder = shutil.copytree(code, tmp_path / "edited")
    file = folder / "scripts/lib/engines/transformers.py"
    _append(file, "\nEXECUTED = print\nEXECUTED()\n")
    config, known = before["demo"]
    with reading_code_in(folder):
        after = units(config)
    assert changed(known, after) == {"evaluate": 21, "sample_traces": 1}


def test_a_result_with_the_shell_of_another_number_of_threads_is_another(monkeypatch, before):
    from scripts.lib.dag import jobs

    config, known = before["demo"]
    monkeypatch.setitem(jobs.SHELL, "OMP_NUM_THREADS", "2")
    jobs.rule_facts.cache_clear()
    after = units(config)
    jobs.rule_facts.cache_clear()
    assert set(changed(known, after)) == {rule for rule, _, _ in known}
