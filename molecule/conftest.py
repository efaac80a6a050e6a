"""Fixtures of the scenarios' tests: they look at the VM by `cat`, `ip`, `lspci` and frames, not by our modules."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra
from lab import boots
from lab.looks import look, look_again
from lab.modules import GuestModules
from lab.rebooting import Rebooted
from lab.traffic_guest import GuestNic
from lab.vm import Vm

PF = "0000:01:00.0"
LOOKED = "/run/looked"  # what the guest's programs have shown before molecule's step `check`
EXAMPLE = Path(__file__).parents[1] / "examples" / "inventory"


@pytest.fixture(scope="session")
def vm() -> Vm:
    return Vm.attach(os.environ["MOLECULE_SCENARIO_NAME"])


@pytest.fixture(scope="session")
def reboot(vm: Vm) -> Callable[..., Rebooted]:
    """Boots the VM again and waits until it has started everything; `hard=True`: by its reset button.

    What tests have begun in the guest is over then, also fixtures `modules` and `quiet`: a test that goes on with
    modules opens a `GuestModules` of its own.
    """
    return vm.reboot


@pytest.fixture(scope="session")
def guest(vm: Vm) -> testinfra.host.Host:
    """The VM as testinfra sees it, over the connection that the lab keeps open."""
    variables = vm.inventory_host().variables()
    return testinfra.get_host(
        f"ssh://{variables['ansible_user']}@{variables['ansible_host']}:{variables['ansible_port']}",
        ssh_identity_file=variables["ansible_ssh_private_key_file"],
        ssh_extra_args=variables["ansible_ssh_args"],
    )


@pytest.fixture
def catch_all(guest: testinfra.host.Host) -> Iterator[None]:
    """systemd-networkd has all interfaces by DHCP, as on many hosts, but for those that are kept from it."""
    yield from boots.catch_all(guest)


@pytest.fixture(scope="session")
def quiet(vm: Vm) -> None:
    """Only frames of the tests pass: no neighbour discovery, and no interface answers for another's address."""
    switches = ("ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6", "ipv4/conf/all/arp_ignore")
    vm.ssh(f"cd /proc/sys/net && echo 1 | tee {' '.join(switches)}")


@pytest.fixture(scope="session")
def nic(vm: Vm, quiet: None) -> GuestNic:
    """Test NIC 0 as the guest sees it."""
    return GuestNic(vm)


@pytest.fixture(scope="session")
def modules(vm: Vm) -> Iterator[GuestModules]:
    """Our modules, run in the guest: for tables of requests, where what they say is the point."""
    with GuestModules(vm) as running:
        yield running


@pytest.fixture(scope="session")
def example(vm: Vm, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Runs playbook provision in check mode with the example inventory, the VM being one more host of a group there.

    What the guest's programs show stays as it was; it is left in the guest for tests of later steps.
    """

    def check(group: str) -> str:
        inventory = tmp_path_factory.mktemp("example") / "lab.yml"
        host = vm.inventory_host()
        inventory.write_text(json.dumps({group: {"hosts": {host.name: host.variables()}}}))
        before = look(vm)
        command = ["ansible-playbook", "-i", EXAMPLE, "-i", inventory, "--limit", host.name, "--check", "--diff"]
        ended = subprocess.run(
            [*command, "kernel_bypass.sriov.provision"], capture_output=True, text=True, timeout=600, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert look_again(vm, before) == before
        vm.ssh(["tee", LOOKED], stdin=before)
        return ended.stdout

    return check
