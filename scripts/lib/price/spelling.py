"""Times for people."""


def spell(seconds: float) -> str:
    """Return a time for people.

    >>> spell(42), spell(1000), spell(90000)
    ('42 s', '16.7 min', '25.0 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
