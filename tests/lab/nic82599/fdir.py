# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow Director, perfect match filters (7.1.2.7).

All filters of a port share one mask, so a lookup is one dictionary access with the masked fields of the frame.
Signature filters (the driver's own ATR, used only without VFs and without ntuple) are accepted and never match: such
frames go where RSS sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import packet as P
from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

L4_TYPES = {P.UDP: 1, P.TCP: 2, P.SCTP: 3}
FLEX_SHIFT = 16  # FDIRCTRL 20:16, offset of the flexible bytes in words
NUM_FILTERS = (0, 2048, 4096, 8192)  # by FDIRCTRL.PBALLOC


@dataclass(frozen=True)
class Filter:
    l4_type: int
    src: int  # addresses as the registers hold them: wire bytes, first byte lowest
    dst: int
    src_port: int
    dst_port: int
    vlan: int
    flex: int
    pool: int
    soft_id: int
    queue: int
    drop: bool
    hash: int


def reverse16(value: int) -> int:
    return int(f"{value & 0xFFFF:016b}"[::-1], 2)


class FlowDirector:
    def __init__(self, nic: Nic):
        self.nic = nic
        nic.on_write([R.FDIRCTRL], self._write_ctrl)
        nic.on_write([R.FDIRCMD], self._write_cmd)
        masks = (R.FDIRM, R.FDIRSIP4M, R.FDIRDIP4M, R.FDIRTCPM, R.FDIRUDPM)
        nic.on_write(masks, self._write_mask)
        nic.on_read([R.FDIRFREE], lambda addr: max(self.capacity - len(self.filters), 0))
        self.reset()

    def reset(self) -> None:
        self.filters: dict[int, Filter] = {}
        self._by_key: dict[tuple, Filter] | None = None

    @property
    def capacity(self) -> int:
        return NUM_FILTERS[self.nic[R.FDIRCTRL] & R.FDIRCTRL_PBALLOC]

    @property
    def enabled(self) -> bool:
        return bool(self.nic[R.FDIRCTRL] & R.FDIRCTRL_PBALLOC)

    # ---- registers ----------------------------------------------------------------------------------------------

    def _write_ctrl(self, addr: int, value: int) -> None:
        self.reset()
        self.nic[addr] = value | R.FDIRCTRL_INIT_DONE

    def _write_mask(self, addr: int, value: int) -> None:
        self.nic[addr] = value
        self._by_key = None

    def _write_cmd(self, addr: int, value: int) -> None:
        nic = self.nic
        command = value & R.FDIRCMD_CMD
        soft_id = nic[R.FDIRHASH] >> 16 & 0x7FFF
        value &= ~(R.FDIRCMD_CMD | R.FDIRCMD_VALID)
        if value & R.FDIRCMD_CLEARHT:
            self.reset()
        if not nic[R.FDIRCTRL] & R.FDIRCTRL_PERFECT:
            command = 0
        if command == R.FDIRCMD_ADD:
            self._add(soft_id, value)
        elif command == R.FDIRCMD_REMOVE:
            nic.counters.add(*((R.FDIRUSTAT, 1 << 16) if self.filters.pop(soft_id, None) else (R.FDIRFSTAT, 1 << 8)))
        elif command == R.FDIRCMD_QUERY and soft_id in self.filters:
            value |= R.FDIRCMD_VALID
        self._by_key = None
        nic[addr] = value

    def _add(self, soft_id: int, cmd: int) -> None:
        nic = self.nic
        if soft_id not in self.filters and len(self.filters) >= self.capacity:
            nic.counters.add(R.FDIRFSTAT)
            return
        port, vlan = nic[R.FDIRPORT], nic[R.FDIRVLAN]
        self.filters[soft_id] = Filter(
            l4_type=cmd >> 5 & 3,
            src=nic[R.FDIRIPSA],
            dst=nic[R.FDIRIPDA],
            src_port=port & 0xFFFF,
            dst_port=port >> 16,
            vlan=vlan & 0xFFFF,
            flex=vlan >> 16,
            pool=cmd >> 24 & 0x7F,
            soft_id=soft_id,
            queue=cmd >> 16 & 0x7F,
            drop=bool(cmd & R.FDIRCMD_DROP),
            hash=nic[R.FDIRHASH] & 0x1FFF,
        )
        nic.counters.add(R.FDIRUSTAT)

    # ---- matching ---------------------------------------------------------------------------------------------

    def match(self, packet: P.Packet, pool: int = 0) -> Filter | None:
        """The filter for a frame that has passed the address filters; counts the match or the miss."""
        ip = packet.ip
        if ip is None or not self.enabled:
            return None
        found = self._find(packet, ip, pool) if self.filters and ip.version == 4 else None
        self.nic.counters.add(R.FDIRMATCH if found else R.FDIRMISS)
        self.nic.counters.totals["fdir_match" if found else "fdir_miss"] += 1
        return found

    def _find(self, packet: P.Packet, ip: P.Ip, pool: int) -> Filter | None:
        ports = ip.ports or (0, 0)
        l4_type = L4_TYPES.get(ip.proto, 0) if ip.ports else 0
        flex_at = 2 * (self.nic[R.FDIRCTRL] >> FLEX_SHIFT & 0x1F)
        flex = int.from_bytes(packet.data[flex_at : flex_at + 2], "little")
        src, dst = int.from_bytes(ip.src, "little"), int.from_bytes(ip.dst, "little")
        if self._by_key is None:
            self._by_key = self._index()
        return self._by_key.get(self._masked(l4_type, src, dst, *ports, packet.vlan or 0, flex, pool))

    def _index(self) -> dict[tuple, Filter]:
        by_key = {}
        # Of filters that match the same frames the one added last wins: it heads its hash bucket's list.
        for f in self.filters.values():
            key = self._masked(f.l4_type, f.src, f.dst, f.src_port, f.dst_port, f.vlan, f.flex, f.pool)
            by_key[key] = f
        return by_key

    def _masked(
        self, l4_type: int, src: int, dst: int, src_port: int, dst_port: int, vlan: int, flex: int, pool: int
    ) -> tuple[int, ...]:
        """The fields that count, by the mask registers, where a bit that is set means: ignore."""
        nic = self.nic
        fdirm = nic[R.FDIRM]
        # Port masks are stored with their bits reversed. The 82599 has none for SCTP: it compares them whole.
        masks = {1: nic[R.FDIRUDPM], 2: nic[R.FDIRTCPM], 3: 0}
        ports = 0xFFFFFFFF if fdirm & R.FDIRM_L4P else masks.get(l4_type, 0xFFFFFFFF)
        vlan_bits = (0 if fdirm & R.FDIRM_VLANID else 0x0FFF) | (0 if fdirm & R.FDIRM_VLANP else 0xE000)
        return (
            0 if fdirm & R.FDIRM_L4P else l4_type,
            src & ~nic[R.FDIRSIP4M],
            dst & ~nic[R.FDIRDIP4M],
            src_port & ~reverse16(ports),
            dst_port & ~reverse16(ports >> 16),
            vlan & vlan_bits,
            0 if fdirm & R.FDIRM_FLEX else flex,
            0 if fdirm & R.FDIRM_POOL else pool,
        )
