"""The real engines: their tests need packages that `make test-engines` installs."""

import importlib.util
import os
import sys

import pytest

PACKAGES = ("vllm", "deepspeed")


def pytest_collection_modifyitems(items):
    """Skip, visibly, where an engine is not installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    for item in items:
        if missing and item.get_closest_marker("engines"):
            reason = f"{' and '.join(missing)} not installed: make test-engines"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def process_as_it_was():
    """Undo what a colocated vLLM leaves in its process: ranks that the next trainer would read."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    if state := sys.modules.get("accelerate.state"):
        state.AcceleratorState._reset_state(reset_partial_state=True)
