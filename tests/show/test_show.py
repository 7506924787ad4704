"""A cell's problems and completions on a terminal: counts, filters, comparisons, inert text."""

import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from scripts.lib.files import write_json
from scripts.lib.show.inert import LONGEST, block, clip, escape
from scripts.show import arguments, lines_for
from tests.evaluated_study import add_evaluation, completion, make_study, verdict_rows
from tests.workflow import ROOT


@pytest.fixture
def study(tmp_path):
    """Return a study whose RL wins problem a, loses c and breaks even on b, over two seeds."""
    folder = make_study(tmp_path / "results" / "small")
    for seed in (0, 1):
        before = {"a": [False, False], "b": [True, False], "c": [True, True]}
        after = {"a": [True, seed == 1], "b": [False, True], "c": [True, False]}
        add_evaluation(folder, "toy", seed, verdict_rows(before))
        add_evaluation(folder, "toy+rl", seed, verdict_rows(after))
    return folder


def shown(study, *flags):
    return "\n".join(lines_for(arguments().parse_args([*flags, "--study", str(study)])))


def table_of(text):
    """Return {problem: other columns} of the lines below a head."""
    rows = [line.split() for line in text.splitlines()]
    start = next(n for n, row in enumerate(rows) if row[:1] == ["problem"]) + 2
    return {row[0]: row[1:] for row in rows[start:] if row}


def test_a_line_per_problem_and_counts_above_them(study):
    text = shown(study, "toy+rl", "gsm8k")
    assert "toy+rl on gsm8k, prompt boxed, seeds 0, 1" in text
    assert "3 problems, 12 completions" in text
    assert "right 7 (58.3%), wrong 5, cut off 0, unreadable 0, verdicts differ 0" in text
    assert table_of(text) == {
        "a": ["3/4", "3/4", "12", "ok", "7", "7", "(3),", "3", "(1)"],
        "b": ["2/4", "2/4", "12", "ok", "7", "3", "(2),", "7", "(2)"],
        "c": ["2/4", "2/4", "12", "ok", "7", "7", "(2),", "3", "(2)"],
    }


def test_without_a_cell_all_are_listed_with_their_status_and_reasons(study):
    cells = study / "cells"
    scored = {"status": "ok", "accuracy": 0.5, "runs": [{"status": "ok", "seed": 0}]}
    run = {"status": "collapsed", "seed": 1, "reason": "no \x1breward"}
    fallen = {"status": "collapsed", "accuracy": 0.25, "runs": [*scored["runs"], run]}
    for name, record in {"toy": scored, "toy+rl": fallen}.items():
        write_json(cells / name / "gsm8k.json", record)
    lines = shown(study, *()).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:-2]}
    assert rows["toy"][:2] == ["ok", "50.0"]
    assert rows["toy+rl"][0] == "collapsed"
    assert lines[-1] == "toy+rl seed 1: no <U+001B>reward"
    (cells / "toy" / "gsm8k.json").unlink()
    assert [line.split()[1:4] for line in shown(study).splitlines() if line.startswith("toy ")] == [
        ["not", "yet", "-"]
    ]


def test_the_problems_that_most_cells_miss_come_first(study):
    rows = table_of(shown(study, "all", "gsm8k"))
    assert list(rows) == ["a", "b", "c"]
    assert rows["a"][0] == "3/8"  # of two cells, two seeds and two samples
    assert rows["a"][2:] == ["toy+rl"]
    assert rows["c"][2:] == ["toy,", "toy+rl"]
    with pytest.raises(SystemExit, match="no prompt 'nope' in this study"):
        shown(study, "all", "gsm8k", "--prompt", "nope")
    with pytest.raises(SystemExit, match="--wrong: the problems of all cells has no such choice"):
        shown(study, "all", "gsm8k", "--wrong")
    with pytest.raises(SystemExit, match="--against-prompt: a list of all cells"):
        shown(study, "--against-prompt", "plain")
    with pytest.raises(SystemExit, match="toy: on which benchmark"):
        shown(study, "toy")


