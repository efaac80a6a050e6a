from __future__ import annotations

import pytest
from lab import checks
from lab.errors import LabError
from lab.ssh import Result


class FakeSsh:
    """Keeps what it was asked to run."""

    def __init__(self, stdout):
        self.stdout = stdout
        self.scripts = []

    def run(self, remote, timeout):
        self.scripts.append(remote)
        return Result(0, self.stdout, "")


def test_each_driver_is_loaded_anew_once_after_the_cpus_are_online():
    ssh = FakeSsh("16\n")
    checks.bring_cpus_online(ssh, ("82599", "82576", "82599"), 16)
    script = ssh.scripts[0]
    assert script.index('> "$cpu"') < script.index("modprobe --all --remove igb ixgbe")
    assert script.index("--remove") < script.index("modprobe --all igb ixgbe")


def test_a_cpu_that_stays_offline_is_an_error():
    with pytest.raises(LabError, match="15 of its 16 CPUs"):
        checks.bring_cpus_online(FakeSsh("15\n"), ("82599",), 16)


GOOD = "0000:01:00.0 driver ixgbe\n0000:01:00.0 iommu 6\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD, None),
        ("", "is not on the PCI bus"),
        ("0000:01:00.0 missing\n", "is not on the PCI bus"),
        ("0000:01:00.0 driver \n0000:01:00.0 iommu 6\n", "no driver, not to ixgbe"),
        ("0000:01:00.0 driver ixgbe\n0000:01:00.0 iommu \n", "no IOMMU group"),
    ],
)
def test_a_nic_that_is_not_as_requested_is_reported(text, problem):
    problems = checks.problems_of("0000:01:00.0", "ixgbe", text)
    assert [problem in said for said in problems] == ([True] if problem else [])
