"""Cell records, the tidy scores and the comparisons, from evaluations made up here."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from scripts.collect_scores import COLUMNS, score_rows
from scripts.compare_parents import comparison_rows
from scripts.lib.frames import write_frame
from scripts.lib.scores.pairs import Evaluations
from scripts.lib.scores.table_cells import read_cells
from scripts.lib.scores.verdicts import read_evaluations, verdicts_of
from scripts.score_cell import score_task
from tests.score_samples import cell_record, write_evaluation

RIGHT_3_OF_4 = [[True, True], [True, False], [False, True], [True, True]]
RIGHT_1_OF_4 = [[True, True], [False, False], [False, False], [False, False]]
OF_SAMPLES = {"pass_at_k": 0.9, "maj_at_k": 0.8, "unreadable": 0.1, "in_format": 0.7}
SHARES = {0: OF_SAMPLES, 1: OF_SAMPLES}


def test_a_cell_is_the_mean_over_seeds_problems_and_samples(tmp_path):
    paths = [
        write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4),
        write_evaluation(tmp_path, "toy+rl", 1, RIGHT_1_OF_4),
    ]
    found = read_evaluations(reversed(paths))
    record = score_task(list(found.values()), "boxed", SHARES)
    assert record["accuracy"] == 0.5
    assert record["seeds"] == [0, 1]
    assert (record["problems"], record["samples"], record["status"]) == (4, 2, "ok")
    assert [run["accuracy"] for run in record["runs"]] == [0.75, 0.25]
    assert record["runs"][0]["strict_accuracy"] == 0.0
    assert record["chance"] == {"answer": "0", "accuracy": 0.5}
    assert record["cut_off"] == 0.5
    assert record["interval_method"].startswith("two-way")
    low, high = record["interval"]
    assert 0 <= low < 0.5 < high <= 1


def test_a_collapsed_seed_is_marked_and_has_no_number(tmp_path):
    paths = [
        write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4),
        write_evaluation(tmp_path, "toy+rl", 1, RIGHT_3_OF_4, status="collapsed"),
    ]
    found = read_evaluations(paths)
    record = score_task(list(found.values()), "boxed", SHARES)
    assert (record["status"], record["accuracy"]) == ("collapsed", 0.75)
    rows = score_rows(record)
    assert [row["status"] for row in rows] == ["ok", "collapsed"]
    assert [row["accuracy"] for row in rows] == [0.75, None]
    none = score_task([found["toy+rl", 1, "gsm8k"]], "boxed", {})
    assert (none["accuracy"], none["interval"], none["chance"]) == (None, None, None)


def test_a_collapsed_seed_that_left_a_model_stays_in_the_mean_and_in_the_pairs(tmp_path):
    paths = [
        write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4),
        write_evaluation(tmp_path, "toy+rl", 1, RIGHT_1_OF_4),
        write_evaluation(tmp_path, "toy", 0, RIGHT_1_OF_4),
        write_evaluation(tmp_path, "toy", 1, RIGHT_1_OF_4),
    ]
    found = read_evaluations(paths)
    mark = {"rule": "KL", "reason": "the KL was 1e+04", "evidence": [{"step": 9, "kl": 1.0e4}]}
    runs = [found["toy+rl", seed, "gsm8k"] for seed in (0, 1)]
    record = score_task(runs, "boxed", SHARES, {0: [], 1: [mark]})
    assert (record["status"], record["accuracy"]) == ("collapsed", 0.5)
    assert [run["status"] for run in record["runs"]] == ["ok", "collapsed"]
    assert record["runs"][1]["reason"] == mark["reason"]
    assert record["runs"][1]["marks"] == [mark]
    assert [row["accuracy"] for row in score_rows(record)] == [0.75, 0.25]
    assert [row["reason"] for row in score_rows(record)] == [None, mark["reason"]]
    pairs = [["toy+rl", "toy", "pooled", "boxed", "boxed"]]
    family = {"against": "parent", "prompts": "boxed", "pairs": pairs}
    (row,) = comparison_rows([family], ["gsm8k"], Evaluations(found, [0, 1], "boxed"))
    assert (row["seeds"], row["accuracy"]) == (2, "0.500000")


def test_scores_have_stable_columns_and_numbers(tmp_path):
    path = write_evaluation(tmp_path, "toy+rl", 0, RIGHT_1_OF_4)
    record = score_task(list(read_evaluations([path]).values()), "boxed", SHARES)
    write_frame(tmp_path / "scores.csv", pd.DataFrame(score_rows(record)), COLUMNS)
    head, row = (tmp_path / "scores.csv").read_text().splitlines()
    assert head.startswith("cell,benchmark,prompt,seed,n,k,accuracy,interval_low,interval_high,")
    assert row.startswith("toy+rl,gsm8k,boxed,0,4,2,0.250000,")
    shares = "0.900000,0.800000,0.100000,0.700000"
    assert f",0.000000,0.250000,{shares},0.500000,12.000000,1,ok,,0.250000," in row
    assert row.endswith(",,")  # one seed: no interval for the same problems


def test_a_cell_of_several_seeds_has_an_interval_for_its_very_problems(tmp_path):
    paths = [
        write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4),
        write_evaluation(tmp_path, "toy+rl", 1, RIGHT_1_OF_4),
    ]
    record = score_task(list(read_evaluations(paths).values()), "boxed", SHARES)
    assert record["same_problems_method"].startswith("t over seeds")
    assert record["same_problems_interval"] == [0.0, 1.0]  # t with 1 degree of freedom
    rows = score_rows(record)
    assert [row["accuracy"] for row in rows] == [0.75, 0.25]
    assert {row["cell_accuracy"] for row in rows} == {0.5}
    assert {row["cell_same_problems_high"] for row in rows} == {1.0}
    low, high = record["interval"]
    assert {(row["cell_interval_low"], row["cell_interval_high"]) for row in rows} == {(low, high)}


def test_where_lighteval_came_to_no_verdict_it_counts_as_wrong(tmp_path):
    path = write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4)
    table = pq.read_table(path.with_suffix(".parquet"))
    column = table.schema.get_field_index("lighteval_correct")
    undecided = table.set_column(column, "lighteval_correct", [[None, False, *[True] * 6]])
    pq.write_table(undecided, path.with_suffix(".parquet"))
    verdicts = verdicts_of(read_evaluations([path])["toy+rl", 0, "gsm8k"])
    assert verdicts.lighteval.tolist() == [0, 1, 1, 1]


def test_verdicts_that_do_not_fit_their_record_are_refused(tmp_path):
    path = write_evaluation(tmp_path, "toy+rl", 0, RIGHT_3_OF_4)
    record = json.loads(path.read_text()) | {"samples": 3}
    path.write_text(json.dumps(record))
    with pytest.raises(SystemExit, match="does not hold 3 sample.s. of each of 4 problems"):
        read_evaluations([path])
    path.with_suffix(".parquet").write_bytes(b"PAR1")
    with pytest.raises(SystemExit, match="not the details of an evaluation"):
        read_evaluations([path])


def test_table_cells_are_read_by_cell_and_benchmark(tmp_path):
    record = cell_record("toy", "gsm8k", 0.5)
    (tmp_path / "gsm8k.json").write_text(json.dumps(record))
    assert read_cells([tmp_path / "gsm8k.json"]) == {("toy", "gsm8k"): record}
    with pytest.raises(SystemExit, match="amc23.json: no such file"):
        read_cells([tmp_path / "amc23.json"])
