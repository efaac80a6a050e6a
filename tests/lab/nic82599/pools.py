# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames the port takes, which pools they belong to, and what a pool may send (7.1.1, 7.10.3).

A pool is the set of queues of one VF; the PF's own pool follows the VFs' and is the default one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic
    from .packet import Packet

BROADCAST = b"\xff" * 6
# MCSTCTRL.MO: which 12 bits of an address the hash tables look at, as a shift into its last two octets
HASH_SHIFTS = (4, 3, 2, 0)


class Pools:
    def __init__(self, nic: Nic):
        self.nic = nic
        self._addresses: dict[bytes, int] | None = None
        nic.on_write(range(R.RAL, R.RAL + 8 * R.NUM_RAR, 4), self._write_address)
        nic.on_write(range(R.MPSAR, R.MPSAR + 8 * R.NUM_RAR, 4), self._write_address)
        nic.on_write(range(R.QDE, R.QDE + 4, 4), self._write_qde)
        nic.on_write([R.RTTDT1C, R.RTTBCNRC], self._write_rate)
        nic.on_read([R.RTTDT1C, R.RTTBCNRC], lambda addr: self.rates.get((addr, nic[R.RTTDQSEL] & 0x7F), 0))
        self.reset()

    def reset(self) -> None:
        self._addresses = None
        self.drop_enabled: set[int] = set()  # queues, by PFQDE
        self.rates: dict[tuple[int, int], int] = {}  # (register, queue)

    def _write_address(self, addr: int, value: int) -> None:
        is_rah = addr < R.MPSAR and addr & 4
        self.nic[addr] = value & (R.RAH_AV | 0xFFFF) if is_rah else value
        self._addresses = None

    def _write_qde(self, addr: int, value: int) -> None:
        """PFQDE is a window: bit 16 writes bit 0 for the queue in 14:8."""
        queue = value >> 8 & 0x7F
        if value >> 16 & 1:
            (self.drop_enabled.add if value & 1 else self.drop_enabled.discard)(queue)
        self.nic[addr] = value & 0x7F00 | (queue in self.drop_enabled)

    def _write_rate(self, addr: int, value: int) -> None:
        """RTTDQSEL selects the queue whose rate limit is meant."""
        self.rates[addr, self.nic[R.RTTDQSEL] & 0x7F] = value

    # ---- tables ---------------------------------------------------------------------------------------------------

    @property
    def enabled(self) -> bool:
        return bool(self.nic[R.VT_CTL] & R.VT_ENA) and self.nic.queues_per_pool > 0

    @property
    def all(self) -> range:
        return range(R.NUM_QUEUES // self.nic.queues_per_pool)

    @property
    def default(self) -> int:
        return self.nic[R.VT_CTL] >> 7 & 0x3F

    def _bit(self, table: int, index: int) -> bool:
        return bool(self.nic[table + 4 * (index >> 5)] >> (index & 31) & 1)

    def _pair(self, addr: int) -> int:
        return self.nic[addr] | self.nic[addr + 4] << 32

    @property
    def addresses(self) -> dict[bytes, int]:
        """The exact addresses in RAL/RAH, each with the bitmap of its pools (MPSAR)."""
        if self._addresses is None:
            self._addresses = {}
            for entry in range(R.NUM_RAR):
                pair = self._pair(R.RAL + 8 * entry)
                if pair >> 32 & R.RAH_AV:
                    mac = (pair & 0xFFFFFFFFFFFF).to_bytes(6, "little")
                    self._addresses[mac] = self._addresses.get(mac, 0) | self._pair(R.MPSAR + 8 * entry)
        return self._addresses

    def _hashed(self, table: int, mac: bytes) -> bool:
        shift = HASH_SHIFTS[self.nic[R.MCSTCTRL] & 3]
        return self._bit(table, (mac[4] | mac[5] << 8) >> shift & 0xFFF)

    def _vlan_pools(self, vid: int) -> int | None:
        """The pools of a VLAN (PFVLVF, PFVLVFB); None: the VLAN is not in the table."""
        for entry in range(R.NUM_VLVF):
            value = self.nic[R.VLVF + 4 * entry]
            if value & R.VLVF_VIEN and value & 0xFFF == vid:
                return self._pair(R.VLVFB + 8 * entry)
        return None

    # ---- receive -------------------------------------------------------------------------------------------------

    def port_accepts(self, packet: Packet) -> bool:
        """The filters of the whole port (7.1.1.1, 7.1.1.2)."""
        nic, mac = self.nic, packet.dst
        fctrl = nic[R.FCTRL]
        if mac == BROADCAST:
            wanted = fctrl & R.FCTRL_BAM
        elif mac[0] & 1:
            hashing = nic[R.MCSTCTRL] & R.MCSTCTRL_MFE
            wanted = fctrl & R.FCTRL_MPE or hashing and self._hashed(R.MTA, mac) or mac in self.addresses
        else:
            wanted = fctrl & R.FCTRL_UPE or mac in self.addresses or self._hashed(R.PFUTA, mac)
        if not wanted or packet.vlan is None or not nic[R.VLNCTRL] & R.VLNCTRL_VFE:
            return bool(wanted)
        return self._bit(R.VFTA, packet.vlan & 0xFFF)

    def of(self, packet: Packet, source: int | None = None) -> list[int]:
        """The pools a frame goes to (7.10.3.3). From a pool (`source`) it goes only where someone asked for it,
        and never back; from the wire the default pool takes what nobody else does."""
        vt_ctl = self.nic[R.VT_CTL]
        bits = self._by_address(packet.dst) & self._by_vlan(packet)
        pools = [pool for pool in self.all if bits >> pool & 1]
        if source is not None:
            pools = [pool for pool in pools if pool != source]
        elif not pools and not vt_ctl & R.VT_DIS_DEFPL:
            pools = [self.default]
        if not vt_ctl & R.VT_REPLEN:
            pools = pools[:1]
        return [pool for pool in pools if self.receives(pool)]

    def _by_address(self, mac: bytes) -> int:
        if mac == BROADCAST:
            return self._with_bits(R.VMOLR_BAM)
        bits = self.addresses.get(mac, 0)
        if not mac[0] & 1:
            return bits | (self._with_bits(R.VMOLR_ROPE) if self._hashed(R.PFUTA, mac) else 0)
        return bits | self._with_bits(R.VMOLR_MPE | (R.VMOLR_ROMPE if self._hashed(R.MTA, mac) else 0))

    def _with_bits(self, mask: int) -> int:
        """The pools that have one of these bits in PFVML2FLT."""
        nic = self.nic
        return sum(1 << pool for pool in self.all if nic[R.VMOLR + 4 * pool] & mask)

    def _by_vlan(self, packet: Packet) -> int:
        if packet.vlan is None:
            return self._with_bits(R.VMOLR_AUPE)
        if not self.nic[R.VLNCTRL] & R.VLNCTRL_VFE:
            return -1
        # A VLAN of the PF alone is not in PFVLVF: it reaches the PF as the default pool.
        return self._vlan_pools(packet.vlan & 0xFFF) or 0

    def receives(self, pool: int) -> bool:
        return self._bit(R.VFRE, pool)

    # ---- transmit -----------------------------------------------------------------------------------------------

    def may_send(self, pool: int) -> bool:
        return not self.enabled or self._bit(R.VFTE, pool)

    def tag(self, pool: int, wanted: int | None) -> int | None:
        """The VLAN tag to insert, from the descriptor's request and the pool's rule (PFVMVIR, 7.10.3.9.2)."""
        rule = self.nic[R.VMVIR + 4 * pool] if self.enabled else 0
        if rule & R.VMVIR_DEFAULT:
            return rule & 0xFFFF
        return None if rule & R.VMVIR_NEVER else wanted

    def is_spoofed(self, pool: int, packet: Packet) -> bool:
        """A source address or VLAN that the pool does not own (PFVFSPOOF, 7.10.3.9.1)."""
        if not self.enabled:
            return False
        rule = self.nic[R.PFVFSPOOF + 4 * (pool >> 3)] >> (pool & 7)
        if rule & 1 and not self.addresses.get(packet.src, 0) >> pool & 1:
            return True
        if rule >> 8 & 1 and packet.vlan is not None:
            return not (self._vlan_pools(packet.vlan & 0xFFF) or 0) >> pool & 1
        return False

    def count_spoofed(self, pool: int) -> None:
        self.nic.counters.totals["spoofed"] += 1
        if self._bit(R.VMECM, pool):
            self.nic.counters.add(R.SSVPC)
