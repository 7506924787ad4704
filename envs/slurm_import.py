"""Let Snakemake start at once where SLURM's controller is slow or down.

Snakemake imports all its executors at every start, and that of SLURM asks `scontrol show config`
while it is imported, for its help text alone: 9 s where no controller answers. `make setup` puts
this module into the environment, where Python runs it before Snakemake (slurm_import.pth): it
imports the executor with an empty SLURM configuration. The executor at work asks the real one.
"""

import os

before = os.environ.get("SLURM_CONF")
os.environ["SLURM_CONF"] = os.devnull
try:
    import snakemake_executor_plugin_slurm  # noqa: F401
finally:
    if before is None:
        del os.environ["SLURM_CONF"]
    else:
        os.environ["SLURM_CONF"] = before
