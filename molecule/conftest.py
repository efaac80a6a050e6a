"""Fixtures of the scenarios' tests: they look at the VM by `cat`, `ip`, `lspci` and frames, not by our modules."""

import os
from collections.abc import Iterator

import pytest
import testinfra
from lab.modules import GuestModules
from lab.traffic_guest import GuestNic
from lab.vm import Vm

PF = "0000:01:00.0"


@pytest.fixture(scope="session")
def vm() -> Vm:
    return Vm.attach(os.environ["MOLECULE_SCENARIO_NAME"])


@pytest.fixture(scope="session")
def guest(vm: Vm) -> testinfra.host.Host:
    """The VM as testinfra sees it, over the connection that the lab keeps open."""
    variables = vm.inventory_host().variables()
    return testinfra.get_host(
        f"ssh://{variables['ansible_user']}@{variables['ansible_host']}:{variables['ansible_port']}",
        ssh_identity_file=variables["ansible_ssh_private_key_file"],
        ssh_extra_args=variables["ansible_ssh_args"],
    )


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
