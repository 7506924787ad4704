"""Costs of jobs and cells, from records made up here."""

import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from scripts.collect_costs import evaluation_rows, run_beside
from scripts.lib.figures.costs import draw_costs
from scripts.lib.figures.style import save_figure
from scripts.lib.files import write_json
from scripts.lib.frames import read_frame, write_frame
from scripts.lib.price.cost_of_cells import cells_frame, pareto_front, spent
from scripts.lib.price.cost_text import total_sentence
from scripts.lib.price.spent import COLUMNS, costs_frame, evaluation_row, traces_row, training_row
from scripts.make_cost_table import latex_table, markdown_table, table_lines, table_notes
from tests.score_samples import BENCHMARKS, cell_record

GPU = {"device": "NVIDIA H100", "joules": 3.6e6, "peak_memory_bytes": 2 * 10**9}


def training(cell, seed=0, hours=1.0, grpo=False, **facts):
    """Return a training's record, on two GPUs unless `facts` say otherwise."""
    log = [{"completions/mean_length": 10.0}, {"loss": 1.0}, {"completions/mean_length": 20.5}]
    config = {"recipe": {"global_batch_size": 4}} | ({"rewards": {}} if grpo else {})
    record = {"cell": cell, "stage": cell.rpartition("+")[2], "seed": seed, "steps": 3}
    record |= {"config": config, "log": log if grpo else [{"loss": 1.0}], "tokens": 10**6}
    return record | {"wall_seconds": 3600 * hours, "processes": 2} | GPU | facts


def evaluation(cell="m+a", seed=0, start=100.0, **facts):
    """Return the run record and the scores of one task of an evaluation on one GPU."""
    run = {"engine_start_seconds": start, "engine_start_joules": 50.0, "wall_seconds": 1000.0}
    run |= {"devices": 1, **GPU, "joules": 500.0} | facts
    scores = {"cell": cell, "seed": seed, "mean_tokens": 2.5, "problems": 10, "samples": 2}
    return run, scores


def frame_of(*rows):
    return costs_frame(rows)


@pytest.fixture
def frame(tmp_path):
    """Return the costs of two seeds of a small study, read from a file."""
    rows = [
        training_row(training(cell, seed, hours, grpo))
        for seed in (0, 1)
        for cell, hours, grpo in (("m+a", 1.0 + seed, False), ("m+a+b", 3.0, True))
    ]
    rows += [evaluation_row(*zip(evaluation(cell), strict=True)) for cell in ("m", "m+a", "m+a+b")]
    write_frame(tmp_path / "costs.csv", costs_frame(rows), COLUMNS)
    return read_frame(tmp_path / "costs.csv")


SETTINGS = {
    "sections": [
        {"section": "Untrained", "rows": [{"cell": "m", "label": "M", "stages": ""}]},
        {
            "section": "Trained",
            "rows": [
                {"cell": "m+a", "label": "M+A & B", "stages": "A"},
                {"cell": "m+a+b", "label": "M+A+B", "stages": "A+B"},
            ],
        },
    ],
    "labels": {"m": "M"},
    "benchmarks": BENCHMARKS,
    "prompt": "boxed",
    "note": None,
    "trained": ["m+a", "m+a+b"],
    "seeds": 2,
}


def cells(**accuracies):
    return {
        (cell, benchmark["name"]): cell_record(cell, benchmark["name"], accuracy)
        for cell, accuracy in {"m": 0.2, "m+a": 0.5, "m+a+b": 0.7, **accuracies}.items()
        for benchmark in BENCHMARKS
    }


# ---------------------------------------------------------------------------------- rows of jobs


def test_gpu_hours_are_wall_time_times_gpus():
    row = training_row(training("m+a"))
    assert (row["wall_seconds"], row["gpus"], row["gpu_hours"]) == (3600, 2, 2.0)
    assert row["cpu_hours"] is None
    assert (row["rule"], row["tokens_trained"], row["tokens_generated"]) == ("train_sft", 10**6, 0)


def test_on_a_cpu_there_are_cpu_hours_and_no_energy():
    row = training_row(training("m+a", device="cpu", joules=None, processes=1))
    assert (row["gpus"], row["gpu_hours"], row["cpu_hours"], row["joules"]) == (0, None, 1.0, None)


