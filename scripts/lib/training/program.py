"""How a training's program ends, alone or as one of several processes."""

import ctypes
import functools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from scripts.lib.disk import disk_in_words
from scripts.lib.training.preemption import leave

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl
ERROR_FILE = "TORCHELASTIC_ERROR_FILE"  # set by torchrun, which accelerate's launcher is


def training_program(main: Callable[[], None]) -> Callable[[], None]:
    """Let a training's program end well from its first moment, alone or as one of several.

    A SIGTERM while it reads its arguments means the same as later. One of several processes gives
    the launcher its last message, to be said once; when the launcher dies it stops like after a
    SIGTERM, so that none is left behind.
    """

    @functools.wraps(main)
    def program() -> None:
        signal.signal(signal.SIGTERM, stop)
        file = os.environ.get(ERROR_FILE)
        if file and sys.platform == "linux":
            ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
        try:
            with disk_in_words():
                main()
        except SystemExit as end:
            if not (file and isinstance(end.code, str)):
                raise
            said = {"message": end.code, "timestamp": int(time.time())}  # torchrun's format
            Path(file).write_text(json.dumps(said), encoding="utf-8")
            raise SystemExit(1) from None
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the work is done: nothing is left to resume

    return program


def stop(signum: int, frame: FrameType | None) -> None:
    """Leave on a SIGTERM that comes before the training knows what it trains."""
    leave("training", "stopped by SIGTERM", "where it was")
