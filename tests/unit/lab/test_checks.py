from __future__ import annotations

import subprocess

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


def test_a_cpu_whose_tick_stands_still_is_taken_offline_and_back(tmp_path):
    """The guest's script on files of this machine: CPU 2 of four has no tick more at the second look."""
    for number in range(4):
        (tmp_path / f"cpu{number}").mkdir()
    (tmp_path / "sleep").write_text(
        f"""#!/bin/sh
cd {tmp_path}
echo x >> looks
case $(grep -c x looks) in
1) ticks="10 10 10 10" ;;
2) ticks="20 20 10 20" ;;
*) exit 1 ;;
esac
echo " LOC:  $ticks   Local timer interrupts" > interrupts
"""
    )
    (tmp_path / "sleep").chmod(0o755)
    script = checks._TICKS
    for path, stand_in in (
        ("/proc/interrupts", "interrupts"),
        ("/sys/devices/system/cpu/", ""),
        ("/dev/kmsg", "log"),
        ("sleep 5", "sleep"),
    ):
        assert path in script
        script = script.replace(path, f"{tmp_path}/{stand_in}")
    script = script.replace("> " + str(tmp_path) + "/cpu", ">> " + str(tmp_path) + "/cpu")  # both words, not the last
    subprocess.run(["sh", "-c", script], check=True, timeout=30)
    assert (tmp_path / "log").read_text() == "lab: CPU 2 had lost its timer\n"
    assert {path.parent.name: path.read_text() for path in tmp_path.glob("cpu*/online")} == {"cpu2": "0\n1\n"}


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
