# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of drivers bnxt_en, sfc and i40e of Linux 6.12 what they do with flow rules; all else is as of an unknown one."""

from __future__ import annotations

import errno

from . import abi as simabi
from .nics import UnknownNic, refusal


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
    """i40e_ethtool.c i40e_add_fdir_ethtool(), i40e_check_fdir_input_set(): whole fields, one set for a flow type."""

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
