"""Typeset the reproduction report of this study, paper/main.tex, with latexmk."""

import os
import shutil
import subprocess
from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.disk import temporary_folder
from scripts.lib.files import write_bytes

PACKAGES = "latexmk texlive-latex-recommended texlive-latex-base lmodern"
SHOWN = 30  # lines of TeX's log
DATE = "1749600000"  # of the file inside: equal inputs make equal bytes


def check_tex() -> None:
    """Exit with an error that names Debian's packages if there is no LaTeX."""
    if missing := [name for name in ("latexmk", "pdflatex") if shutil.which(name) is None]:
        raise SystemExit(
            f"{' and '.join(missing)}: not installed; the paper needs LaTeX: apt-get install "
            f"--no-install-recommends {PACKAGES}. Everything else is made without it"
        )


def typeset(folder: Path) -> Path:
    """Run latexmk on main.tex in a folder and return the PDF; exit with TeX's own error.

    TeX starts no program, writes nowhere else, and no settings file of the user's is read.
    """
    command = ["latexmk", "-norc", "-pdf", "-latexoption=-no-shell-escape"]
    command += ["-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    environment = os.environ | {"SOURCE_DATE_EPOCH": DATE, "FORCE_SOURCE_DATE": "1"}
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace"
    )
    print(run.stdout)
    if run.returncode:
        lines = run.stdout.splitlines()
        errors = [n for n, line in enumerate(lines) if line.startswith("!")]
        start = errors[0] if errors else max(0, len(lines) - SHOWN)
        shown = "\n".join(lines[start : start + SHOWN])
        raise SystemExit(f"main.tex: LaTeX stopped:\n{shown}")
    return folder / "main.pdf"


def main() -> None:
    """Read the flags and write the PDF."""
    parser = job_arguments(__doc__)
    parser.add_argument("--pdf", type=Path, required=True, help="the PDF file to write")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    run = planned_run(args, "typeset")
    check_tex()
    with temporary_folder("typeset-") as folder:
        for file, text in run.settings["files"].items():
            (folder / file).write_text(text, encoding="utf-8")
        for group in ("macros", "tables", "figures"):
            for path in run.paths(group):
                shutil.copy(path, folder)
        write_bytes(args.pdf, typeset(folder).read_bytes())
    run.write_record(args.output, args.pdf)
    report(f"typeset: {args.pdf}")


if __name__ == "__main__":
    main()