def test_rollouts_are_counted_where_completions_were_generated():
    assert training_row(training("m+b", grpo=True))["tokens_generated"] == (10 + 20.5) * 4
    broken = training("m+b", grpo=True) | {"log": [{"completions/mean_length": "nan"}]}
    assert training_row(broken)["tokens_generated"] is None


def test_a_training_after_a_collapsed_parent_took_nothing():
    nothing = training("m+a+b", grpo=True, steps=0, wall_seconds=0.0, joules=0.0, log=[])
    for name in ("device", "processes", "tokens"):
        del nothing[name]
    row = frame_of(training_row(nothing)).iloc[0]
    taken = ("wall_seconds", "gpu_hours", "cpu_hours", "joules", "tokens_trained")
    assert [row[name] for name in (*taken, "tokens_generated")] == [0] * 6


def test_an_evaluation_is_its_engines_starts_and_its_tasks():
    tasks = [evaluation(), evaluation(peak_memory_bytes=3 * 10**9), evaluation(start=90.0)]
    row = evaluation_row(*zip(*tasks, strict=True))
    assert row["wall_seconds"] == 100 + 90 + 3 * 1000  # killed after two tasks, started anew
    assert row["joules"] == 2 * 50 + 3 * 500
    assert row["peak_memory_bytes"] == 3 * 10**9
    assert row["tokens_generated"] == 3 * 50
    assert row["gpu_hours"] == pytest.approx(3190 / 3600)


def test_what_one_task_did_not_measure_is_missing_in_the_whole():
    run, scores = evaluation()
    older = {name: value for name, value in run.items() if "joules" not in name}
    frame = frame_of(evaluation_row([run, older | {"peak_memory_bytes": None}], [scores] * 2))
    assert frame["joules"].isna().all()
    assert frame["peak_memory_bytes"].tolist() == [2 * 10**9]


def test_tasks_are_put_together_by_cell_and_seed(tmp_path):
    runs, scores = [], []
    for number, (cell, seed) in enumerate([("m", 0), ("m", 1), ("m", 0)]):
        for facts, paths in zip(evaluation(cell, seed), (runs, scores), strict=True):
            paths.append(tmp_path / f"{number}-{len(facts)}.json")
            write_json(paths[-1], facts)
    rows = evaluation_rows(runs, scores)
    assert [(row["cell"], row["seed"], row["wall_seconds"]) for row in rows] == [
        ("m", 0, 2100.0),
        ("m", 1, 1100.0),
    ]


def test_the_costs_of_traces_are_those_of_the_same_job_or_not_measured(tmp_path):
    record = {"dataset": "d", "key": "k"}
    run = {"key": "k", "wall_seconds": 36.0, "devices": 1, "tokens": 70, **GPU}
    write_json(tmp_path / "raw.run.json", run)
    found = run_beside(tmp_path / "raw.json")
    assert traces_row(record, found)["gpu_hours"] == 0.01
    assert traces_row(record, found)["tokens_generated"] == 70
    assert run_beside(tmp_path / "gone.json") is None
    for other in (None, run | {"key": "older"}):
        assert frame_of(traces_row(record, other))["wall_seconds"].isna().all()


# --------------------------------------------------------------------------------- costs of cells


def test_a_cells_costs_are_its_last_stages_and_the_chains(frame):
    rows = cells_frame(SETTINGS, spent(frame), cells()).set_index("cell")
    assert rows["hours"].to_dict() == pytest.approx(
        {"m": math.nan, "m+a": 3, "m+a+b": 6}, nan_ok=True
    )
    assert rows["chain_hours"].to_dict() == {"m": 0, "m+a": 3, "m+a+b": 9}
    assert rows["gain"]["m+a"] == pytest.approx(0.3)
    assert rows["gain_per_hour"]["m+a"] == pytest.approx(0.1)
    assert rows["gain_per_hour"]["m+a+b"] == pytest.approx(0.2 / 6)
    assert rows["evaluation_hours"].tolist() == pytest.approx([1100 / 3600] * 3)


def test_a_shared_stage_is_saved_once_per_cell_that_shares_it(frame):
    costs = spent(frame)
    assert costs.hours_of("train_sft", "train_grpo") == 2 * (1 + 2 + 3 + 3)
    assert costs.saved_hours(["m+a", "m+a+b"]) == 2 * (1 + 2)  # m+a, over two seeds
    assert costs.saved_hours(["m+a+b"]) == 0
    assert "Sharing stages saved 6.00 GPU-hours." in total_sentence(costs, ["m+a", "m+a+b"])


