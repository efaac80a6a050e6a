# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of user against each act, under every list of consents: the word that is meant lifts it, and no other."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import holders
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import (
    BIFURCATED,
    CONSENTS,
    DESTROY_VFS,
    IN_USE,
    LINK_RESET,
    TAKE_PF,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredDevice, DesiredVf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan import guard
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.drivers import plan_modules
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import pf, pf_device, vf

NEVER = "never"
KINDS = [value for name, value in vars(holders).items() if name.isupper() and isinstance(value, str)]
WAITED_FOR = ("vfio", "vdpa", "soft_rdma")
HANDED_OVER = ("vfio", "vdpa")
VFIO_HOST = Host(drivers=frozenset({"vfio-pci"}), groups=())
EVERY_LIST = [set(some) for number in range(len(CONSENTS) + 1) for some in itertools.combinations(CONSENTS, number)]


def of(*users):
    return pf(1, vfs=(vf(holders=users),))


def allowed(refusals, given):
    faults = Faults(given)
    faults.add(*refusals)
    return not faults.found


def vf_change(users, desired):
    member = vf(holders=users)
    return guard.vf_changes(pf(1, vfs=(member,)), member, desired, desired.attributes)


def to_vfio(device, given):
    """The whole judgement of a driver: what the NIC means by it, and who has the device."""
    desired = DesiredDevice(device.address, driver="vfio-pci", allow=frozenset(given))
    try:
        faults = plan_modules({device.address: device}, [desired], VFIO_HOST).faults
    except SriovError:
        return False
    return not faults.found


def mlx5(users):
    words = {"vendor": "15b3", "device": "101e", "default_driver": "mlx5_core"}
    return vf(driver="mlx5_core", holders=users, **words)


# What an act needs beside what the user of the device makes it need.
ACTS = {
    "remove the VFs": (lambda users, given: allowed(guard.num_vfs_changes(of(*users), 0, "what"), given), set()),
    "more VFs": (lambda users, given: allowed(guard.num_vfs_changes(of(*users), 4, "what"), given), {DESTROY_VFS}),
    "another driver": (lambda users, given: to_vfio(vf(holders=users), given), set()),
    "a bifurcated NIC to a VM": (lambda users, given: to_vfio(mlx5(users), given), {BIFURCATED}),
    "the PF's driver": (
        lambda users, given: allowed(guard.driver_changes(pf_device(holders=users), "vfio-pci"), given),
        {TAKE_PF},
    ),
    "another address": (
        lambda users, given: allowed(vf_change(users, DesiredVf(VfAttributes(mac="02:00:00:00:aa:00"), None)), given),
        set(),
    ),
    "another VLAN": (
        lambda users, given: allowed(vf_change(users, DesiredVf(VfAttributes(vlan=9), None)), given),
        set(),
    ),
    "a reset of the PF": (lambda users, given: allowed(guard.pf_resets(of(*users), "what"), given), set()),
    "the PF down": (lambda users, given: allowed(guard.pf_goes_down(pf(holders=users)), given), set()),
}
# Where an act needs of a user something else than in_use, or nothing.
ROUTES = {("remove the VFs", "route"): {IN_USE, LINK_RESET}, ("more VFs", "route"): {IN_USE, LINK_RESET}}
UNTOUCHED_BY_A_RESET = set(KINDS) - {"ssh", "route", "process", "unseen", *HANDED_OVER}


def needed(act, kind):
    own = ACTS[act][1]
    if act == "a reset of the PF":
        if kind in HANDED_OVER:
            return NEVER
        if kind in ("ssh", "route"):
            return {LINK_RESET}
        return set() if kind in UNTOUCHED_BY_A_RESET else {IN_USE}
    if act == "the PF down":
        return NEVER if kind in ("ssh", "route", *HANDED_OVER) else {IN_USE}
    if kind == "ssh":
        return NEVER
    if act == "another VLAN":
        return {IN_USE}
    if kind in WAITED_FOR:
        return NEVER
    return own | ROUTES.get((act, kind), {IN_USE})


def test_every_kind_of_user_is_judged():
    assert len(KINDS) == len(set(KINDS)) == 18
    assert set(holders.BLOCKING) == set(WAITED_FOR) and set(holders.HANDED_OVER) == set(HANDED_OVER)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("act", ACTS)
def test_a_user_is_lost_only_by_the_word_that_means_it(act, kind):
    judge, _own = ACTS[act]
    user, wanted = holders.Holder(kind, "somebody"), needed(act, kind)
    for given in EVERY_LIST:
        assert judge((user,), given) == (wanted != NEVER and wanted <= given), given


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_what_nobody_uses_needs_its_own_word_only(act):
    judge, own = ACTS[act]
    for given in EVERY_LIST:
        assert judge((), given) == (own <= given), given


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("vdpa", "end the program first: nothing allows this while it has the device open"),
        ("soft_rdma", "end the program first: nothing allows this while it has the device open"),
        ("xsk", "release them, or accept that its user loses it: allow: [in_use]"),
        ("unplaced", "release them, or accept that its user loses it: allow: [in_use]"),
        ("unseen", "release them, or accept that its user loses it: allow: [in_use]"),
    ],
)
def test_what_can_be_done_is_told(kind, remedy):
    (refusal,) = guard.num_vfs_changes(of(holders.Holder(kind, "somebody")), 0, "what")
    assert (refusal.why, refusal.remedy) == ("VF 0: somebody", remedy)
