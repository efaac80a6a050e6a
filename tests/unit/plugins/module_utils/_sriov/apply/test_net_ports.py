# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps on functions that have another number of interfaces than one."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import NotReached
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import net
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import Reload
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import (
    LABEL,
    PF,
    VF0,
    VF_LABEL,
    failure,
    perform,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import FRESH

MAC = "02:00:00:00:aa:00"
TRUST = net.SetVf(PF, "", LABEL, 0, VfAttributes(trust=True), FRESH)


def with_second(kernel, address, name):
    """A second interface of the function."""
    build(kernel.sysfs.root, {**hosts.behind(address, name), **hosts.interface(name, 90, MAC)})
    return kernel


def test_an_interface_that_came_with_the_vfs_is_found(kernel_with):
    kernel = kernel_with(1)
    perform(TRUST, kernel, 5)
    assert written(kernel)[-1] == "ip link set dev enp1s0 vf 0 trust on"


def test_of_two_none_is_picked(kernel_with):
    kernel = with_second(kernel_with(1), PF, "two")
    assert failure(kernel, TRUST, NotReached) == (
        f"cannot set the attributes of VF 0 on {LABEL}: the interfaces of the PF are enp1s0, two."
    )
    with_second(kernel, VF0, "vf0p2")
    assert failure(kernel, net.SetMtu(VF0, VF_LABEL, 1500, 1400, PF, 0), NotReached) == (
        f"cannot set the MTU to 1400 on {VF_LABEL}: it has more than one interface: enp1s0v0, vf0p2. Remedy: leave out "
        "mtu."
    )
    assert failure(kernel, net.SetVfLink(VF0, VF_LABEL, True, PF, 0), NotReached) == (
        f"cannot set its interface up on {VF_LABEL}: it has more than one interface: enp1s0v0, vf0p2. Remedy: set each "
        "by `ip link set dev NAME up`."
    )
    assert not [call for call in written(kernel) if "link set" in call]


def test_a_reload_gives_each_of_two_what_it_had(kernel_with):
    kernel = with_second(kernel_with(1), VF0, "a-port")
    kernel.link.set_mtu("enp1s0v0", 1400)
    kernel.link.set_up("enp1s0v0", True)
    kernel.run.calls.clear()
    perform(Reload(VF0, VF_LABEL, "igbvf", "its address", PF, 0), kernel, 5)
    changes = [call for call in kernel.run.calls if "link set" in call]
    assert changes == ["ip link set dev enp1s0v0 mtu 1400", "ip link set dev enp1s0v0 up"]
