"""A damaged, foreign or unsafe checkpoint is refused in one line before anything rests on it."""

import json
import re
import struct
import sys
from pathlib import Path

import pytest

from scripts.lib.dag.code import code_fingerprint
from scripts.lib.dag.jobs import job
from scripts.lib.files import folder_made_whole, read_json, write_json
from scripts.lib.model import chat_template
from scripts.lib.model.integrity import require_files
from scripts.lib.model.local import check_local_models
from scripts.lib.study.cells import Study
from scripts.lib.study.uses import models_with_weights, use_of
from scripts.lib.study.validation import validated_study
from tests.dag.edits import copied_code, reading_code_in, replaced
from tests.model.families import CHATML, GEMMA2, IM, LLAMA2
from tests.workflow import ENVIRONMENT, ROOT, snakemake

WHO = "models.mine.path"
NESTED = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
WITH_SYSTEM = {"system": "Think, then answer.", "user": "{question}"}


def safetensors(**tensors: list[int]) -> bytes:
    """Return a file of float32 zeros with these shapes."""
    header, data = {}, b""
    for name, shape in tensors.items():
        size = 4
        for width in shape:
            size *= width
        place = [len(data), len(data) + size]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": place}
        data += bytes(size)
    text = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    return struct.pack("<Q", len(text)) + text + data


def with_header(change) -> bytes:
    """Return a file whose header was changed, and nothing else."""
    whole = safetensors(a=[2, 3], b=[4])
    length = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + whole[8 + length :]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return a folder with the files of a whole checkpoint."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    write_json(folder / "config.json", {"model_type": "qwen2"})
    write_json(folder / "tokenizer.json", {})
    settings = {"eos_token": {"content": "</s>"}, "bos_token": "<s>"}
    write_json(folder / "tokenizer_config.json", settings)
    (folder / "chat_template.jinja").write_text(CHATML)
    (folder / "model.safetensors").write_bytes(safetensors(a=[2, 3], b=[4]))
    return folder


def shard(folder: Path, index: object) -> None:
    (folder / "model.safetensors").rename(folder / "one.safetensors")
    write_json(folder / "model.safetensors.index.json", index)


def refused(folder: Path) -> str:
    with pytest.raises(SystemExit) as refusal:
        require_files(folder, WHO)
    said = str(refusal.value)
    assert said.startswith(f"{WHO}: ") and "\n" not in said
    return said


