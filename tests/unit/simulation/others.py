# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bnxt_en, sfc, i40e and qede of Linux 6.12 do with flow rules; all else is as of an unknown driver."""

from __future__ import annotations

import errno

from . import abi as simabi
from .nics import UnknownNic, refusal

IPV6 = simabi.TCP_V6, simabi.UDP_V6, simabi.SCTP_V6, simabi.IPV6_USER


class Placing(UnknownNic):
    """sfc/ethtool_common.c efx_ethtool_set_class_rule(): "priority is implicit", no location may be named."""

    def insert(self, request):
        if request.fs.location != simabi.RX_CLS_LOC_ANY:
            raise refusal(errno.EINVAL)
        super().insert(request)


class Bnxt(Placing):
    """bnxt_ethtool.c bnxt_srxclsrlins(), bnxt_grxclsrlall(): the list tells how many rules there are as its size."""

    def listed_size(self):
        return len(self.rules())


class I40e(UnknownNic):
    """i40e_ethtool.c i40e_add_fdir_ethtool(), i40e_check_fdir_input_set(): whole fields, one set for a flow type;
    i40e_get_ethtool_fdir_entry()."""

    PLACES = False

    def insert(self, request):
        spec = request.fs
        flow_type = spec.flow_type & ~simabi.FLOW_EXT
        mask = simabi.TcpIp4.from_buffer(spec.m_u)
        fields = (mask.ip4src, mask.ip4dst, mask.psrc, mask.pdst)
        if any(value not in (0, full) for value, full in zip(fields, (0xFFFFFFFF,) * 2 + (0xFFFF,) * 2, strict=True)):
            raise refusal(errno.EOPNOTSUPP)
        sets = self.state().get("sets", {}) if self.rules() else {}
        if sets.setdefault(str(flow_type), list(fields)) != list(fields):
            raise refusal(errno.EOPNOTSUPP)
        super().insert(request)
        self.put(sets=sets)

    def tell_rule(self, rule, request):
        """I40E_L3_V6_SRC_MASK and _DST_MASK have the bits of those of IPv4, and ports are written as IPv4 has them."""
        super().tell_rule(rule, request)
        spec, told = request.fs, bytearray(simabi.UNION)
        size = 16 if spec.flow_type & ~simabi.FLOW_EXT in IPV6 else 4
        asked = bytes(spec.m_u)
        source, destination, source_port, destination_port = (
            any(asked[start : start + length])
            for start, length in ((0, size), (size, size), (2 * size, 2), (2 * size + 2, 2))
        )
        for compared, places in (
            (source, (0, 16)),
            (destination, (16, 32)),
            (source, (0, 4)),
            (destination, (4, 8)),
            (source_port, (8, 10)),
            (destination_port, (10, 12)),
        ):
            if compared:
                told[slice(*places)] = b"\xff" * (places[1] - places[0])
        spec.m_u[:] = told


class Qede(UnknownNic):
    """qede_filter.c qede_add_cls_rule(): a location holds one rule; qede_get_cls_rule_entry(): no masks."""

    PLACES = False
    RULES = 256

    def insert(self, request):
        if any(rule["location"] == request.fs.location for rule in self.rules()):
            raise refusal(errno.EINVAL)
        super().insert(request)

    def tell_rule(self, rule, request):
        super().tell_rule(rule, request)
        request.fs.m_u[:] = bytes(simabi.UNION)
