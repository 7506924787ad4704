"""Make an untrained model available: from the hub at a pinned revision, or from a local folder.

Downloads are shared by all studies; the record names the folder and every file's sha256.
"""

import os
from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.hub import download, patient_hub
from scripts.lib.files import digest_files

# Any of these is a tokenizer's vocabulary; SentencePiece's and tiktoken's are no JSON.
VOCABULARIES = ["tokenizer.json", "vocab.json", "vocab.txt", "*.model", "*.tiktoken", "*.spm"]
# No copies of the weights in other formats.
FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja", "*.model", "*.tiktoken", "*.spm"]
SOURCE = ("repo", "revision", "path")


def main() -> None:
    """Fetch the model of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--model", required=True, help="name of the model in config.yaml")
    parser.add_argument("--downloads", type=Path, required=True, help="folder of all downloads")
    parser.add_argument("--output", type=Path, required=True, help="model.json to write")
    args = parser.parse_args()
    run = planned_run(args, "fetch_model", model=args.model)
    definition = run.study.config["models"][args.model]
    source = {name: definition[name] for name in SOURCE if name in definition}
    if "path" in source:
        folder = Path(source["path"]).resolve()
    else:
        repo, revision = source["repo"], source["revision"]
        folder = args.downloads / repo / revision
        with patient_hub(repo, revision):
            download(repo, revision, folder, FILES)
    if not (folder / "config.json").is_file():
        raise SystemExit(f"{folder}: no config.json, so no checkpoint (models.{args.model})")
    if not any(file for pattern in VOCABULARIES for file in folder.glob(pattern)):
        raise SystemExit(
            f"{folder}: no tokenizer's vocabulary ({', '.join(VOCABULARIES)}), without which "
            f"transformers would make up one of a few tokens (models.{args.model}); take a "
            "repository that has one, or put the files of its tokenizer into a local copy (`path`)"
        )
    run.write_record(
        args.output,
        model=args.model,
        status="ok",
        source=source,
        checkpoint=os.path.relpath(folder, args.output.parent),
        files=digest_files(folder),
    )


if __name__ == "__main__":
    main()
