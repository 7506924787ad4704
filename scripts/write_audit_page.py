"""Write the audit of the paper's printed numbers as a page that can be read without running it.

    python -m scripts.write_audit_page docs/audit.md

No rule of the DAG; `make docs` runs it, and a test compares the two.
"""

import argparse
from pathlib import Path

from scripts.lib.files import write_text
from scripts.lib.paper.audit import audit
from scripts.lib.paper.audit_page import audit_page
from scripts.lib.paper.files import AUDIT_FILES, AUDIT_TEMPLATE, read_paper_file


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, help="Markdown file to write")
    args = parser.parse_args()
    files = {name: read_paper_file(name) for name in AUDIT_FILES}
    write_text(args.page, audit_page(files[AUDIT_TEMPLATE], audit(files)))


if __name__ == "__main__":
    main()
