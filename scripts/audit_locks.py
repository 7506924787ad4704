"""Ask an advisory database, by pip-audit, whether locked packages have known vulnerabilities.

    python -m scripts.audit_locks envs/*.lock

pip-audit alone prints "No known vulnerabilities found" when it could look nothing up. Here a lock
counts as audited if every package in it was; else, or if one is vulnerable, the exit code is 1.
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

# Fetched beside the environment, as the other programs that the checks alone need.
PIP_AUDIT = ["uv", "tool", "run", "--quiet", "pip-audit==2.10.1"]
FLAGS = ["--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json"]
Package = dict[str, Any]


def audit(lock: Path) -> list[Package]:
    """Return what pip-audit says of each package of a lock; nothing if it reached no database."""
    if not lock.is_file():
        raise SystemExit(f"{lock}: no such lock")
    command = [*PIP_AUDIT, *FLAGS, "--requirement", str(lock)]
    try:
        said = subprocess.run(command, capture_output=True, text=True).stdout
        return json.loads(said)["dependencies"]
    except (OSError, ValueError):
        return []


def verdict(packages: list[Package]) -> tuple[bool, list[str]]:
    """Return whether all packages were audited and none is vulnerable, and the lines that say so.

    >>> verdict([{"name": "a", "version": "1", "vulns": []}])
    (True, ['no known vulnerabilities in 1 packages'])
    >>> verdict([{"name": "a", "skip_reason": "not found"}])
    (False, ['not audited: 1 of 1 packages, which no advisory database told of (a)'])
    """
    if not packages:
        return False, ["not audited: no advisory database could be asked"]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    found = [package for package in packages if package.get("vulns")]
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in found
        for flaw in package["vulns"]
    ]
    if unknown:
        shown = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        lines.append(
            f"not audited: {len(unknown)} of {len(packages)} packages, which no advisory database "
            f"told of ({shown})"
        )
    return not lines, lines or [f"no known vulnerabilities in {len(packages)} packages"]


def main() -> None:
    """Audit the locks given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("locks", type=Path, nargs="+", help="locks, with versions and hashes")
    fine = True
    for lock in parser.parse_args().locks:
        good, lines = verdict(audit(lock))
        fine &= good
        for line in lines:
            print(f"{lock}: {line}", flush=True)
    if not fine:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
