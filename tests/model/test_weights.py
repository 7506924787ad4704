"""Which checkpoint a record vouches for."""

import json

import pytest

from scripts.lib.files import digest_files
from scripts.lib.model.weights import checkpoint_of, required_checkpoint


def test_a_collapsed_training_has_no_checkpoint_and_none_can_be_required(tmp_path):
    record = tmp_path / "training.json"
    record.write_text(json.dumps({"status": "collapsed"}))
    assert checkpoint_of(record) is None
    with pytest.raises(SystemExit, match="training.json: a collapsed training"):
        required_checkpoint(record)


def test_a_required_checkpoint_is_compared_with_its_record(tmp_path):
    folder, record = tmp_path / "checkpoint", tmp_path / "model.json"
    folder.mkdir()
    (folder / "weights").write_text("1")
    record.write_text(json.dumps({"status": "ok", "files": digest_files(folder)}))
    assert required_checkpoint(record) == folder
    (folder / "weights").write_text("2")
    with pytest.raises(SystemExit, match="differs from .*model.json in weights"):
        required_checkpoint(record)
