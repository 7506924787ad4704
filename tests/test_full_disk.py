"""A disk that fills in the middle of a write: one line, nothing left, the same bytes afterwards."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.lib.disk import disk_in_words, temporary_folder
from scripts.lib.evaluation.completions import parquet_bytes
from scripts.lib.evaluation.journal import Journal
from scripts.lib.evaluation.store import entry
from scripts.lib.files import digest_files, folder_made_whole, write_json, write_jsonl
from scripts.lib.runs.bag import unpacked, write_bag
from scripts.lib.training.resume import is_complete
from tests.small_disk import PAGE, small_disk
from tests.training_case import GRPO, LORA, SFT, case, record_of, run_case, tiny_model
from tests.workflow import DEMO, snakemake

NOISE = random.Random(0).randbytes(300_000)


def a_record(folder: Path) -> None:
    write_json(folder / "scores.record.json", {"noise": NOISE.hex()})


def rows(folder: Path) -> None:
    write_jsonl(folder / "data" / "raw.jsonl", [{"question": NOISE[:99].hex()}] * 2000)


def a_kept_evaluation(folder: Path) -> None:
    texts = (NOISE[n : n + 500].hex() for n in range(0, len(NOISE), 500))
    completions = [{"problem": str(n), "completion": text} for n, text in enumerate(texts)]
    kept = entry(folder / "gsm8k", "weights", "key", "data")
    kept.keep({"accuracy": 1.0}, parquet_bytes(completions), {}, {})


def a_figure(folder: Path) -> None:
    from matplotlib.figure import Figure

    from scripts.lib.figures.style import save_figure

    figure = Figure((2, 2))
    figure.subplots().imshow([list(NOISE[n : n + 100]) for n in range(0, 10_000, 100)])
    for form in ("pdf", "png"):
        save_figure(figure, folder / f"scores.{form}")


def an_archive(folder: Path) -> None:
    write_bag(folder / "run.tar", "run", {"completions.parquet": NOISE}, {})


def a_state(folder: Path) -> None:
    import torch

    from scripts.build_model import save_state

    save_state(folder / "state.pt", {"weights": torch.zeros(50_000)})


def a_checkpoint(folder: Path) -> None:
    from scripts.lib.model.chat_template import load_tokenizer
    from scripts.lib.model.checkpoints import load_model, save_checkpoint

    parent = tiny_model(folder.parent / "model").parent / "checkpoint"
    with folder_made_whole(folder / "checkpoint") as aside:
        save_checkpoint(load_model(parent, {}, load_tokenizer(parent)), parent, aside)


WRITERS = [a_record, rows, a_kept_evaluation, a_figure, an_archive, a_state, a_checkpoint]


@pytest.mark.parametrize("part", [0.1, 0.9])
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_every_writer_names_the_place_and_leaves_nothing(
    write: Callable[[Path], None], part: float, tmp_path: Path
) -> None:
    write(tmp_path / "whole")
    whole = digest_files(tmp_path / "whole")
    size = sum(path.stat().st_size for path in (tmp_path / "whole").rglob("*") if path.is_file())
    with small_disk(tmp_path / "disk", size=max(PAGE, int(part * size))) as disk:
        with pytest.raises(SystemExit) as ending, disk_in_words():
            write(disk.folder)
        line = str(ending.value.code)
        assert line.startswith(f"{disk.folder}/"), line
        assert ": the disk is full: make room" in line and "\n" not in line
        assert "@" not in line.split(":")[0]
        left = digest_files(disk.folder)
        assert left.items() <= whole.items()  # of two figures the first may be there
        disk.resize(4 * size + 100 * PAGE)
        write(disk.folder)
        assert digest_files(disk.folder) == whole


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny"))


# The folder whose disk is small, and how small: for a second checkpoint, or for merged weights.
TRAININGS = {
    "grpo": ("train_grpo", GRPO | {"max_steps": 4}, "checkpoints", 700_000),
    "lora": ("train_sft", SFT | {"max_steps": 2, "lora": LORA}, "out", 100_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRAININGS)
def test_a_training_whose_disk_fills_goes_on_to_the_same_bytes(
    kind: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, recipe, place, room = TRAININGS[kind]
    run_case(whole := case(tmp_path / "whole", tiny, rule, recipe))
    # Others fill the disk after the training has seen how much is free.
    monkeypatch.setattr("scripts.lib.training.run.check_space", lambda *_: None)
    path = case(tmp_path / "here", tiny, rule, recipe)
    with small_disk(path.parent / place, size=room) as disk:
        with pytest.raises(SystemExit) as ending, disk_in_words():
            run_case(path)
        line = str(ending.value.code)
        assert line.startswith(f"{disk.folder}/") and "\n" not in line, line
        assert ": the disk is full: make room" in line
        assert not list(path.parent.rglob("*@*"))
        torn = [folder for folder in path.parent.rglob("checkpoint-*") if not is_complete(folder)]
        assert not torn
        disk.resize(2**26)
        run_case(path)
        for digests in ("files", "adapter_files"):
            assert record_of(path)[digests] == record_of(whole)[digests]


def test_a_list_that_grows_goes_on_behind_its_last_whole_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size=2 * PAGE) as disk:
        path = disk.folder / "gsm8k" / ".0a.completions.jsonl"
        journal = Journal(path)
        with pytest.raises(SystemExit, match=f"{path}: the disk is full"), disk_in_words():
            for number in range(100):
                journal.add(("problem", number), list(range(100)))
        disk.resize(2**20)
        again = Journal(path)
        assert 10 < len(again.known) < 100
        again.add(("problem", 100), [7])
        assert len(Journal(path).known) == len(again.known)


@pytest.mark.parametrize("count", [1, 200])
def test_a_full_temporary_folder_is_named(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "tmp", size=PAGE) as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk.folder))
        with (
            pytest.raises(SystemExit, match=f"{disk.folder}: the disk is full"),
            disk_in_words(),
            temporary_folder("lighteval-") as folder,
        ):
            for number in range(count):
                (folder / str(number)).write_bytes(NOISE[: 2 * PAGE // count])
        assert not list(disk.folder.iterdir())
        monkeypatch.setattr("tempfile.tempdir", None)
        monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: [str(disk.folder)])
        (disk.folder / "others").write_bytes(NOISE[:PAGE])
        with pytest.raises(SystemExit, match="set TMPDIR"), disk_in_words():
            temporary_folder("lighteval-").__enter__()


def test_results_on_a_read_only_disk_are_named_before_any_job(tmp_path: Path) -> None:
    with small_disk(tmp_path / "results") as disk:
        disk.read_only()
        arguments = ("--cores", "1", "--configfile", DEMO, "--", "scores")
        assert snakemake("-n", *arguments, folder=tmp_path).returncode == 0
        run = snakemake(*arguments, folder=tmp_path)
        assert run.returncode == 1
        _, line = (run.stdout + run.stderr).splitlines()  # the first names the config file
        assert line.startswith(f"{disk.folder}: the disk is read-only: make it writable")


def test_an_archive_that_is_unpacked_on_a_full_disk_is_no_bad_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "run.tar"
    write_bag(archive, "run", {"large": NOISE * 20}, {})
    with small_disk(tmp_path / "tmp", size=4_000_000) as disk:  # not full afterwards
        monkeypatch.setattr("tempfile.tempdir", str(disk.folder))
        with (
            pytest.raises(SystemExit, match=f"^{disk.folder}: the disk is full"),
            disk_in_words(),
            unpacked(archive, 10**9),
        ):
            pass
        assert not list(disk.folder.iterdir())