def test_a_whole_checkpoint_is_taken_in_one_file_and_in_shards(folder):
    require_files(folder, WHO)
    shard(folder, {"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}})
    require_files(folder, WHO)


def test_a_path_without_a_checkpoint_is_named(folder, tmp_path):
    assert "nowhere is no folder" in refused(tmp_path / "nowhere")
    assert "has no config.json" in refused(tmp_path)
    for text, said in (("{", "cannot be read"), ("[]", "no JSON object"), ("{}", "no model_type")):
        (folder / "config.json").write_text(text)
        assert said in refused(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pth", "model.pt"])
def test_pickles_alone_are_no_weights(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    assert f"as pickles alone ({name}), which run code" in refused(folder)


def test_no_weights_and_an_adapter_alone_are_told_apart(folder):
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    assert "is a LoRA adapter; merge it into its model first" in refused(folder)
    (folder / "adapter_model.safetensors").unlink()
    assert "holds no weights (model.safetensors, or" in refused(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no whole safetensors file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        (safetensors(a=[2, 3], b=[4])[:40], "its header cannot be read in its 40 bytes"),
        (safetensors(a=[2, 3], b=[4])[:-1], "the copy was cut short"),
        (safetensors(a=[2, 3], b=[4]) + b"more", "but its header describes"),
        (struct.pack("<Q", 2**62) + b"{}", "no whole safetensors file"),
        (with_header(lambda h: h["a"].update(shape=[3, 3])), "the shape of a does not fit"),
        (with_header(lambda h: h["b"].update(data_offsets=[20, 40])), "its header describes"),
        (with_header(lambda h: h["b"].pop("data_offsets")), "no whole safetensors file"),
        (with_header(lambda h: h.update(b=[1])), "no whole safetensors file"),
        (with_header(lambda h: h["b"].update(data_offsets=["x", None])), "no whole safetensors"),
    ],
)
def test_damaged_weights_are_seen_in_their_headers(folder, content, said):
    (folder / "model.safetensors").write_bytes(content)
    assert said in refused(folder)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({}, "has no weight_map"),
        ([], "no JSON object"),
        ({"weight_map": {"a": 1}}, "has no weight_map"),
        ({"weight_map": {"a": "one.safetensors", "c": "two.safetensors"}}, "'two.safetensors'"),
        ({"weight_map": {"a": "one.safetensors", "c": "one.safetensors"}}, "lacks c, which"),
        ({"weight_map": {"a": "../one.safetensors"}}, "'../one.safetensors'"),
    ],
)
def test_shards_that_are_not_all_there_are_named(folder, index, said):
    shard(folder, index)
    assert said in refused(folder)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, None),
        ({"pytorch_model.bin": b"", "optimizer.pt": b""}, None),  # pickles are never loaded
        ({"model-00001-of-00002.safetensors": b""}, "has model-00001-of-00002.safetensors beside"),
        ({"adapter_model.safetensors": b""}, "has adapter_model.safetensors beside"),
        ({"model.safetensors.index.json": b'{"weight_map": {"a": "b.safetensors"}}'}, "index.json"),
        ({"model.safetensors.index.json": b'{"weight_map": {"a": "model.safetensors"}}'}, None),
        ({"model.safetensors.index.json": b"{}"}, "has no weight_map"),
    ],
)
def test_weights_of_another_save_beside_one_file_are_refused(folder, others, said):
    for name, content in others.items():
        (folder / name).write_bytes(content)
    if said is None:
        require_files(folder, WHO)
    else:
        assert said in refused(folder)


