"""Imports without garbage collection, and without a package that is not needed."""

import subprocess
import sys

from tests.workflow import ROOT


def outcome(program):
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return run.stdout.split()


def test_no_garbage_is_collected_during_imports_and_none_at_the_end():
    program = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > before, gc.isenabled()))
from scripts.lib.machine.imports import quick_imports
with quick_imports():
    import colorsys
    print(gc.isenabled())
print(gc.isenabled(), gc.get_freeze_count() > 0)
before = gc.get_freeze_count()
more = [[] for _ in range(1000)]
"""
    assert outcome(program) == ["False", "True", "True", "True", "True"]


def test_what_is_imported_already_sets_nothing_apart():
    program = """
import gc, json
from scripts.lib.machine.imports import quick_imports
with quick_imports():
    import json
print(gc.get_freeze_count())
"""
    assert outcome(program) == ["0"]


def test_a_hidden_package_is_absent_for_the_imports_alone():
    program = """
from importlib.util import find_spec
from scripts.lib.machine.imports import quick_imports
with quick_imports(without="colorsys"):
    print(find_spec("colorsys"))
import colorsys
with quick_imports(without="colorsys"):
    print(find_spec("colorsys") is None)
"""
    assert outcome(program) == ["None", "False"]


def test_transformers_is_imported_without_scikit_learn_and_scipy():
    program = """
import sys
from scripts.lib.model.chat_template import load_tokenizer
try:
    load_tokenizer("nowhere")
except Exception:
    pass
from transformers import AutoModelForCausalLM
import transformers.generation.candidate_generator
print("sklearn" in sys.modules, "scipy" in sys.modules)
import sklearn.metrics
"""
    assert outcome(program) == ["False", "False"]
