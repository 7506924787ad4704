"""The runs of others on the first page: a line each, and how their numbers stand to ours."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scripts.lib.runs.spelled import spell, spell_difference


def other_run(found: Mapping[str, Any], study: str) -> dict[str, Any]:
    """Return what the page shows of an archive by its comparison (scripts/compare_archive.py).

    `study` is the name of the report's own; of another one's run the numbers are not compared.
    """
    if found["refused"]:
        return dict(found)
    shown = dict(found) | {"compared": found["study"] == study}
    if not shown["compared"]:
        return shown
    counts = Counter(of["verdict"] for of in found["numbers"])
    judged = found["judged"]
    return shown | {
        "verdicts": ", ".join(f"{verdict} {count}" for verdict, count in counts.most_common()),
        "numbers": [
            {
                **{name: of[name] for name in ("cell", "task", "verdict")},
                "theirs": spell(of["theirs"]),
                "ours": spell(of["ours"]),
                "difference": spell_difference(of["difference"], of["interval"]),
            }
            for of in found["numbers"]
        ],
        "wrong_verdicts": judged["lenient"] + judged["strict"],
    }
