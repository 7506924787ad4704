"""Upload a folder of a release to the hub, a model or a data set.

    python -m scripts.push results/demo/release/toy-base+rl --repo NAME/toy-base-rl
    python -m scripts.push results/demo/release/toy-base+rl --repo NAME/toy-base-rl --yes

Without --yes it says what it would do, and asks no hub. With it, it makes the repository if there
is none, and uploads in one commit what differs; after an interruption type the same again: files
that have arrived are not sent again. In the card the repository's name takes the place of this
folder, so that its `from_pretrained` line works there. HF_TOKEN: a token that may write;
HF_ENDPOINT: another hub.
"""

import argparse
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Read when huggingface_hub is imported. The tests cover transfers by HTTP; HF_HUB_DISABLE_XET=0
# takes those of Xet.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import httpx
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import validate_repo_id

from scripts.lib.console import align, spell_bytes
from scripts.lib.disk import say_in_words
from scripts.lib.files import digest_files, read_json
from scripts.lib.release.cards import HERE

CARD = "README.md"
AGAIN = "Type the same command again: files that have arrived are not sent again."


def checked_record(folder: Path) -> dict[str, Any]:
    """Return the record of a released folder.

    Raises SystemExit if it is no release, if a file is not the one that was released, or if a model
    has no weights because its trainings collapsed.
    """
    record_path = folder.with_name(f"{folder.name}.record.json")
    if not record_path.is_file() or not (folder / CARD).is_file():
        raise SystemExit(
            f"{folder}: no release; `snakemake --profile demo release` makes results/demo/release/"
        )
    record: dict[str, Any] = read_json(record_path)
    released, found = record.get("released", {}), digest_files(folder)
    if found != released:
        names = sorted(found.keys() | released.keys())
        bad = [name for name in names if found.get(name) != released.get(name)]
        raise SystemExit(
            f"{folder}: differs from {record_path} in {', '.join(bad)}; delete {folder / CARD} and "
            "run the target `release` again"
        )
    if record["kind"] == "model" and "config.json" not in found:
        raise SystemExit(f"{folder}: it has no weights, because its trainings collapsed")
    return record


def plan_lines(folder: Path, record: dict[str, Any], repo: str, private: bool) -> list[str]:
    """Return what an upload would do: where to, which files, and what to read before."""
    sizes = {name: (folder / name).stat().st_size for name in record["released"]}
    visibility = "private" if private else "public"
    lines = [
        f"{record['kind']} {repo} on {constants.ENDPOINT}, {visibility} if it is new",
        *(f"  {line}" for line in align([[name, spell_bytes(n)] for name, n in sizes.items()])),
        f"{len(sizes)} files, {spell_bytes(sum(sizes.values()))}, in one commit",
    ]
    if unknown := record["unknown_licences"]:
        lines.append(
            f"The config has no `license` of {', '.join(unknown)}: read their conditions first and "
            "write it there"
        )
    return lines


@contextmanager
def for_repository(folder: Path, kind: str, repo: str) -> Iterator[Path]:
    """Yield a folder of links to a release's files, with a card that names its repository."""
    with tempfile.TemporaryDirectory(prefix="push-") as name:
        staged = Path(name)
        for file in digest_files(folder):
            (staged / file).parent.mkdir(parents=True, exist_ok=True)
            if file != CARD:
                (staged / file).symlink_to((folder / file).resolve())
        card = (folder / CARD).read_text(encoding="utf-8")
        (staged / CARD).write_text(card.replace(f"({HERE[kind]}", f'("{repo}"'), encoding="utf-8")
        yield staged


def upload(folder: Path, kind: str, repo: str, private: bool, token: str) -> str:
    """Upload a release and return the commit's address; exit with an error if the hub refuses."""
    api = HfApi(token=token)
    place = f"{repo} on {constants.ENDPOINT}"
    try:
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
        with for_repository(folder, kind, repo) as staged:
            commit = api.upload_folder(
                repo_id=repo,
                repo_type=kind,
                folder_path=staged,
                commit_message=f"Release of {folder.name}",
            )
    except OfflineModeIsEnabled:
        raise SystemExit(f"{place}: HF_HUB_OFFLINE is set; unset it for an upload") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise SystemExit(
                f"{place}: refused ({status}). HF_TOKEN must be a token that may write there"
            ) from None
        raise SystemExit(f"{place}: {told(error)}. {AGAIN}") from None
    except ValueError as error:  # the hub's check of the card
        raise SystemExit(f"{place}: {told(error)}") from None
    except (httpx.HTTPError, OSError, RuntimeError) as error:
        raise SystemExit(f"{place}: broken off ({told(error)}). {AGAIN}") from None
    return str(commit.commit_url)


def told(error: BaseException) -> str:
    """Return an error and its cause in a line, without the token and without addresses' queries.

    A query may hold a signature, and some servers repeat the token that they refuse.
    """
    causes = [error, *([error.__cause__] if error.__cause__ else [])]
    line = ": ".join(" ".join(str(of).split()).rstrip(".:") or type(of).__name__ for of in causes)
    line = re.sub(r"(https?://[^\s?]+)\?[^\s']*", r"\1", line)
    token = os.environ.get("HF_TOKEN", "").strip()
    return line.replace(token, "***") if token else line


def parsed() -> Any:
    """Return the flags."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="results/STUDY/release/CELL or results-dataset")
    parser.add_argument("--repo", required=True, help="the repository: NAMESPACE/NAME")
    parser.add_argument("--private", action="store_true", help="a new repository is private")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--dry-run", action="store_true", help="say what would be done; the default"
    )
    choice.add_argument("--yes", action="store_true", help="do it")
    return parser.parse_args()


def main() -> None:
    """Say what an upload would do, and with --yes do it."""
    say_in_words()
    args = parsed()
    try:
        validate_repo_id(args.repo)
    except HFValidationError as error:
        raise SystemExit(f"--repo {args.repo}: {told(error)}") from None
    record = checked_record(args.folder)
    print("\n".join(plan_lines(args.folder, record, args.repo, args.private)), flush=True)
    if not args.yes:
        print("Nothing was uploaded; --yes uploads")
        return
    token = os.environ.get("HF_TOKEN", "")
    if not token:
        raise SystemExit("HF_TOKEN: not set; it must be a token that may write to the repository")
    print(upload(args.folder, record["kind"], args.repo, args.private, token))


if __name__ == "__main__":
    main()