def test_the_counts_are_those_of_the_parquet_files(study):
    files = sorted(study.glob("eval/toy+rl/seed-*/gsm8k.parquet"))
    right = sum(sum(pq.read_table(path)["correct"].to_pylist()) for path in files)
    assert f"right {right} (" in shown(study, "toy+rl", "gsm8k")


def test_a_row_of_a_table_names_the_cell_and_one_seed_can_be_chosen(study):
    text = shown(study, "base+rl", "gsm8k", "--seed", "0")
    assert "toy+rl on gsm8k, prompt boxed, seed 0" in text
    assert table_of(text)["a"][0] == "1/2"


@pytest.mark.parametrize(
    ("flag", "fields"),
    [
        ("--right", {"correct": True}),
        ("--wrong", {"correct": False, "lighteval_correct": False}),
        ("--cut-off", {"finish_reason": "length"}),
        ("--unreadable", {"status": "no_answer", "extracted": None}),
        ("--disagree", {"lighteval_correct": None}),
    ],
)
def test_a_filter_lists_the_problems_with_such_a_completion(tmp_path, flag, fields):
    folder = make_study(tmp_path)
    plain = flag != "--right"
    rows = [completion(name, s, plain) for name in ("plain", "such") for s in (0, 1)]
    rows[-1] |= fields
    add_evaluation(folder, "toy", 0, rows)
    assert set(table_of(shown(folder, "toy", "gsm8k"))) == {"plain", "such"}
    assert set(table_of(shown(folder, "toy", "gsm8k", flag))) == {"such"}


def test_filters_hold_together_for_one_completion(tmp_path):
    folder = make_study(tmp_path)
    wrong, cut = {"lighteval_correct": False}, {"finish_reason": "length"}
    rows = [completion("apart", 0, False, **wrong), completion("apart", 1, True, **cut)]
    rows += [completion("both", 0, False, **wrong, **cut), completion("both", 1, True)]
    add_evaluation(folder, "toy", 0, rows)
    assert set(table_of(shown(folder, "toy", "gsm8k", "--wrong", "--cut-off"))) == {"both"}


def test_the_hardest_and_the_longest_come_first(study, tmp_path):
    rows = [completion("a", 0, True, tokens=5), completion("b", 0, False, tokens=9)]
    add_evaluation(study, "toy+sft", 0, rows)
    assert list(table_of(shown(study, "toy+sft", "gsm8k"))) == ["a", "b"]
    assert list(table_of(shown(study, "toy+sft", "gsm8k", "--sort", "right"))) == ["b", "a"]
    assert list(table_of(shown(study, "toy+sft", "gsm8k", "--sort", "tokens"))) == ["b", "a"]


def test_a_limit_says_how_many_it_leaves_out(study):
    assert "... and 2 more" in shown(study, "toy", "gsm8k", "--limit", "1")
    assert "more (" not in shown(study, "toy", "gsm8k", "--limit", "0")
    with pytest.raises(SystemExit, match="--limit -1: must be 0 or more"):
        shown(study, "toy", "gsm8k", "--limit", "-1")


def test_problems_won_and_lost_against_another_cell(study):
    text = shown(study, "toy+rl", "gsm8k", "--against", "base")
    assert "against toy (boxed): won 1, lost 1, equal 1 of 3 problems" in text
    assert "right 7 (58.3%), there 6 (50.0%)" in text
    won, lost = text.split("Won:")[1].split("Lost:")
    assert list(table_of(won)) == ["a"]
    assert table_of(lost)["c"][:2] == ["2/4", "4/4"]


def test_a_cell_under_two_prompts(study):
    add_evaluation(study, "toy", 0, verdict_rows({"a": [True, True]}), "training/gsm8k")
    text = shown(study, "toy", "gsm8k", "--against-prompt", "training")
    assert "against toy (training): won 0, lost 1, equal 0 of 1 problems" in text
    assert "not evaluated yet: seed 1" in text
    with pytest.raises(SystemExit, match="would be compared with itself"):
        shown(study, "toy", "gsm8k", "--against", "base")


