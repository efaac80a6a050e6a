# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each driver comes to its VFs, and what another number of them is to its PF."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Master
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    ROUTE,
    SSH,
    desired_pf,
    ixgbe,
    netdev,
    pf,
    planned,
    refusals,
    sentences,
    vf,
)

ON = f" on {LABEL}: "
STAYS = ["ice", "mlx5_core", "bnxt_en", "qede", "sfc", "nfp", "hns3", "rvu_nicpf", "ionic", "ena", "idpf", "hinic"]
GOES = ["ixgbe", "igb", "i40e", "be2net", "mystery"]


def nic(driver, num_vfs=0, **changes):
    members = tuple(vf(index, driver=None) for index in range(num_vfs))
    up = {} if "netdevs" in changes else {"up": True}
    return pf(num_vfs, vfs=members, driver=driver, **{**up, **changes})


@pytest.mark.parametrize(
    ("driver", "remedy"),
    [
        (
            "mlx4_core",
            "set num_vfs of module mlx4_core (modprobe.d), and load it anew: that is for every card of this driver",
        ),
        ("enic", "set their number in the vNIC of the server profile (UCS Manager, CIMC)"),
        (
            "sfc_siena",
            "set max_vfs of module sfc-siena (modprobe.d), and load it anew: that is for every card of this driver",
        ),
    ],
)
@pytest.mark.parametrize("present", [0, 2])
def test_drivers_whose_number_of_vfs_nobody_changes_say_how_else(driver, remedy, present):
    wanted = 4 if not present else 0
    (found,) = refusals(nic(driver, present), desired_pf(num_vfs=wanted))
    what = "create 4 VFs" if wanted else "remove the VFs"
    assert str(found) == (
        f"cannot {what}{ON}driver {driver} does not change their number while it runs. Remedy: {remedy}."
    )
    assert sentences(nic(driver, present), desired_pf(num_vfs=present)) == [], "as it is"


def test_a_port_of_cxgb4_has_none_and_the_function_that_has_is_named():
    (found,) = refusals(nic("cxgb4", total_vfs=0), desired_pf(num_vfs=4))
    assert (
        found.remedy == "VFs are those of functions 0 to 3 of the card, one for each port: name one by its PCI address"
    )


@pytest.mark.parametrize("driver", ["bnxt_en", "bnx2x"])
def test_drivers_that_create_none_while_the_pf_is_down(driver):
    """bnxt_en even answers success."""
    (found,) = refusals(nic(driver, up=False), desired_pf(num_vfs=4))
    assert str(found) == (
        f"cannot create 4 VFs{ON}the PF is down, and driver {driver} creates VFs only while it is up. "
        "Remedy: set it up first (up: true)."
    )
    up, *others = sentences(nic(driver, up=False), desired_pf(num_vfs=4, up=True))
    assert (up, len(others)) == ("set enp1s0 up", 2)
    assert sentences(nic(driver, 2, up=False), desired_pf(num_vfs=0)), "they go all the same"


def test_others_create_them_while_it_is_down():
    assert len(sentences(nic("igb", up=False), desired_pf(num_vfs=4))) == 2


# The PF while its number of VFs changes.


@pytest.mark.parametrize("driver", GOES)
def test_a_link_that_goes_is_guarded(driver):
    (found,) = refusals(nic(driver, holders=(SSH,)), desired_pf(num_vfs=4))
    assert (found.consent, found.why) == ("link_reset", f"it {SSH.text}")


@pytest.mark.parametrize("driver", STAYS)
def test_a_link_that_stays_needs_no_consent(driver):
    assert len(sentences(nic(driver, holders=(SSH,)), desired_pf(num_vfs=4))) == 2
    plan = planned(nic(driver, holders=(SSH,)), desired_pf(num_vfs=4)).plan
    assert not any("goes for some seconds" in warning for warning in plan.warnings)


@pytest.mark.parametrize("driver", STAYS)
def test_of_a_port_of_a_bond_nobody_trusts_that(driver):
    """mlx5 takes its LAG apart and makes it again."""
    port = netdev(master=Master("bond", "02:00:00:00:01:00", 1500))
    (found,) = refusals(nic(driver, netdevs=(port,), holders=(SSH,)), desired_pf(num_vfs=4))
    assert found.consent == "link_reset"


def test_the_route_of_a_vf_that_goes_is_guarded_with_every_driver():
    state = pf(1, vfs=(vf(driver=None, holders=(ROUTE,)),), driver="ice", up=True)
    assert "link_reset" in [found.consent for found in refusals(state, desired_pf(num_vfs=0))]


def test_each_macvlan_that_the_card_carries_costs_a_vf():
    state = replace(ixgbe(total_vfs=63), macvlans=2)
    (found,) = refusals(state, desired_pf(num_vfs=62))
    assert str(found) == (
        f"num_vfs: cannot create 62 VFs{ON}ixgbe gives 63, less one for each macvlan that the card carries "
        "(l2-fwd-offload), and there are 2: EPERM. Remedy: ask for at most 61, or `ethtool -K enp1s0 l2-fwd-offload "
        "off`."
    )
    assert refusals(state, desired_pf(num_vfs=61)) == []