def test_a_collapsed_cell_and_an_untrained_parent_without_numbers_have_no_gain(frame):
    rows = cells_frame(SETTINGS, spent(frame), cells(**{"m+a": None})).set_index("cell")
    assert rows[["gain", "gain_per_hour"]].isna().all(axis=None)


def test_what_was_not_measured_is_said_so_and_never_counted_as_nothing(frame):
    known = frame[frame["cell"] != "m+a"]
    costs = spent(known)
    rows = cells_frame(SETTINGS, costs, cells())
    lines = {entries[0]: entries for _, entries in table_lines(rows.to_dict("records"), "GPU")}
    assert set(lines["M+A & B"][1:8]) == {"–"}
    assert rows.set_index("cell")["chain_hours"].isna().to_dict() == {
        "m": False,
        "m+a": True,
        "m+a+b": True,
    }
    assert "saved not measured" in total_sentence(costs, ["m+a", "m+a+b"])
    traces = pd.concat([frame, pd.DataFrame([traces_row({"dataset": "d", "key": "k"}, None)])])
    assert "teacher's traces not measured" in total_sentence(spent(traces), [])
    unknown = known.assign(joules=math.nan)
    assert "energy not measured" in total_sentence(spent(unknown), [])


def test_the_table_says_costs_in_its_units(frame):
    costs = spent(frame)
    rows = cells_frame(SETTINGS, costs, cells())
    lines = table_lines(rows.to_dict("records"), costs.device)
    text = markdown_table(lines, table_notes(SETTINGS, costs), costs.device)
    grid = [[f.strip() for f in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    assert grid[0][1:5] == ["Wall (h)", "Stage (GPU-h)", "Chain (GPU-h)", "Memory (GB)"]
    assert grid[3] == ["M", *[""] * 7, "0.306", "", ""]
    assert grid[5] == ["M+A & B", "1.50", "3.00", "3.00", "2.00", "1.00", "0", "1.00", "0.306",
                       "+30.0", "+10.0"]  # fmt: skip
    latex = latex_table(lines, table_notes(SETTINGS, costs), costs.device)
    assert r"M+A \& B & 1.50 & 3.00" in latex
    assert latex.count(r"\\") == 2 + 2 + 3  # two lines of heads, two sections, three cells


# ------------------------------------------------------------------------------------- the figure


def test_the_front_has_the_cells_that_none_beats():
    points = pd.DataFrame(
        [("a", 0, 40), ("b", 1, 40), ("c", 1, 50), ("d", 2, 50), ("e", 3, 60), ("f", None, 99)],
        columns=["cell", "chain_hours", "accuracy"],
    )
    assert pareto_front(points)["cell"].tolist() == ["a", "c", "e"]


def test_models_that_are_not_trained_here_are_named_and_no_part_of_the_line(frame):
    other = {"cell": "big", "label": "Big", "stages": ""}
    sections = [*SETTINGS["sections"], {"section": "Others", "rows": [other]}]
    labels = SETTINGS["labels"] | {"big": "Big"}
    settings = SETTINGS | {"sections": sections, "labels": labels}
    known = cells() | {("big", b["name"]): cell_record("big", b["name"], 0.9) for b in BENCHMARKS}
    figure = draw_costs(settings, cells_frame(settings, spent(frame), known))
    front, *_, others = figure.axes[0].lines
    assert (0, 90) in {tuple(map(float, point)) for point in others.get_xydata()}
    assert [float(y) for y in front.get_ydata()] == [20, 50, 70]
    assert "Big" in [text.get_text() for text in figure.axes[0].texts]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["best accuracy for the hours", "M, untrained", "from M", "not trained here"]
    plt.close(figure)


def test_the_figure_has_a_point_per_cell_and_says_what_was_measured(frame, tmp_path):
    figure = draw_costs(SETTINGS, cells_frame(SETTINGS, spent(frame), cells()))
    axes = figure.axes[0]
    assert axes.get_xlabel() == "GPU-hours of all stages, mean over seeds"
    points = {
        (float(x), float(y))
        for line in axes.lines
        if line.get_marker() == "o"
        for x, y in line.get_xydata()
    }
    assert points == {(0, 20), (3, 50), (9, 70)}
    assert [text.get_text() for text in axes.texts] == ["A", "A+B"]
    for name in ("one.pdf", "two.pdf"):
        save_figure(figure, tmp_path / name)
    plt.close(figure)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
