# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for PFs, by a clock of the test's own; and whether they are the cards that were meant."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.pfs import await_pfs, card_faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import deadline
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import LABEL, LABEL_2, ONE, TWO, start, wish

BOTH = (wish(), wish(TWO, 1, ()))
FREED = "02:00:00:00:00:99"
IF_MEANT = "Remedy: if that is meant, run the playbook again for what is there now (module boot_state)."
SEE = "Remedy: see dmesg and lspci for the card and its driver."


class Clock:
    """Time passes where somebody sleeps, and what happens then is done.

    :param events: (seconds from the beginning, what happens).
    """

    def __init__(self, events):
        self.now = 0.0
        self.sleeps = []
        self._events = list(events)

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.now = round(self.now + seconds, 6)
        while self._events and self._events[0][0] <= self.now:
            self._events.pop(0)[1]()


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host and its clock; by name, parts of it that come later."""
    kernel = start(tmp_path, *BOTH)
    hidden = {
        "device": f"sys/bus/pci/devices/{TWO.address}",
        "interface": f"sys/bus/pci/devices/{TWO.address}/net",
        "udev": "run/udev/data/n4",
        "driver": f"sys/bus/pci/devices/{TWO.address}/driver",
    }

    def clock(**later):
        found = []
        for name, seconds in later.items():
            path = tmp_path / hidden[name]
            os.rename(path, tmp_path / f"later-{name}")
            found.append((seconds, lambda path=path, name=name: os.rename(tmp_path / f"later-{name}", path)))
        made = Clock(sorted(found, key=lambda event: event[0]))
        monkeypatch.setattr(deadline, "time", made)
        return made

    return kernel, clock


def test_who_is_there_is_not_waited_for(host):
    kernel, clock = host
    now = clock()
    assert await_pfs(kernel, BOTH, 30) == {}
    assert now.sleeps == []


@pytest.mark.parametrize(
    "late", [{"device": 7.02}, {"interface": 7.02}, {"udev": 7.02}, {"interface": 3, "udev": 7.02}]
)
def test_one_that_comes_late_is_seen_soon(host, late):
    kernel, clock = host
    now = clock(**late)
    assert await_pfs(kernel, BOTH, 30) == {}
    assert 7.02 <= now.now <= 7.1 and set(now.sleeps) == {0.05}


@pytest.mark.parametrize(
    ("late", "why"),
    [
        ({"device": 31}, "there is no such PCI device"),
        ({"interface": 31}, "its driver igb has given it no interface"),
        ({"interface": 31, "driver": 32}, "it has no driver"),
        ({"udev": 31}, "udev has not named enp2s0 yet"),
    ],
)
def test_one_that_never_comes_costs_its_limit_once_and_says_what_is_missing(host, late, why):
    kernel, clock = host
    now = clock(**late)
    third = wish(hosts.Nic(address="0000:09:00.0", name="enp9s0"))
    assert await_pfs(kernel, (*BOTH, third), 30) == {
        TWO.address: why,
        "0000:09:00.0": "there is no such PCI device",
    }
    assert now.now == 30


def test_without_udev_a_name_is_the_last(host, tmp_path):
    kernel, clock = host
    clock()
    os.rename(tmp_path / "run/udev", tmp_path / "gone")
    assert await_pfs(kernel, BOTH, 30) == {}


def test_a_pf_that_had_no_interface_needs_none(host):
    kernel, clock = host
    now = clock(interface=31)
    assert await_pfs(kernel, (wish(), wish(TWO, 1, ())._replace(name="")), 30) == {}
    assert now.sleeps == []


def entry(nic=TWO, index=4, **more):
    """What `ip` tells of an interface, and its driver does not tell its permanent MAC."""
    return {**hosts.interface(nic.name, index, nic.mac, up=True, **more)}


@pytest.mark.parametrize(
    ("saved", "extra", "lacking", "told"),
    [
        pytest.param(TWO.mac, {}, {}, None, id="the same"),
        pytest.param(FREED, {}, {}, f"the card at {TWO.address} is another one: permanent MAC {TWO.mac}, saved "
                     f"{FREED}; that one is not on this host. {IF_MEANT}", id="another"),
        pytest.param(ONE.mac, {}, {}, f"the card at {TWO.address} is another one: permanent MAC {TWO.mac}, saved "
                     f"{ONE.mac}; that one is now at {LABEL}. {IF_MEANT}", id="another, and the one is elsewhere"),
        pytest.param(FREED, entry(permaddr=FREED), {}, None, id="its MAC was changed: the permanent one counts"),
        pytest.param(TWO.mac, {}, {TWO.address: "it has no driver"}, f"{LABEL_2} is not there after 30 s: it has no "
                     f"driver. {SEE}", id="not there"),
        pytest.param(ONE.mac, {}, {TWO.address: "there is no such PCI device"}, f"the card of {LABEL_2} has moved: "
                     f"there is no such PCI device; saved permanent MAC {ONE.mac}; that one is now at {LABEL}. "
                     f"{IF_MEANT}", id="moved"),
        pytest.param(None, {}, {}, None, id="nothing was saved to know it by"),
        pytest.param("00:00:00:00:00:00", {}, {}, None, id="it had none"),
    ],
)  # fmt: skip
def test_cards(tmp_path, saved, extra, lacking, told):
    kernel = start(tmp_path, *BOTH, files=extra)
    pfs = (wish(), wish(TWO, 1, ())._replace(perm_mac=saved))
    faults = card_faults(kernel, pfs, lacking, 30 if lacking else 0.0)
    assert {pf: str(fault) for pf, fault in faults.items()} == ({TWO.address: told} if told else {})


@pytest.mark.parametrize(("saved", "is_known"), [(TWO.mac, True), (FREED, False)])
def test_a_card_that_tells_only_the_address_that_it_has(tmp_path, saved, is_known):
    """By that address it may be known; without it nobody can tell."""
    kernel = start(tmp_path, *BOTH)
    kernel.ethtool.permanent_mac = lambda _name: None
    faults = card_faults(kernel, (wish(TWO, 1, (), perm_mac=saved),), {}, 0.0)
    said = [
        f"it is not known whether the card at {TWO.address} is the one that was saved: its permanent MAC cannot be "
        f"read; saved {saved}. Remedy: see dmesg, and `ip -d link show dev enp2s0`."
    ]
    assert [str(fault) for fault in faults.values()] == ([] if is_known else said)


def test_a_vf_with_the_saved_address_is_not_the_card(tmp_path):
    """VFs may have any address."""
    kernel = start(tmp_path, *BOTH)
    kernel.pci.set_num_vfs(ONE.address, 1, 5)
    (name,) = kernel.pci.interfaces(ONE.vf(0))
    build(tmp_path, hosts.interface(name, 20, FREED))
    (fault,) = card_faults(kernel, (wish(TWO, 1, (), perm_mac=FREED),), {}, 0.0).values()
    assert "that one is not on this host" in str(fault)
