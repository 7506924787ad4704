"""The figure: every cell once, collapsed cells marked, nothing overlapping, equal bytes."""

import matplotlib.pyplot as plt
import pytest

from scripts.lib.scores.figures import STYLE, figure_lines, save_figure
from scripts.plot_scores import plot_scores
from tests.score_samples import table_marks, table_records, table_settings


@pytest.fixture
def figure():
    """Draw the figure of the made-up table."""
    settings = table_settings(note="Toy models.")
    with plt.rc_context(STYLE):
        drawn = plot_scores(settings, table_records(), table_marks())
        yield drawn
    plt.close(drawn)


def texts_of(figure):
    """Return every text drawn in the figure."""
    return [text for axes in figure.axes for text in axes.texts] + figure.texts


def test_a_cell_of_several_tables_is_drawn_once():
    sections = table_settings()["sections"]
    lines = figure_lines([*sections, {"section": "Again", "rows": sections[1]["rows"]}])
    assert [line.get("cell", "-") for line in lines] == ["-", "toy", "-", "toy+sft", "toy+sft+rl"]
    assert [line["y"] for line in lines] == [0, -1, -2, -3, -4]


def test_every_cell_note_and_collapse_is_shown(figure):
    texts = [text.get_text().strip() for text in texts_of(figure)]
    for expected in ("Toy", "Toy+SFT", "Toy+SFT+RL‡", "Baselines", "Training", "GSM8K", "40 × 2"):
        assert expected in texts
    assert "Toy models." in texts
    assert texts.count("‡") == 2  # one in each panel
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [point.get_xdata()[0] for point in points] == pytest.approx([25.0, 54.04])


def test_the_figure_has_the_marks_of_the_comparisons(figure):
    stars = [[t.get_text() for t in axes.texts].count("*") for axes in figure.axes]
    assert stars == [1, 0]
    texts = " ".join(text.get_text() for text in texts_of(figure))
    assert "* this run alone, not its method: Holm at .05 over 4 comparisons" in texts
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "differs from that model" in labels


def test_no_texts_overlap_and_all_lie_on_the_page(figure):
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    boxes = [text.get_window_extent(renderer) for text in texts_of(figure) if text.get_text()]
    boxes += [legend.get_window_extent(renderer) for legend in figure.legends]
    page = figure.bbox
    for index, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


@pytest.mark.parametrize("suffix", ["pdf", "png"])
def test_equal_figures_are_equal_bytes(figure, tmp_path, suffix):
    for name in ("one", "two"):
        save_figure(figure, tmp_path / name / f"scores.{suffix}")
    one, two = ((tmp_path / name / f"scores.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"CreationDate" not in one
    assert len(one) > 5000
    assert [path.name for path in (tmp_path / "one").iterdir()] == [f"scores.{suffix}"]
