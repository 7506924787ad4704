"""Train the toy models' tokenizer: byte-level BPE with Qwen's pre-tokenizer and ChatML tokens."""

from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.files import digest_files, folder_made_whole
from scripts.lib.machine.imports import quick_imports
from scripts.lib.toy.corpus import TOKENIZER_DOCUMENTS, documents

with quick_imports(without="sklearn"):
    from transformers import AutoTokenizer, Qwen2Tokenizer
    from transformers.utils import logging

END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{%- if messages[0]['role'] != 'system' %}"
    "{{- '<|im_start|>system\nYou solve problems.<|im_end|>\n' }}"
    "{%- endif %}"
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
SAMPLE = "\\boxed{12} <|im_start|>user\nOn Monday Mia has 34 plums.<|im_end|>\n«é» $x^2$  \n\n"


def train_tokenizer(
    corpus: dict[str, Any], prompts: dict[str, Any], vocab_size: int, seed: int
) -> Qwen2Tokenizer:
    """Train on the corpus that the base model will read; the prompts are part of it.

    It starts from an empty Qwen2 tokenizer: transformers rebuilds Qwen2's own pre-tokenizer
    whenever it loads one, whatever tokenizer.json says, so no other may be trained with.
    """
    blank = Qwen2Tokenizer()
    blank.chat_template = CHAT_TEMPLATE
    pairs = documents(corpus, prompts, blank, TOKENIZER_DOCUMENTS, seed, END_OF_TEXT)
    texts = [prompt + answer for prompt, answer in pairs]
    tokenizer = blank.train_new_from_iterator(
        texts, vocab_size, new_special_tokens=[TURN_START, TURN_END], show_progress=False
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.model_max_length = 2048
    return tokenizer


def save_tokenizer(tokenizer: Qwen2Tokenizer, folder: Path, sample: str) -> None:
    """Save a tokenizer; exit with an error if it reads a text differently once loaded again."""
    tokenizer.save_pretrained(folder)
    again = AutoTokenizer.from_pretrained(folder)
    for text in (SAMPLE, sample):
        ids = tokenizer.encode(text)
        if again.encode(text) != ids or again.decode(ids) != text:
            raise SystemExit(f"{folder}: the saved tokenizer reads {text[:40]!r}... differently")


def build_tokenizer(settings: dict[str, Any], folder: Path) -> None:
    """Train the tokenizer of the settings and save it into a folder."""
    corpus, prompts = settings["corpus"], settings["prompts"]
    seed = settings["seed"]
    tokenizer = train_tokenizer(corpus, prompts, settings["vocab_size"], seed)
    [(prompt, answer)] = documents(corpus, prompts, tokenizer, 1, seed, END_OF_TEXT)
    save_tokenizer(tokenizer, folder, prompt + answer)


def main() -> None:
    """Run the rule."""
    parser = job_arguments(__doc__)
    parser.add_argument("--tokenizer", required=True, help="name of the tokenizer in the config")
    parser.add_argument("--output", type=Path, required=True, help="record beside checkpoint/")
    args = parser.parse_args()
    logging.set_verbosity_error()
    run = planned_run(args, "build_tokenizer", tokenizer=args.tokenizer)
    with folder_made_whole(args.output.parent / "checkpoint") as folder:
        build_tokenizer(run.settings, folder)
        files = digest_files(folder)
    run.write_record(args.output, status="ok", files=files)


if __name__ == "__main__":
    main()