def test_one_problem_with_prompt_completions_verdicts_and_reasons(tmp_path):
    folder = make_study(tmp_path)
    cut = {"finish_reason": "length", "extracted": None, "lighteval_correct": None}
    rows = [
        completion("a", 0, True, strict_correct=False, strict_status="no_answer"),
        completion("a", 1, False, status="timeout", strict_status="timeout", **cut),
        completion("b", 0, True),
    ]
    add_evaluation(folder, "toy", 0, rows)
    assert shown(folder, "toy", "gsm8k", "--problem", "a").splitlines() == [
        "toy on gsm8k, prompt boxed, seed 0",
        "not evaluated yet: seed 1",
        "toy (boxed): right 1 (50.0%) of 2, 2 shown",
        "",
        "problem a",
        "",
        "Question:",
        "  | Question a?",
        "Gold:",
        "  | 7",
        "",
        "toy (boxed): the prompt as the model read it:",
        "  | <|im_start|>user",
        "  | Question a?<|im_end|>",
        "",
        "toy (boxed), seed 0, sample 0: 12 tokens, it stopped by itself",
        "  | It is \\boxed{7}.",
        "  extracted: 7",
        "  verdict:   right (ok: the answer found was compared with the gold answer)",
        "  strict:    wrong (no_answer: no answer was found)",
        "  LightEval: right",
        "",
        "toy (boxed), seed 0, sample 1: 12 tokens, cut off at the limit",
        "  | It is \\boxed{3}.",
        "  extracted: nothing",
        "  verdict:   wrong (timeout: the limit of time or memory was reached)",
        "  strict:    wrong (timeout: the limit of time or memory was reached)",
        "  LightEval: it came to no verdict",
    ]
    only = shown(folder, "toy", "gsm8k", "--problem", "a", "--cut-off")
    assert "sample 1" in only and "sample 0" not in only


def test_one_problem_of_two_cells_stands_turn_by_turn(study):
    text = shown(study, "toy+rl", "gsm8k", "--against", "toy", "--problem", "a")
    turns = [line.split(":")[0] for line in text.splitlines() if ", sample " in line]
    assert turns == [
        f"{cell} (boxed), seed {seed}, sample {sample}"
        for seed in (0, 1)
        for sample in (0, 1)
        for cell in ("toy+rl", "toy")
    ]
    assert text.count("the prompt as the model read it") == 2


def test_a_collapsed_training_says_why_there_is_nothing(study):
    add_evaluation(study, "toy+sft", 0, [])
    for flags in ((), ("--problem", "a"), ("--against", "toy")):
        text = shown(study, "toy+sft", "gsm8k", *flags)
        assert "seed 0: collapsed: loss is not a number" in text
        assert "not evaluated yet: seed 1" in text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["base+ri", "gsm8k"], "no cell 'toy+ri' in this study; did you mean 'toy+rl'?"),
        (["toy", "gsm9k"], "no benchmark 'gsm9k' in this study; did you mean 'gsm8k'?"),
        (["toy", "gsm8k", "--prompt", "boxd"], "no prompt 'boxd' for toy; did you mean 'boxed'?"),
        (["toy", "gsm8k", "--seed", "7"], "no seed '7' in this study; known: 0, 1"),
        (["toy", "gsm8k", "--problem", "z"], "no problem 'z' in gsm8k; known: a, b, c"),
        (["toy", "amc23"], "toy is not evaluated on amc23 yet"),
        (["toy+sft", "gsm8k"], "toy+sft is not evaluated on gsm8k yet"),
    ],
)
def test_what_is_not_there_is_named(study, flags, message):
    with pytest.raises(SystemExit) as error:
        shown(study, *flags)
    assert message in str(error.value)


def test_another_folder_is_named_with_the_nearest_study(study):
    with pytest.raises(SystemExit, match=r"smal: no config.json .* did you mean 'small'\?"):
        shown(study.with_name("smal"), "toy", "gsm8k")