def test_weights_of_another_save_beside_shards_are_refused_where_an_engine_reads_them(folder):
    shard(folder, {"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}})
    (folder / "two.safetensors").write_bytes(b"")
    require_files(folder, WHO)
    (folder / "consolidated.00.safetensors").write_bytes(b"")
    assert "has consolidated.00.safetensors beside one.safetensors" in refused(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", None),
        ('{"eos_token_id": [0, 7]}', None),
        ('{"eos_token_id": null}', None),
        ("{", "cannot be read"),
        ("[]", "holds no JSON object"),
        ('{"eos_token_id": "</s>"}', "eos_token_id is '</s>', but must be the number of a token"),
        ('{"eos_token_id": [2, -1]}', "eos_token_id is [2, -1], but must be the number of a"),
    ],
)
def test_a_generation_config_that_transformers_would_pass_over_is_refused(folder, text, said):
    (folder / "generation_config.json").write_text(text)
    if said is None:
        require_files(folder, WHO)
    else:
        assert said in refused(folder)


def test_a_checkpoint_without_a_vocabulary_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    assert "holds no tokenizer's vocabulary (tokenizer.json, " in refused(folder)


# --------------------------------------------------------------------------------- in the study


def study_of(folder: Path, **model: object) -> Study:
    """Return the paper's study with its base model in a local folder, and a system message."""
    import yaml

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    mine = {"label": "Mine", "path": str(folder), "max_model_length": 512}
    config["models"]["mine"] = mine | model
    config["roles"]["base"] = "mine"
    config["prompts"]["training"] = WITH_SYSTEM
    return validated_study(config, [])


def test_what_a_study_does_with_a_model_is_known(folder):
    study = study_of(folder, fold_system=True)
    use = use_of(study, "mine")
    assert [prompt["system"] is None for prompt in use.prompts] == [True, False]
    assert use.template_settings == {"fold_system": True} and use.context == 512
    assert sum("num_generations" in recipe for recipe in use.recipes) == 1
    assert {"lora" in recipe for recipe in use.recipes} == {True, False}
    other = use_of(study, "qwen3-0.6b")
    assert (other.recipes, other.template_settings) == ([], {"enable_thinking": False})
    assert "mine" in models_with_weights(study) and "qwen2.5-0.5b" not in models_with_weights(study)


def test_a_teacher_is_asked_with_its_prompt():
    import yaml

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    own = yaml.safe_load((ROOT / "studies" / "own-traces.yaml").read_text())
    distill = config["datasets"]["gsm8k-distilled"]["distill"]
    distill = distill | own["datasets"]["gsm8k-distilled"]["distill"]
    config["datasets"]["gsm8k-distilled"]["distill"] = distill
    config["models"] |= own.get("models", {})
    study = Study(config)
    teacher = distill["teacher"]
    assert teacher in models_with_weights(study)
    use = use_of(study, teacher)
    assert config["prompts"][distill["prompt"]] in use.prompts and use.recipes == []


@pytest.mark.parametrize(
    ("template", "model", "said"),
    [
        (None, {}, "the tokenizer has no chat template"),
        (GEMMA2, {}, "System role not supported. If it takes no system message: `fold_system:"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", {}, "its chat template refuses the"),
        ("{% for %}", {}, "its chat template refuses the prompt"),
        ("{{ ''.__class__.__mro__ }}", {}, "its chat template refuses the prompt"),
        ("{{ range(10**9) | list }}", {}, "its chat template refuses the prompt: Range too big"),
        ("{{ 1 / 0 }}", {}, "its chat template refuses the prompt"),
        (NESTED, {}, "its chat template refuses the prompt: it computes longer than 0.5 s"),
        (GEMMA2, {"fold_system": True}, None),
        (LLAMA2, {}, None),
        (CHATML, {}, None),
    ],
)
def test_a_local_template_is_asked_at_the_dry_run(folder, template, model, said, monkeypatch):
    monkeypatch.setattr(chat_template, "RENDERING_SECONDS", 0.5 if template == NESTED else 10)
    (folder / "chat_template.jinja").unlink()
    if template:
        (folder / "chat_template.jinja").write_text(template)
    if said is None:
        check_local_models(study_of(folder, **model))
    else:
        with pytest.raises(SystemExit) as refusal:
            check_local_models(study_of(folder, **model))
        assert str(refusal.value).startswith(f"{WHO}: {folder}: ")
        assert said in str(refusal.value)


def test_of_several_templates_the_default_is_taken(folder):
    (folder / "chat_template.jinja").unlink()
    several = [{"name": name, "template": CHATML} for name in ("tool_use", "default")]
    write_json(folder / "tokenizer_config.json", {"chat_template": several})
    check_local_models(study_of(folder))
    write_json(folder / "tokenizer_config.json", {"chat_template": several[:1]})
    with pytest.raises(SystemExit, match=r"several chat templates \(tool_use\) and none of them"):
        check_local_models(study_of(folder))


@pytest.mark.parametrize("template", [3, [{"name": "default"}], ["x"], b"{{ messages }}\xe9"])
def test_a_template_that_is_no_text_is_refused(folder, template):
    (folder / "chat_template.jinja").unlink()
    if isinstance(template, bytes):
        (folder / "chat_template.jinja").write_bytes(template)
    else:
        write_json(folder / "tokenizer_config.json", {"chat_template": template})
    with pytest.raises(SystemExit, match="its chat template is no text; get its files anew"):
        check_local_models(study_of(folder))


def test_a_bad_folder_is_refused_where_its_job_is_planned(folder):
    study = study_of(folder)
    assert job(study, "fetch_model", model="mine").settings["files"]
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(SystemExit, match=f"^{WHO}: .*no whole safetensors file"):
        job(study_of(folder), "fetch_model", model="mine")


def test_a_dry_run_says_it_in_one_line(folder, tmp_path):
    import yaml

    (folder / "chat_template.jinja").write_text(GEMMA2)
    mine = {"models": {"mine": {"label": "Mine", "path": str(folder)}}, "roles": {"base": "mine"}}
    mine["prompts"] = {"training": WITH_SYSTEM}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
    process = snakemake("-n", "--configfile", tmp_path / "mine.yaml", "--", "all", folder=tmp_path)
    assert process.returncode == 1
    lines = [line for line in process.stderr.splitlines() if "fold_system" in line]
    assert len(lines) == 1 and lines[0].startswith(f"{WHO}: ")
    assert "Traceback" not in process.stderr


def test_what_is_checked_is_in_no_key(tmp_path):
    folder = copied_code(tmp_path)
    with reading_code_in(folder):
        before = code_fingerprint("scripts.fetch_model")
    checks = ("scripts/lib/model/integrity.py", "scripts/lib/model/usable.py")
    for file in (*checks, "scripts/check_model.py"):
        with (folder / file).open("a") as text:
            text.write("\n\nprint_nothing = [].append(1)\n")
    with reading_code_in(folder):
        assert code_fingerprint("scripts.fetch_model") == before
    replaced("scripts/fetch_model.py", ('"*.jinja", ', ""))(folder)
    with reading_code_in(folder):
        assert code_fingerprint("scripts.fetch_model") != before


# ------------------------------------------------------------------------------- with transformers


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    from tests.training_case import tiny_model

    return tiny_model(tmp_path_factory.mktemp("tiny")).parent / "checkpoint"


def weights_changed(folder: Path, change) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def config_changed(folder: Path, **change: object) -> None:
    config = read_json(folder / "config.json") | change
    write_json(folder / "config.json", config)


@pytest.mark.slow
def test_a_model_is_checked_before_its_record_is_written(tiny, tmp_path):
    """By the rule's own command; what is refused leaves no record."""
    import copy
    import shutil
    import subprocess

    shutil.copytree(tiny, tmp_path / "good")
    shutil.copytree(tiny, tmp_path / "bad")
    three = {"num_hidden_layers": 3, "layer_types": ["full_attention"] * 3}
    config_changed(tmp_path / "bad", **three)
    done = {}
    for name in ("good", "bad"):
        study = study_of(tmp_path / name, max_model_length=256)
        config = copy.deepcopy(study.config)
        config["recipes"]["grpo"]["max_completion_length"] = 32
        write_json(tmp_path / f"{name}.json", config)
        key = job(Study(config), "fetch_model", model="mine").key
        flags = ["--config", f"{name}.json", "--key", key, "--model", "mine", "--check"]
        flags += ["--downloads", "downloads", "--output", f"{name}/model.json.out"]
        done[name] = subprocess.run(
            [sys.executable, "-m", "scripts.fetch_model", *flags],
            cwd=tmp_path,
            env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    assert done["good"].returncode == 0, done["good"].stderr
    assert (tmp_path / "good" / "model.json.out").exists()
    assert done["bad"].returncode == 1
    said = [line for line in done["bad"].stderr.splitlines() if line.startswith("models.mine: ")]
    assert len(said) == 1 and "would be random: they are not in its files" in said[0]
    assert "Traceback" not in done["bad"].stderr
    assert not (tmp_path / "bad" / "model.json.out").exists()


def wrong(folder: Path, **changed: object) -> str:
    from scripts.lib.model.usable import require_usable
    from scripts.lib.study.uses import Use

    use = Use({}, [{"system": None, "user": "{question}"}], [], 256)._replace(**changed)
    with pytest.raises(SystemExit) as refusal:
        require_usable(folder, use)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.slow
def test_what_transformers_sees_is_said_in_one_line(tiny, tmp_path):
    import shutil

    from tests.training_case import GRPO, LORA, SFT, TOKEN_ROWS

    def copy_of(name: str) -> Path:
        return Path(shutil.copytree(tiny, tmp_path / name))

    query = "model.layers.0.self_attn.q_proj.weight"
    folder = copy_of("misshapen")
    weights_changed(folder, lambda w: w.update({query: w[query][:8].clone()}))
    assert "has the shape [8, 32], but config.json describes a model with [32, 32]" in wrong(folder)
    folder = copy_of("missing")
    weights_changed(folder, lambda w: w.pop(query))
    assert f"weights ({query}, 1 in all) would be random" in wrong(folder)
    folder = copy_of("fewer layers")
    config_changed(folder, num_hidden_layers=1, layer_types=["full_attention"])
    assert "would be ignored: config.json describes a model without them" in wrong(folder)
    folder = copy_of("unknown")
    config_changed(folder, model_type="mine", auto_map={"AutoConfig": "mine.Config"})
    (folder / "mine.py").write_text("raise SystemExit('it ran')\n")
    assert "does not know the model_type 'mine', and code of its own" in wrong(folder)
    folder = copy_of("no generator")
    config_changed(folder, architectures=["Qwen2ForSequenceClassification"])
    assert "is not a causal language model" in wrong(folder)
    folder = copy_of("odd sizes")
    config_changed(folder, hidden_size="many")
    assert re.search("transformers cannot load its (config|weights)", wrong(folder))
    folder = copy_of("odd tokenizer")
    (folder / "tokenizer.json").write_text("{}")
    assert "transformers cannot load its tokenizer" in wrong(folder)
    folder = copy_of("other tokenizer")
    settings = read_json(folder / "tokenizer_config.json")
    write_json(folder / "tokenizer_config.json", settings | {"eos_token": "<|new|>"})
    rows = "model.embed_tokens.weight"
    weights_changed(folder, lambda w: w.update({rows: w[rows][:200].clone()}))
    config_changed(folder, vocab_size=200)
    assert "but the model has 200 rows of embeddings" in wrong(folder)
    assert "give the model its `max_model_length`" in wrong(tiny, context=1000)
    longest = GRPO | {"max_completion_length": 500}
    assert "max_completion_length 500 of a recipe need more" in wrong(tiny, recipes=[longest])
    layers = SFT | {"lora": LORA | {"target_modules": ["c_attn"]}}
    assert "a recipe's lora does not fit the model: Target modules" in wrong(tiny, recipes=[layers])
    tokens = SFT | {"lora": LORA | {"trainable_token_indices": ["<|eot_id|>"]}}
    assert "no token ['<|eot_id|>'] in the model" in wrong(tiny, recipes=[tokens])
    endless = copy_of("endless")
    (endless / "chat_template.jinja").write_text(CHATML.replace(IM[1], "[end]"))
    assert "with no special token" in wrong(endless, recipes=[SFT | {"lora": LORA | TOKEN_ROWS}])


# ------------------------------------------------------------------------- code and permissions


def test_no_code_and_no_pickle_of_a_model_is_ever_loaded():
    sources = {path: path.read_text() for path in (ROOT / "scripts").rglob("*.py")}
    trusting = re.compile(r"trust_remote_code(?!=False)\W*[=:]")
    assert [path for path, text in sources.items() if trusting.search(text)] == []
    loads = re.compile(r"AutoModelForCausalLM\.from_pretrained\((?:[^()]|\([^()]*\))*\)")
    found = {path.name: call for path, text in sources.items() for call in loads.findall(text)}
    assert {"transformers.py", "embeddings.py", "usable.py", "checkpoints.py"} <= found.keys()
    for name, call in found.items():
        assert "use_safetensors=True" in call or name == "build_model.py", name


def test_what_is_published_can_be_read_by_whom_the_umask_lets(tmp_path):
    import os

    for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
        (tmp_path / "target").touch(mode=0o600)
        before = os.umask(umask)
        try:
            with folder_made_whole(tmp_path / "out") as folder:
                (folder / "model.safetensors").touch(mode=0o600)
                (folder / "link").symlink_to(tmp_path / "target")
            assert os.umask(umask) == umask
        finally:
            os.umask(before)
        assert (tmp_path / "out" / "model.safetensors").stat().st_mode & 0o777 == mode
        assert (tmp_path / "target").stat().st_mode & 0o777 == 0o600
