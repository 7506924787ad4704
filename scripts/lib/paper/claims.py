"""Reading paper/claims.yaml; checks.py says what is wrong in it."""

from pathlib import Path
from typing import Any

import yaml

Claim = dict[str, Any]


def read_claims(path: Path) -> dict[str, Any]:
    """Read the claims and the groups of cells.

    Raises SystemExit if the file is no YAML or has not these two parts.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SystemExit(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    parts = {"groups": dict, "claims": list}
    if not isinstance(found, dict) or found.keys() != parts.keys():
        raise SystemExit(f"{path}: must hold {', '.join(parts)} and nothing else")
    for name, kind in parts.items():
        if not isinstance(found[name], kind):
            wanted = "a list" if kind is list else "keys and values"
            raise SystemExit(f"{path}: {name}: must be {wanted}")
    return found
