# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a VF its user has changed, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredVf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Master, Netdev
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.user_changes import (
    has_own_mac,
    has_own_mtu,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import BUSY, FRESH, PROGRAM, vf

MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
BOND, BRIDGE = Master("bond", OTHER, 9000), Master("bridge", OTHER, 9000)
PORT = Holder("master", "v0 is a port of bond bond0")
MACVTAP = Holder("upper", "macvtap macvtap0 is stacked on v0")
AWAY = Holder("netns", "its interface v0 is in network namespace pod")
TRUSTED = replace(FRESH, mac=OTHER, trust=True)
UNTRUSTED = replace(TRUSTED, trust=False)


def loaded(mac, perm, attributes=TRUSTED, master=None, **changes):
    found = Netdev("v0", 10, mac, perm, mtu=9000, master=master)
    return vf(netdevs=(found,), attributes=attributes, **changes)


def moved(attributes, perm=MAC):
    """Into another namespace."""
    return vf(netdevs=(), away=Netdev("v0", 10, OTHER, perm), attributes=attributes, holders=(AWAY,))


@pytest.mark.parametrize(
    ("state", "driver", "changed"),
    [
        pytest.param(loaded(OTHER, MAC), None, True, id="a trusted one"),
        pytest.param(loaded(OTHER, MAC), "igbvf", True, id="that keeps its driver"),
        pytest.param(loaded(OTHER, MAC), "default", True, id="that keeps the kernel's choice"),
        pytest.param(loaded(OTHER, MAC), "vfio-pci", False, id="that gets another driver"),
        pytest.param(loaded(OTHER, MAC), "none", False, id="that gets none"),
        pytest.param(loaded(MAC, MAC), None, False, id="not changed, whatever the PF's driver tells"),
        pytest.param(loaded(OTHER, OTHER), None, False, id="loaded with another"),
        pytest.param(loaded(OTHER, MAC, UNTRUSTED), None, False, id="not trusted, and nobody has it"),
        pytest.param(loaded(OTHER, MAC, UNTRUSTED, holders=(PORT,)), None, True, id="not trusted, a port"),
        pytest.param(loaded(OTHER, MAC, UNTRUSTED, holders=(MACVTAP,)), None, True, id="not trusted, below macvtap"),
        pytest.param(loaded(OTHER, OTHER, UNTRUSTED, BOND), None, True, id="it has its bond's"),
        pytest.param(
            loaded(OTHER, OTHER, master=BOND._replace(before=MAC)),
            None,
            True,
            id="it had the wanted one before",
        ),
        pytest.param(
            loaded(OTHER, OTHER, master=BOND._replace(before="02:00:00:00:aa:09")), None, False, id="it had another one"
        ),
        pytest.param(loaded(OTHER, OTHER, UNTRUSTED, BRIDGE), None, False, id="a bridge gives none"),
        pytest.param(loaded(OTHER, OTHER, master=Master("bond", MAC, 9000)), None, False, id="its bond has another"),
        pytest.param(loaded(OTHER, MAC, None), None, False, id="the PF's driver tells nothing"),
        pytest.param(moved(TRUSTED), None, True, id="in another namespace"),
        pytest.param(moved(UNTRUSTED), None, True, id="in another namespace, on a driver that lets it"),
        pytest.param(moved(TRUSTED, OTHER), None, False, id="in another namespace, loaded with another"),
        pytest.param(vf(driver="vfio-pci", attributes=TRUSTED, holders=(BUSY,)), None, True, id="a program has it"),
        pytest.param(vf(driver="igb_uio", attributes=TRUSTED, holders=(PROGRAM,)), None, True, id="by uio"),
        pytest.param(vf(driver="vfio-pci", attributes=TRUSTED), None, False, id="no program has it"),
        pytest.param(vf(driver="vfio-pci", attributes=UNTRUSTED, holders=(BUSY,)), None, False, id="not trusted"),
        pytest.param(vf(driver=None, attributes=TRUSTED), None, False, id="no driver"),
    ],
)
def test_an_address_is_its_user_s_or_not(state, driver, changed):
    assert has_own_mac(state, DesiredVf(VfAttributes(mac=MAC), driver=driver)) is changed
    assert not has_own_mac(state, DesiredVf(driver=driver)), "where none is desired"


@pytest.mark.parametrize("trust", [None, True, False])
@pytest.mark.parametrize(
    ("state", "by_trust"),
    [
        pytest.param(loaded(OTHER, MAC), True, id="its interface"),
        pytest.param(vf(driver="vfio-pci", attributes=TRUSTED, holders=(BUSY,)), True, id="a program"),
        pytest.param(loaded(OTHER, MAC, holders=(PORT,)), False, id="a bond"),
    ],
)
def test_one_that_shall_not_be_trusted_any_more_has_no_address_by_its_trust(state, by_trust, trust):
    """Else the run would take the trust away, and refuse what it had not refused before."""
    kept = has_own_mac(state, DesiredVf(VfAttributes(mac=MAC, trust=trust)))
    assert kept is not (by_trust and trust is False)


@pytest.mark.parametrize(
    ("state", "driver", "changed"),
    [
        pytest.param(loaded(MAC, MAC, master=BOND), None, True, id="its bond's"),
        pytest.param(loaded(MAC, MAC, master=Master("team", OTHER, 9000)), None, True, id="its team's"),
        pytest.param(loaded(MAC, MAC, master=Master("bond", OTHER, 1500)), None, False, id="not its bond's"),
        pytest.param(loaded(MAC, MAC, master=BRIDGE), None, False, id="a bridge takes that of its ports"),
        pytest.param(loaded(MAC, MAC), None, False, id="no port"),
        pytest.param(loaded(MAC, MAC, master=BOND), "vfio-pci", False, id="another driver"),
    ],
)
def test_an_mtu_is_its_bond_s_or_not(state, driver, changed):
    assert has_own_mtu(state, DesiredVf(mtu=1500, driver=driver)) is changed
    assert not has_own_mtu(state, DesiredVf(driver=driver)), "where none is desired"
