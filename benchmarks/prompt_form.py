"""Measure how often a model follows a prompt that asks for the two tags of paper 3.3.

Each wording asks the same problems, the first of the file, with one completion per problem; the
study's grader judges them. What stands in `shares`, with its 95% interval by Wilson:

  in_format       the format reward's: one <think> pair, then one <answer> pair, nothing else
  readable        the lenient grader finds an answer
  right           the lenient grader's verdict
  strict_right    the accuracy reward's: only tags and boxes count
  boxed           there is a box that closes
  cut_off         the limit of tokens came before the end

    python -m benchmarks.prompt_form --model FOLDER --problems gsm8k_test.jsonl \
        --prompts benchmarks/prompts.yaml --output benchmarks/results/NAME.json

Wordings that the output has already are left as they are, so it must be of the same model, problems
and settings. It holds no problem and no completion.
"""

import argparse
import datetime
import os
import platform
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from scripts.lib.data.prompts import Prompt, messages
from scripts.lib.data.schemas import load_rows
from scripts.lib.engines.requests import Request, Sampling
from scripts.lib.files import read_json, sha256_of, write_json, write_jsonl
from scripts.lib.grading.boxes import boxes
from scripts.lib.grading.grader import Grader
from scripts.lib.grading.tags import in_format
from scripts.lib.provenance import git_commit, versions
from scripts.lib.scores.intervals import wilson

ENGINES = ("transformers", "vllm")
CONFIG = Path(__file__).parents[1] / "config.yaml"
SCHEMAS = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["schemas"]
MODEL_LENGTH = 2048  # tokens: a prompt with its longest completion
SHARES = ("in_format", "readable", "right", "strict_right", "boxed", "cut_off")


def judged(schema: str, gold: str, text: str, cut_off: bool, grader: Grader) -> dict[str, bool]:
    """Return what is true of one completion, by the names of SHARES."""
    lenient, strict = (
        grader.grade_many([(schema, gold, text)], mode)[0] for mode in ("lenient", "strict")
    )
    return {
        "in_format": in_format(text),
        "readable": lenient.status != "no_answer",
        "right": lenient.correct,
        "strict_right": strict.correct,
        "boxed": bool(boxes(text)),
        "cut_off": cut_off,
    }


def shares(rows: list[dict[str, bool]]) -> dict[str, dict[str, float]]:
    """Return count, share and 95% interval of everything judged.

    >>> shares([{name: True for name in SHARES}])["boxed"]["count"]
    1
    """
    found = {}
    for name in SHARES:
        count = sum(row[name] for row in rows)
        low, high = wilson(count / len(rows), len(rows))
        found[name] = {"count": count, "share": count / len(rows), "low": low, "high": high}
    return found


def ask(
    engine: Any, tokenizer: Any, prompts: list[Prompt], problems: list[dict[str, Any]], args: Any
) -> list[list[dict[str, Any]]]:
    """Return each wording's completions, one per problem, with the lengths in tokens.

    The wordings share batches.
    """
    from scripts.lib.model.stop_tokens import stop_ids_of

    stops = stop_ids_of(args.model, tokenizer)
    asked = [
        tokenizer.apply_chat_template(
            messages(prompt, problem["question"]),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
        )["input_ids"]
        for problem in problems
        for prompt in prompts
    ]
    requests = [Request(ids, args.max_new_tokens, 0) for ids in asked]
    outputs = engine.generate(requests, Sampling(args.temperature, args.top_p, 0, 1.0, stops, 0))
    rows = [
        {
            "completion": tokenizer.decode(tokens, skip_special_tokens=True),
            "tokens": len(tokens),
            "prompt_tokens": len(ids),
            "cut_off": tokens[-1] not in stops,
        }
        for ids, tokens in zip(asked, outputs, strict=True)
    ]
    return [rows[start :: len(prompts)] for start in range(len(prompts))]


