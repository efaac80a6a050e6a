"""What is below Ansible runs without it: a copied directory and the host's own Python."""

import subprocess
from pathlib import Path

import pytest
from lab.modules import PLUGINS

DIRECTORY = "/run/without-ansible"
PROGRAM = """
import sys

sys.path.insert(0, sys.argv[1])
from _sriov.converge import converge
from _sriov.kernel.kernel import Kernel
from _sriov.model.desired import Desired, DesiredPf, DesiredVfs
from _sriov.model.selector import parse_selector

vlan, driver = int(sys.argv[2]), sys.argv[3]
vfs = (DesiredVfs(parse_selector(3), {"vlan": vlan, "driver": driver}),)
desired = Desired((DesiredPf("enp1s0", vfs=vfs),))
for step in converge(Kernel(), desired, 60.0).plan.steps:
    print(step)
assert "ansible" not in sys.modules
"""


@pytest.fixture(scope="module")
def converge(vm):
    source = Path(PLUGINS) / "module_utils"
    packed = subprocess.run(
        ["tar", "-C", str(source), "-cz", "--exclude=__pycache__", "_sriov"], stdout=subprocess.PIPE, check=True
    ).stdout
    unpack = vm.ssh_command(f"rm -rf {DIRECTORY} && mkdir {DIRECTORY} && tar -C {DIRECTORY} -xz")
    subprocess.run(unpack, input=packed, check=True)
    vm.ssh(["tee", f"{DIRECTORY}/program.py"], stdin=PROGRAM)

    def run(vlan, driver):
        program = ["/usr/bin/python3", "-I", f"{DIRECTORY}/program.py", DIRECTORY, str(vlan), driver]
        return vm.ssh(program).stdout.splitlines()

    yield run
    vm.ssh(["rm", "-r", DIRECTORY])


def test_a_host_is_converged_by_a_copied_directory(converge, guest):
    assert len(converge(100, "vfio-pci")) >= 2
    assert "vlan 100" in guest.check_output("ip link show enp1s0")
    assert guest.check_output("basename $(readlink /sys/bus/pci/devices/0000:01:00.0/virtfn3/driver)") == "vfio-pci"
    assert converge(100, "vfio-pci") == [], "the second run finds nothing to do"
    assert len(converge(0, "default")) == 2
    assert "vlan 100" not in guest.check_output("ip link show enp1s0")