def test_a_file_that_is_no_evaluation_is_named(study):
    path = study / "eval" / "toy" / "seed-0" / "gsm8k.parquet"
    path.write_bytes(b"PAR1 no table")
    with pytest.raises(SystemExit, match="gsm8k.parquet: not the completions of an evaluation"):
        shown(study, "toy", "gsm8k")
    pq.write_table(pq.read_table(path.parents[1] / "seed-1" / "gsm8k.parquet").select([0]), path)
    with pytest.raises(SystemExit, match="it has no column sample, gold"):
        shown(study, "toy", "gsm8k")


HOSTILE = "a\x1b[2J\x1b]0;title\x07\x9b31m\r\x08\x00\x7f\u202eb\u2028c\u200b"


def test_nothing_that_a_model_wrote_acts_on_a_terminal(tmp_path):
    folder = make_study(tmp_path)
    fields = ("question", "prompt", "completion", "gold", "extracted")
    row = completion("a", 0, False) | dict.fromkeys(fields, HOSTILE)
    add_evaluation(folder, "toy", 0, [row | {"problem": HOSTILE}])
    for flags in ((), ("--problem", HOSTILE), ("--against", "toy+rl")):
        add_evaluation(folder, "toy+rl", 0, [row | {"problem": HOSTILE, "correct": True}])
        text = shown(folder, "toy", "gsm8k", *flags)
        assert all(character.isprintable() for character in text.replace("\n", ""))
        assert "<U+001B>[2J" in text


def test_a_long_completion_is_cut_with_its_length(tmp_path):
    folder = make_study(tmp_path)
    long = "start" + "\x1b" * 10_000_000 + "the end"
    add_evaluation(folder, "toy", 0, [completion("a", 0, False, completion=long)])
    text = shown(folder, "toy", "gsm8k", "--problem", "a")
    assert len(text) < 50_000
    assert "[9,996,012 of 10,000,012 characters left out; --full shows them]" in text
    assert "start<U+001B>" in text and "the end" in text


def test_a_long_completion_is_shown_whole_if_that_is_wanted(tmp_path):
    folder = make_study(tmp_path)
    add_evaluation(folder, "toy", 0, [completion("a", 0, False, completion="\x1b" * 100_000)])
    whole = shown(folder, "toy", "gsm8k", "--problem", "a", "--full")
    assert whole.count("<U+001B>") == 100_000


def test_a_cut_text_keeps_its_first_and_last_characters():
    lines = block("x" * LONGEST + "y")
    assert lines[0].count("x") + lines[2].count("x") == LONGEST - 1
    assert lines[2].endswith("y")
    assert block("x" * LONGEST) == ["  | " + "x" * LONGEST]
    assert clip("a" * 100, 10) == "aaaaaaa..."
    assert clip(HOSTILE, 500) == escape(" ".join(HOSTILE.split()))


def test_the_command_serves_a_terminal_without_unicode_and_a_reader_that_leaves(study):
    add_evaluation(study, "toy+sft", 0, [completion("a", 0, True, completion="π is \x1b[2J")])
    call = [sys.executable, "-m", "scripts.show", "toy+sft", "gsm8k", "--study", study]
    terminal = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*call, "--problem", "a"], cwd=ROOT, env=terminal, capture_output=True, check=True
    )
    assert b"\\u03c0 is <U+001B>[2J" in done.stdout and b"\x1b" not in done.stdout
    with subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        left.stdout.close()
        assert left.stderr.read() == b""
        assert left.wait() == 0


def test_only_the_columns_that_are_needed_are_read(study):
    """The texts, nearly all of a real file, are not read for the list of problems."""
    path = study / "eval" / "toy" / "seed-0" / "gsm8k.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["question", "prompt", "completion"]), path)
    assert "3 problems" in shown(study, "toy", "gsm8k")


def test_a_list_fits_the_terminal(study, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    rows = [completion("a", s, False, extracted=json.dumps([s] * 40)) for s in range(4)]
    add_evaluation(study, "toy+sft", 0, rows)
    lines = shown(study, "toy+sft", "gsm8k").splitlines()
    assert max(map(len, lines[lines.index("") + 1 :])) <= 80
    assert lines[-1].endswith("...")
