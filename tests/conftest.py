"""Shared fixtures: the checkout, the real files, and skips that count as failures in CI."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.workflow import ROOT

REAL_DATA = Path(os.environ.get("SRLM_MIRROR", ROOT.parent / "shared" / "data"))


def pytest_addoption(parser):
    parser.addoption("--no-skip", action="store_true", help="a skipped test is a failure")


def pytest_collection_modifyitems(items):
    """Order the files so that no process ends long after the others, and few wait.

    First those of the mini study: one process builds it; the other waits, and then for a cluster.
    Then those that hold slow tests.
    """
    mini = {item.path for item in items if "mini_study" in item.fixturenames}
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in mini, item.path not in slow))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.config.getoption("--no-skip") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skip forbids: {report.longrepr}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Undo what LightEval does to its process, before a module's fixtures train: no gradients."""
    if torch := sys.modules.get("torch"):
        torch.set_grad_enabled(True)


@pytest.fixture(autouse=True)
def sigterm():
    """Undo for each test what a training does that leaves: it ignores a further SIGTERM."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of the public benchmark files; the project does not contain them."""
    if not (REAL_DATA / "gsm8k_train.jsonl").exists():
        pytest.skip(f"no real data in {REAL_DATA}: set SRLM_MIRROR to a folder with the files")
    return REAL_DATA
