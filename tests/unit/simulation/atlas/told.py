# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How drivers tell the rules that they have, where it is not as they were given them."""

from __future__ import annotations

from .. import abi as simabi
from . import fields

FIRST_QUEUE = 96  # of a PF of cxgb4, in the numbers of the card


def exact(_spec):
    pass


def no_masks(spec):
    """qede_filter.c qede_get_cls_rule_entry()."""
    spec.m_u[:] = bytes(simabi.UNION)


def ipv4_masks(spec):
    """i40e_ethtool.c i40e_get_ethtool_fdir_entry(): masks of ports are written where IPv4 has them."""
    if not str(fields.flow_type(spec)).endswith("6"):
        return
    masks = bytearray(spec.m_u)
    for (start, end), (first, last) in (((32, 34), (8, 10)), ((34, 36), (10, 12))):
        masks[first:last], masks[start:end] = spec.m_u[start:end], bytes(2)
    spec.m_u[:] = bytes(masks)


def absolute_queue(spec):
    """cxgb4_ethtool.c: always with FLOW_EXT; `ip4` without a protocol has no flow type."""
    if spec.ring_cookie != simabi.RX_CLS_FLOW_DISC:
        spec.ring_cookie = FIRST_QUEUE + simabi.ring(spec.ring_cookie)
    if fields.flow_type(spec) in ("ip4", "ip6") and "proto" not in fields.compared(spec):
        spec.flow_type = 0
    spec.flow_type |= simabi.FLOW_EXT


FORMS = {"exact": exact, "no masks": no_masks, "ipv4 masks": ipv4_masks, "absolute queue": absolute_queue}