def judge(
    prompt: Prompt, problems: list[dict[str, Any]], rows: list[dict[str, Any]], schema: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the record of one wording, and its completions with their verdicts."""
    with Grader() as grader:
        verdicts = [
            judged(schema, problem["gold"], row["completion"], row["cut_off"], grader)
            for problem, row in zip(problems, rows, strict=True)
        ]
    record = {
        "prompt": dict(prompt),
        "problems": len(problems),
        "mean_prompt_tokens": fmean(row["prompt_tokens"] for row in rows),
        "mean_completion_tokens": fmean(row["tokens"] for row in rows),
        "shares": shares(verdicts),
    }
    read = [
        {"id": problem["id"], "gold": problem["gold"], **row, **verdict}
        for problem, row, verdict in zip(problems, rows, verdicts, strict=True)
    ]
    return record, read


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """Return what every wording of one output shares."""
    return {
        "model": {"name": args.name or args.model.name, "weights": weights_digest(args.model)},
        "problems": {"file": args.problems.name, "sha256": sha256_of(args.problems)},
        "count": args.count,
        "temperature": args.temperature,
        "top_p": args.top_p,
        "max_new_tokens": args.max_new_tokens,
        "dtype": args.dtype,
        "engine": args.engine,
    }


def weights_digest(model: Path) -> str:
    """Return the sha256 of a checkpoint's only file of weights."""
    files = sorted(model.glob("*.safetensors"))
    if len(files) != 1:
        raise SystemExit(f"--model {model}: expected one .safetensors file, found {len(files)}")
    return sha256_of(files[0])


def machine() -> dict[str, Any]:
    """Return where it was measured."""
    facts = {"gpu": None, "cpu_count": os.cpu_count(), "platform": platform.platform()}
    return facts | {"versions": versions()}


def read_prompts(path: Path, names: list[str] | None) -> dict[str, Prompt]:
    """Return the wordings of a YAML file that are to be measured; exit if a name is not there."""
    prompts = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = [name for name in names or [] if name not in prompts]
    if missing:
        raise SystemExit(f"--only: {path} has no {', '.join(missing)}, only {', '.join(prompts)}")
    return {name: prompts[name] for name in names or prompts}


def started_record(args: argparse.Namespace) -> dict[str, Any]:
    """Return the record to go on with; exit if the output is of other settings."""
    settings = settings_of(args)
    if args.output.exists():
        record = read_json(args.output)
        differ = [name for name in settings if record["settings"].get(name) != settings[name]]
        if differ:
            raise SystemExit(
                f"{args.output}: measured with another {', '.join(differ)}; name another --output"
            )
        return record
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": git_commit(),
        "machine": machine(),
        "settings": settings,
        "cases": {},
    }


def main() -> None:
    """Measure the wordings that the flags name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="folder of a checkpoint")
    parser.add_argument("--name", help="the model's name in the output; default: its folder's")
    parser.add_argument("--problems", type=Path, required=True, help="JSON lines of a data set")
    parser.add_argument("--schema", choices=SCHEMAS, default="gsm8k", help="of the problems")
    parser.add_argument("--prompts", type=Path, required=True, help="YAML file of wordings")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="wordings; default: all")
    parser.add_argument("--count", type=int, default=200, help="how many problems, from the first")
    parser.add_argument("--temperature", type=float, default=0.6, help="0: greedy")
    parser.add_argument("--top-p", type=float, default=0.95)
    parser.add_argument("--max-new-tokens", type=int, default=300)
    parser.add_argument("--engine", choices=ENGINES, default="transformers")
    parser.add_argument("--batch-size", type=int, default=128, help="of transformers")
    parser.add_argument("--max-num-seqs", type=int, default=64, help="of vLLM")
    parser.add_argument("--dtype", default="float32", help="bfloat16 is slow on most CPUs")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--completions", type=Path, help="folder for completions, to be read")
    args = parser.parse_args()
    from scripts.lib.engines.start import EngineSettings, start_engine
    from scripts.lib.model.chat_template import load_tokenizer

    prompts = read_prompts(args.prompts, args.only)
    problems = load_rows(args.problems, SCHEMAS[args.schema]["columns"])[: args.count]
    record = started_record(args)
    tokenizer = load_tokenizer(args.model)
    left = {name: prompt for name, prompt in prompts.items() if name not in record["cases"]}
    if not left:
        raise SystemExit(f"{args.output}: has all of these wordings already")
    vllm = {"gpu_memory_utilization": 0.3, "max_num_seqs": args.max_num_seqs, "enforce_eager": True}
    engine = start_engine(
        EngineSettings(args.engine, vllm), args.model, args.dtype, MODEL_LENGTH, args.batch_size
    )
    answers = ask(engine, tokenizer, list(left.values()), problems, args)
    for (name, prompt), rows in zip(left.items(), answers, strict=True):
        case, read = judge(prompt, problems, rows, args.schema)
        record["cases"][name] = case
        if args.completions:
            write_jsonl(args.completions / f"{name}.jsonl", read)
        found = {key: f"{value['share']:.0%}" for key, value in case["shares"].items()}
        print(f"{name}: {found}", flush=True)
    write_json(args.output, record)


if __name__ == "__main__":
    main()
