"""Build a toy model: next-token prediction on word problems, from scratch or from another model.

A killed build resumes from its last state in the folder of --checkpoints, and its files are those
of an uninterrupted one: batches depend on the step alone, and the model has no dropout.
"""

import math
import random
import shutil
import time
from pathlib import Path
from typing import Any

from scripts.cli import job_arguments, planned_run
from scripts.lib.console import report
from scripts.lib.files import digest_files, folder_made_whole, write_json, written_aside
from scripts.lib.machine.imports import quick_imports
from scripts.lib.model.weights import required_checkpoint
from scripts.lib.provenance import run_facts
from scripts.lib.toy.corpus import documents
from scripts.lib.training.resume import locked, tidy

with quick_imports(without="sklearn"):
    import torch
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        GenerationConfig,
        Qwen2Config,
        Qwen2ForCausalLM,
    )
    from transformers.utils import logging

END_OF_TEXT = "<|endoftext|>"
SORTED_BATCHES = 50


def make_batches(
    pairs: list[tuple[str, str]], tokenizer: Any, size: int, seed: int
) -> list[list[tuple[list[int], int]]]:
    """Cut documents into batches of similar length, in a seeded order of the batches.

    A document is its token ids and the length of its prompt.
    """
    prompts = tokenizer([prompt for prompt, _ in pairs])["input_ids"]
    answers = tokenizer([answer for _, answer in pairs])["input_ids"]
    ids = [(p + a, len(p)) for p, a in zip(prompts, answers, strict=True)]
    batches = []
    for start in range(0, len(ids), size * SORTED_BATCHES):
        window = sorted(
            ids[start : start + size * SORTED_BATCHES], key=lambda document: len(document[0])
        )
        cut = [window[i : i + size] for i in range(0, len(window), size)]
        random.Random(f"{seed} {start}").shuffle(cut)
        batches += cut
    return batches


def batch_loss(
    model: torch.nn.Module, batch: list[tuple[list[int], int]], pad: int
) -> torch.Tensor:
    """Return the mean next-token loss on the answers.

    The questions are random draws: learning to predict them costs half as many steps again.
    Padding stands behind the text, so no attention mask is needed.
    """
    width = max(len(ids) for ids, _ in batch)
    inputs = torch.full((len(batch), width), pad)
    labels = torch.full((len(batch), width), -100)
    for row, (ids, prompt) in enumerate(batch):
        inputs[row, : len(ids)] = torch.tensor(ids)
        labels[row, prompt : len(ids)] = inputs[row, prompt : len(ids)]
    return model(input_ids=inputs, labels=labels, use_cache=False).loss


def learning_rate_at(step: int, build: dict[str, Any]) -> float:
    """Linear warm-up, then a cosine down to a tenth of the rate."""
    warm, last, rate = build["warmup_steps"], build["max_steps"], build["learning_rate"]
    if step < warm:
        return rate * (step + 1) / warm
    return rate * (0.55 + 0.45 * math.cos(math.pi * (step - warm) / max(1, last - warm)))


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write the training state whole or not at all."""
    with written_aside(path) as aside:
        torch.save(state, aside)


def train(
    model: torch.nn.Module,
    batches: list[list[tuple[list[int], int]]],
    build: dict[str, Any],
    pad: int,
    work: Path,
    name: str,
) -> float:
    """Train for `max_steps`, resuming from `work`; return the last loss."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=0.0, betas=(0.9, 0.99), weight_decay=build["weight_decay"]
    )
    state_file = work / "state.pt"
    first, value = 0, math.nan
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, value = state["step"], state["loss"]
        report(f"build_model {name}: goes on from step {first}")
    model.train()
    for step in range(first, build["max_steps"]):
        optimizer.param_groups[0]["lr"] = learning_rate_at(step, build)
        loss = batch_loss(model, batches[step], pad)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        value = loss.item()
        done = step + 1
        if done % build["save_steps"] == 0 and done < build["max_steps"]:
            saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            save_state(state_file, {**saved, "step": done, "loss": value})
            report(f"build_model {name}: step {done}/{build['max_steps']} loss {value:.3f}")
    return value


def save_model(model: Any, tokenizer: Any, eos: str, folder: Path) -> None:
    """Save weights, tokenizer and generation settings as an ordinary checkpoint.

    Like Qwen2.5: the base model stops at the end of a text alone, a chat model at the end of its
    turn too. `do_sample` must be set, or LightEval's transformers backend decodes greedily.
    """
    tokenizer.eos_token = eos
    stops = [eos] if eos == END_OF_TEXT else [eos, END_OF_TEXT]
    stop_ids = tokenizer.convert_tokens_to_ids(stops)
    model.config.eos_token_id = stop_ids[0]
    model.config.pad_token_id = tokenizer.pad_token_id
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=0.6,
        top_p=0.95,
        top_k=0,
        repetition_penalty=1.0,
        eos_token_id=stop_ids,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def build_model(
    settings: dict[str, Any],
    tokenizer_folder: Path,
    start: Path | None,
    work: Path,
    checkpoint: Path,
    name: str,
) -> dict[str, Any]:
    """Train the model of the settings, resuming from `work`, and save it in `checkpoint`."""
    build = settings["build"]
    seed = build["seed"]
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    if start is None:
        config = Qwen2Config(
            vocab_size=len(tokenizer), tie_word_embeddings=True, **build["architecture"]
        )
        model = Qwen2ForCausalLM(config)
    else:
        model = AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32)
    rows = build["max_steps"] * build["per_device_train_batch_size"]
    pairs = documents(build["corpus"], settings["prompts"], tokenizer, rows, seed, build["eos"])
    batches = make_batches(pairs, tokenizer, build["per_device_train_batch_size"], seed)
    work.mkdir(parents=True, exist_ok=True)
    loss = train(model, batches, build, tokenizer.pad_token_id, work, name)
    save_model(model, tokenizer, build["eos"], checkpoint)
    return {
        "steps": build["max_steps"],
        "loss": loss,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def main() -> None:
    """Run the rule."""
    parser = job_arguments(__doc__)
    parser.add_argument("--model", required=True, help="name of the model in the config")
    parser.add_argument("--tokenizer", type=Path, required=True, help="record of the tokenizer")
    parser.add_argument("--start", type=Path, nargs="?", help="model.json to start from, if any")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder of the state")
    parser.add_argument("--output", type=Path, required=True, help="model.json to write")
    args = parser.parse_args()
    logging.set_verbosity_error()
    run = planned_run(args, "build_model", model=args.model)
    key = run.job.key
    build = run.study.config["models"][args.model]["build"]
    start = required_checkpoint(args.start) if args.start else None
    began = time.time()
    with locked(args.checkpoints):
        work = args.checkpoints / key
        tidy(work, "build_model", key, model=args.model)
        tokenizer = required_checkpoint(args.tokenizer)
        settings = run.settings | {"build": build}
        with folder_made_whole(args.output.parent / "checkpoint") as aside:
            facts = build_model(settings, tokenizer, start, work, aside, args.model)
            files = digest_files(aside)
        times = {"wall_seconds": time.time() - began, **run_facts("build_model")}
        write_json(args.output.with_suffix(".run.json"), times)
        record = {"model": args.model, "status": "ok", "files": files, "config": run.settings}
        run.write_record(args.output, **record, **facts)
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
