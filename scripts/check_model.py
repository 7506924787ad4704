"""Say whether the study can use a model as it means to, before anything rests on it.

The rule fetch_model runs it; by hand, once results/STUDY/config.json is there:

    python -m scripts.check_model --config results/demo/config.json --model NAME --folder FOLDER
"""

import argparse
from pathlib import Path

from scripts.lib.machine.imports import quick_imports
from scripts.lib.model.integrity import require_files
from scripts.lib.model.usable import require_usable
from scripts.lib.study.config import load_study
from scripts.lib.study.uses import use_of


def main() -> None:
    """Check the model that the flags name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="config.json of the study")
    parser.add_argument("--model", required=True, help="name of the model in the config")
    parser.add_argument("--folder", type=Path, required=True, help="folder of its checkpoint")
    args = parser.parse_args()
    study = load_study(args.config)
    if args.model not in study.config["models"]:
        raise SystemExit(f"model {args.model} is not in {args.config}")
    require_files(args.folder, f"models.{args.model}")
    with quick_imports(without="sklearn"):
        import transformers  # noqa: F401
    try:
        require_usable(args.folder, use_of(study, args.model))
    except SystemExit as refusal:
        raise SystemExit(f"models.{args.model}: {refusal}") from None


if __name__ == "__main__":
    main()
