"""What the tests of figures read from a drawn figure: its texts, markers, and where they lie."""

from matplotlib.text import Text


def texts_of(figure):
    """Return every text that is not empty and neither a tick's label nor a legend's."""
    texts = [text for axes in figure.axes for text in axes.texts] + figure.texts
    return [text for text in texts if text.get_text().strip()]


def strings_of(figure):
    """Return what these texts say, and the legends'."""
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    return [text.get_text().strip() for text in [*texts_of(figure), *legends]]


def tick_labels(axes):
    """Return the labels of a drawn panel's ticks, and those of its axes, that are seen."""
    if not axes.axison:
        return []
    found: list[Text] = []
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        found += [tick.label1 for tick in ticks if tick.label1.get_visible()] + [axis.label]
    return [label for label in found if label.get_text()]


def markers_of(axes, marker="o"):
    """Return the lines of a panel that are drawn as single points with a marker."""
    return [line for line in axes.lines if line.get_marker() == marker]


def overlapping(figure, among=texts_of):
    """Return the pairs of texts, tick labels and legends that overlap or leave the page."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    labels = [label for axes in figure.axes for label in tick_labels(axes)]
    boxes = [
        (text.get_text(), text.get_window_extent(renderer)) for text in [*among(figure), *labels]
    ]
    boxes += [("legend", legend.get_window_extent(renderer)) for legend in figure.legends]
    page = figure.bbox
    found = [
        (name, "the page's end")
        for name, box in boxes
        if box.x0 < 0 or box.y0 < 0 or box.x1 > page.x1 or box.y1 > page.y1
    ]
    for index, (name, box) in enumerate(boxes):
        found += [(name, other) for other, of in boxes[index + 1 :] if box.overlaps(of)]
    return found


def without_signs(figure):
    """Return the texts that are no signs beside a marker, which may touch other cells' lines."""
    return [text for text in texts_of(figure) if text.get_text() not in ("*", "‡", "+")]
