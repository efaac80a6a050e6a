# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options for PFs and VFs, sentences with which they are refused, and all that a request is told."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, SriovError

ON = " on enp1s0"
MAC = "02:00:00:00:aa:01"
HOW = 'Remedy: write it as in 3, "0-3,7", [0, 1] or all.'
FEWER = "Remedy: name each VF once; only an entry for fewer of the VFs of an earlier one may say otherwise."
NODE = f"without a driver{ON}: it is about the node of a driver for user space"
AS_VFIO = "Remedy: give the driver too, as in driver: vfio-pci."
NO_MAC = 'is no MAC address. Remedy: write it as in "02:00:00:00:00:01", in quotes, or auto.'
TCP = {"flow_type": "tcp4", "dst_port": 80}
V0, V1 = "pfs[0].vfs[0]", "pfs[0].vfs[1]"


def pf(**options):
    return {"pf": "enp1s0", "num_vfs": 2, **options}


def vfs(*entries, **options):
    return [pf(vfs=list(entries), **options)]


def texts(name, **options):
    """All that is said of a module's options."""
    with pytest.raises(SriovError) as caught:
        desired_state(MODULES[name], options)
    assert all(isinstance(each, InvalidRequest) for each in caught.value.each())
    return [str(each) for each in caught.value.each()]
