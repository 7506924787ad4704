"""The forms of a table: LaTeX's special characters, Markdown, and a page made of it."""

from markdown_it import MarkdownIt

LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "§": r"$^{\mathsection}$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "†": r"$^{\dagger}$",
    "‡": r"$^{\ddagger}$",
}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 14px sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em; }}
table {{ border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid; }}
th, td {{ padding: 0.25em 0.6em; text-align: left; vertical-align: top; white-space: {space}; }}
td {{ font-variant-numeric: tabular-nums; }}
th {{ border-bottom: 1px solid; }}
p {{ font-size: 0.9em; color: #444; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def escape_latex(text: str) -> str:
    """Return text that LaTeX prints as it stands."""
    return "".join(LATEX.get(character, character) for character in text)


def markdown_grid(grid: list[list[str]]) -> str:
    """Return a table whose first line is the head, padded so that it can be read as text too."""
    grid = [[text.replace("|", r"\|") for text in line] for line in grid]
    widths = [max(len(line[column]) for line in grid) for column in range(len(grid[0]))]
    lines = [
        "| " + " | ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) + " |"
        for line in grid
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def html_page(name: str, markdown: str, wrap: bool = False) -> str:
    """Return Markdown as a page of its own, for the report; `wrap` breaks lines in its tables."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return PAGE.format(title=name, body=body, space="normal" if wrap else "nowrap")
