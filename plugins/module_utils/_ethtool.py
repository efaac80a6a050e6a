# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""SIOCETHTOOL by ioctl: no ethtool binary is needed, and its text never has to be parsed."""

from __future__ import annotations

import array
import fcntl
import socket
import struct

SIOCETHTOOL = 0x8946  # include/uapi/linux/sockios.h
ETHTOOL_GCHANNELS = 0x3C  # include/uapi/linux/ethtool.h
CHANNELS = struct.Struct("=9I")  # struct ethtool_channels: cmd, 4 maxima, then rx, tx, other, combined


class Ethtool:
    """Questions to a driver, by interface name."""

    def combined_channels(self, name: str) -> int | None:
        """Combined channels in use, on ixgbe and igb the RSS group: `ethtool -l`; None if the driver cannot say."""
        answer = self._ask(name, CHANNELS.pack(ETHTOOL_GCHANNELS, *[0] * 8))
        return None if answer is None else int(CHANNELS.unpack(answer)[8])

    def _ask(self, name: str, request: bytes) -> bytes | None:
        buffer = array.array("B", request)
        ifreq = struct.pack("16sP", name.encode(), buffer.buffer_info()[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            try:
                fcntl.ioctl(channel, SIOCETHTOOL, ifreq)
            except OSError:
                return None
        return buffer.tobytes()
