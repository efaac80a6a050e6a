# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the source and our data differ, and are both right."""

from __future__ import annotations

import typing as t

from .operations import VF_RULES
from .source import Releases


class Known(t.NamedTuple):
    """A difference that is expected.

    :param what: an operation, a device ("vendor:device"), or FOLDER.
    :param why: a sentence without its full stop.
    :param releases: in which it is expected.
    """

    driver: str
    what: str
    why: str
    releases: Releases = Releases()


FOLDER = "folder"
"""A folder of the driver is not there."""

_E610 = ("57ae", "57af", "57b0", "57b1", "57b2")
KNOWN = (
    *(Known("ixgbe", f"8086:{device}", "E610 came with 6.15", Releases(before=(6, 15))) for device in _E610),
    *(
        Known("ixgbe", f"8086:{device}", "DPDK has this X550 with QSFP, the kernel has not")
        for device in ("15ca", "15cc")
    ),
    Known("igb", "8086:1546", "DPDK has this I350 (DA4), the kernel has not"),
    Known("idpf", FOLDER, "idpf came with 6.7", Releases(before=(6, 7))),
    Known("txgbe", FOLDER, "libwx came with 6.2", Releases(before=(6, 2))),
    # ice_ethtool_fdir.c ice_set_fdir_input_set
    Known("ice", VF_RULES, "it looks for a VF in a rule to refuse it"),
    # bnxt_ethtool.c bnxt_add_ntuple_cls_rule, bnxt_add_l2_cls_rule
    Known("bnxt_en", VF_RULES, "it takes one in rules of flow type ether alone, before P5", Releases(since=(6, 12))),
    Known("sfc_siena", "sriov_configure", "it answers 0 and does nothing"),
    # siena.c siena_a0_nic_type: no sriov_set_vf_link_state, so efx_sriov_set_vf_link_state answers EOPNOTSUPP
    Known("sfc_siena", "ndo_set_vf_link_state", "it has nothing below it"),
    # hclge_main.c hclge_fd_convert_meta_data
    Known("hns3", VF_RULES, "it takes one, and matches frames alone that are for that VF"),
)
