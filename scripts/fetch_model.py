"""Make an untrained model available: from the hub at a pinned revision, or from a local folder.

Downloads are shared by all studies; the record names the folder and every file's sha256.
"""

import os
import subprocess
import sys
from pathlib import Path

from scripts.cli import job_arguments, planned_run
from scripts.lib.data.hub import download, patient_hub
from scripts.lib.files import digest_files
from scripts.lib.model.integrity import require_files

# No copies of the weights in other formats: Mistral's own is in safetensors too.
FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja", "*.model", "*.tiktoken", "*.spm"]
OTHERS = ["consolidated*"]
SOURCE = ("repo", "revision", "path")


def main() -> None:
    """Fetch the model of a planned job."""
    parser = job_arguments(__doc__)
    parser.add_argument("--model", required=True, help="name of the model in config.yaml")
    parser.add_argument("--downloads", type=Path, required=True, help="folder of all downloads")
    parser.add_argument("--output", type=Path, required=True, help="model.json to write")
    parser.add_argument("--check", action="store_true", help="run scripts.check_model on it too")
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
            download(repo, revision, folder, FILES, OTHERS)
    require_files(folder, f"models.{args.model}")
    if args.check:
        # A program of its own, which needs no hub.
        named = ("--config", args.config, "--model", args.model, "--folder", folder)
        command = [sys.executable, "-m", "scripts.check_model", *named]
        checked = subprocess.run(command, env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False)
        if checked.returncode:
            raise SystemExit(checked.returncode)
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
