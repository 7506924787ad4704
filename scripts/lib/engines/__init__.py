"""What generates completions: the engines that a profile can name, and the modules of each.

The profile chooses the engine, so the code of these modules is in no job's key: its digest stands
in the records of what the engine generated (lib/dag/code.py).
"""

ENGINES = {
    "transformers": ("scripts.lib.engines.transformers",),
    "vllm": ("scripts.lib.engines.vllm", "scripts.lib.engines.vllm_colocated"),
}
