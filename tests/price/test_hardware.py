"""The machine that `plan` prices: the profile's GPUs, a partition's limits, a laptop's cores."""

from scripts.lib.price.hardware import Machine, machine_of, within_partition

H100 = {"device": "h100", "slots": 8}
CPU = {"device": "cpu", "slots": 2}


def test_the_profiles_gpus_count_and_another_kind_is_named():
    machine = machine_of(H100, 16, {"gpu": 1, "mem_mb": 64000}, 4000, ["NVIDIA A100"])
    assert machine.devices == 1
    assert "this machine has NVIDIA A100, priced here is h100" in machine.words
    assert "priced" not in machine_of(H100, 16, {"gpu": 4}, names=["NVIDIA H100 80GB"]).words
    assert "computes on the CPU" in machine_of(H100, 16, {"gpu": 0}).words


def test_without_a_number_in_the_profile_it_is_the_configs():
    assert machine_of(H100, None, {}).devices == 8


def test_a_laptop_runs_as_many_as_cores_and_memory_allow():
    assert machine_of(CPU, 2, {"mem_mb": 6000}, 1500).devices == 2
    assert machine_of(CPU, 16, {"mem_mb": 6000}, 1500).devices == 4


def test_a_partition_limits_the_devices_and_its_longest_time_is_said():
    sinfo = "cpu 1:00:00 90 (null)\nh100 2-00:00:00 2 gpu:h100:2(S:0-1)\nh100 2-00:00:00 1 gpu:1\n"
    machine = within_partition(Machine(8, "8 by the config"), "h100", sinfo)
    assert machine.devices == 5
    assert machine.words.endswith("h100 has 5 GPUs; its longest job may take 2-00:00:00")
    assert within_partition(Machine(4, ""), "h100", sinfo).devices == 4
    assert within_partition(Machine(8, ""), "cpu", sinfo) == Machine(8, "")
