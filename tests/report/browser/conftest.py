"""Chromium on the small report, opened from disk; a console error or a request fails its test."""

import os
import shutil

import pytest

from tests.report.browser import small_report

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM to its path")
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Return the page of the small report; tests do not write to it."""
    return small_report.write(tmp_path_factory.mktemp("study") / "report")


@pytest.fixture
def opened(browser, report):
    """Return a function that opens a hash in a new page and waits until it is there."""
    contexts, faults = [], []

    def open_(hash_="", *, page=report, **settings):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | settings))
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(20_000)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda line: line.type == "error" and faults.append(line.text))
        tab.on("request", lambda of: of.url.startswith(("file:", "data:")) or faults.append(of.url))
        tab.goto(page.as_uri() + hash_)
        if settings.get("java_script_enabled", True):
            tab.wait_for_selector(
                "#view h1" if "=" in hash_ else "#explorer :is(table, [role=alert])"
            )
        return tab

    open_.faults = faults
    yield open_
    for context in contexts:
        context.close()
    assert faults == []
