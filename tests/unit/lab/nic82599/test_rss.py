# SPDX-License-Identifier: GPL-3.0-or-later
"""Toeplitz against Microsoft's published verification suite, and which queue a hash leads to."""

import socket

import pytest
from lab.nic82599 import regs as R
from lab.nic82599 import rss
from nicframes import udp4

MICROSOFT_KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")
# (source, its port, destination, its port, hash of the addresses, hash with the ports)
IPV4 = [
    ("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323E8FC2, 0x51CCC178),
    ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xD718262A, 0xC626B0EA),
    ("24.19.198.95", 12898, "12.22.207.184", 38024, 0xD2D0A5DE, 0x5C2B394A),
    ("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xAFC7327F),
    ("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5D1809C5, 0x10E828A2),
]
IPV6 = [
    ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2CC18CD5, 0x40207D3D),
    ("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0F0C461C, 0xDDE51BBF),
    ("3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024, 0x4B61E985, 0x02D1FEEF),
]


@pytest.mark.parametrize("src, sport, dst, dport, addresses, ports", IPV4 + IPV6)
def test_microsoft_vectors(src, sport, dst, dport, addresses, ports):
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    data = socket.inet_pton(family, src) + socket.inet_pton(family, dst)
    rows = rss.tables(MICROSOFT_KEY)
    assert rss.toeplitz(rows, data) == addresses
    assert rss.toeplitz(rows, data + sport.to_bytes(2, "big") + dport.to_bytes(2, "big")) == ports


def set_up(nic, table, fields=0x330000):
    for i in range(0, 40, 4):
        nic.write(R.RSSRK + i, int.from_bytes(MICROSOFT_KEY[i : i + 4], "little"))
    for i in range(128):
        addr = R.RETA + (i & ~3)
        nic[addr] = nic[addr] & ~(0xFF << 8 * (i & 3)) | table(i) << 8 * (i & 3)
    nic.write(R.MRQC, nic[R.MRQC] & 0xF | fields)


def test_the_low_seven_bits_choose_the_entry(bench):
    bench.nic.write(R.MRQC, R.MRQC_RSS)
    set_up(bench.nic, lambda i: i % 16)
    queue = (0x323E8FC2 & 0x7F) % 16  # UDP is hashed by its addresses alone unless MRQC says otherwise
    bench.rx_ring(queue)
    bench.receive(udp4(src="66.9.149.187", dst="161.142.100.80", sport=2794, dport=1766))
    assert bench.arrived(queue) == 1


def test_udp_ports_count_when_enabled(bench):
    bench.nic.write(R.MRQC, R.MRQC_RSS)
    set_up(bench.nic, lambda i: i % 16, fields=0x330000 | 1 << 22)
    queue = (0x51CCC178 & 0x7F) % 16
    ring = bench.rx_ring(queue)
    bench.receive(udp4(src="66.9.149.187", dst="161.142.100.80", sport=2794, dport=1766))
    assert bench.arrived(queue) == 1
    assert bench.host.word(ring + 4) == 0x51CCC178
    assert bench.host.word(ring) & 0xF == rss.UDP4


@pytest.mark.parametrize("mode, stride, opened", [(2, 4, 4), (2, 4, 2), (3, 2, 2), (3, 2, 1)])
def test_one_table_for_all_pools_limited_by_what_the_pool_opened(bench, mode, stride, opened):
    bench.pools(3, mode, macs=[bytes([2, 0, 0, 0, 0, n]) for n in range(3)])
    set_up(bench.nic, lambda i: i % 16)
    bench.nic.write(R.PSRTYPE + 4 * 1, (opened.bit_length() - 1) << R.PSRTYPE_RQPL_SHIFT)
    queue = stride + (0x323E8FC2 & 0xF) % opened
    bench.rx_ring(queue)
    bench.receive(udp4(mac="020000000001", src="66.9.149.187", dst="161.142.100.80", sport=2794, dport=1766))
    assert bench.arrived(queue) == 1


def test_a_frame_without_ip_goes_to_queue_0_of_its_pool(bench):
    bench.pools(1, macs=[bytes([2, 0, 0, 0, 0, 0])])
    set_up(bench.nic, lambda i: 3)
    bench.rx_ring(0)
    bench.receive(bytes.fromhex("02000000000002aa0000000188b5") + bytes(46))
    assert bench.arrived(0) == 1
