"""The figure of scores: every cell once, collapsed cells marked, nothing overlapping."""

import pytest

from scripts.lib.figures.panels import figure_lines
from scripts.lib.figures.scores import HOLLOW, draw_scores, scores_frame
from scripts.lib.figures.style import save_figure
from tests.figures.drawn import markers_of, overlapping, strings_of
from tests.score_samples import BENCHMARKS, cell_record, table_marks, table_records, table_settings


@pytest.fixture
def frame():
    return scores_frame(table_records().values())


@pytest.fixture
def figure(frame):
    """Draw the figure of the made-up table."""
    return draw_scores(table_settings(note="Toy models."), frame, table_marks())


def test_a_cell_of_several_tables_is_drawn_once():
    sections = table_settings()["sections"]
    lines = figure_lines([*sections, {"section": "Again", "rows": sections[1]["rows"]}])
    assert [line.get("cell", "-") for line in lines] == ["-", "toy", "-", "toy+sft", "toy+sft+rl"]
    assert [line["y"] for line in lines] == [0, -1, -2, -3, -4]


def test_every_cell_note_and_collapse_is_shown(figure):
    texts = strings_of(figure)
    for expected in ("Toy", "Toy+SFT", "Toy+SFT+RL‡", "Baselines", "Training", "GSM8K", "40 × 2"):
        assert expected in texts
    assert "Toy models." in texts
    assert texts.count("‡") == 2  # one in each panel
    points = [line for line in markers_of(figure.axes[0]) if line.get_markersize() < HOLLOW]
    assert [point.get_xdata()[0] for point in points] == pytest.approx([25.0, 54.04])


def test_a_hybrid_has_a_hollow_marker_where_the_stage_before_is(figure):
    (ring,) = [line for line in markers_of(figure.axes[0]) if line.get_markersize() == HOLLOW]
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == pytest.approx((54.04, -4))
    assert ring.get_markerfacecolor() == "none"


def test_the_figure_has_the_marks_of_the_comparisons(figure):
    stars = [[t.get_text() for t in axes.texts].count("*") for axes in figure.axes]
    assert stars == [1, 0]
    texts = " ".join(strings_of(figure))
    assert "A star: this run alone, not its method: Holm at .05 over 4 comparisons" in texts
    assert "differs from untrained" in texts


def test_what_is_not_trained_has_no_colour_of_its_own(frame):
    settings = table_settings()
    settings["sections"].append({"section": "7B", "rows": [{"cell": "big", "label": "Big"}]})
    more = scores_frame([*table_records().values(), cell_record("big", "gsm8k", 0.9)])
    figure = draw_scores(settings, more)
    (point,) = markers_of(figure.axes[0], "D")
    assert (point.get_xdata()[0], point.get_color()) == (90.0, "black")
    assert "not trained here" in strings_of(figure)
    assert "not trained here" not in strings_of(draw_scores(table_settings(), frame))


@pytest.mark.parametrize("benchmarks", [1, 2])
@pytest.mark.parametrize("missing", [[], ["toy+sft"]])
def test_no_texts_overlap_and_all_lie_on_the_page(benchmarks, missing, frame):
    settings = table_settings(note="Toy models.") | {"benchmarks": BENCHMARKS[:benchmarks]}
    shown = frame[~frame["cell"].isin(missing)]
    figure = draw_scores(settings, shown, table_marks())
    assert overlapping(figure) == []
    assert len(figure.axes) == benchmarks


@pytest.mark.parametrize("suffix", ["pdf", "png"])
def test_equal_figures_are_equal_bytes(frame, tmp_path, suffix):
    for name in ("one", "two"):
        figure = draw_scores(table_settings(), frame)
        save_figure(figure, tmp_path / name / f"scores.{suffix}")
    one, two = ((tmp_path / name / f"scores.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"CreationDate" not in one
    assert len(one) > 5000
    assert [path.name for path in (tmp_path / "one").iterdir()] == [f"scores.{suffix}"]
