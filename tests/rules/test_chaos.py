"""A few rounds of `make chaos`: disturbed and started again, a run ends in the same bytes."""

import sys

import pytest

from tests.chaos.disturbances import possible
from tests.chaos.rounds import play_rounds

SEED, ROUNDS = 196, 5  # five different disturbances


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the disturbances are Linux's")
def test_a_disturbed_run_ends_in_the_bytes_of_an_undisturbed_one(mini_study, tmp_path):
    disturbances, _ = possible()
    numbers = list(range(1, ROUNDS + 1))
    played = play_rounds(mini_study, tmp_path, SEED, numbers, disturbances)
    assert not [str(round_) for round_ in played if round_.failures]
