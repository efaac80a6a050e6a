from __future__ import annotations

import pytest
from lab import frames
from lab.errors import LabError

DST = "02:00:00:00:01:00"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # RFC 1071, section 3.
        ("0001 f203 f4f5 f6f7", 0x220D),
        # An IPv4 header with its checksum blanked (Wikipedia, "Internet checksum"): b861.
        ("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7", 0xB861),
        ("", 0xFFFF),
        ("01", 0xFEFF),
    ],
)
def test_checksum_vectors(data, expected):
    assert frames.checksum(bytes.fromhex(data)) == expected


def test_udp_frame_byte_for_byte():
    # Summed by hand from the RFCs; tcpdump -vv says "udp sum ok".
    frame = frames.udp(dst_mac=DST, src_mac="02:00:00:00:00:09", payload=b"hello", sport=1000, dport=4321)
    assert frame.hex() == (
        "020000000100020000000009" + "0800"
        "4500002100004000401126ca0a0000010a000002"
        "03e810e1000d9336" + b"hello".hex() + "00" * 13
    )  # fmt: skip


def received_sum(frame, protocol):
    """The sum over pseudo header and segment that a receiver computes: 0 when the checksum is right."""
    length = int.from_bytes(frame[16:18], "big") - 20
    pseudo = frame[26:34] + bytes([0, protocol]) + length.to_bytes(2, "big")
    return frames.checksum(pseudo + frame[34 : 34 + length])


@pytest.mark.parametrize("payload", [b"", b"x", b"even", bytes(range(255)), b"\xff" * 1400])
@pytest.mark.parametrize(("build", "protocol"), [(frames.udp, 17), (frames.tcp, 6)])
def test_checksums_add_up_for_a_receiver(build, protocol, payload):
    frame = build(dst_mac=DST, src_ip="192.168.255.254", dst_ip="255.1.2.3", payload=payload)
    assert frames.checksum(frame[14:34]) == 0
    assert received_sum(frame, protocol) == 0


def test_udp_never_sends_a_checksum_of_zero():
    # With this payload the sum is 0, which would mean "no checksum".
    blank = frames.udp(dst_mac=DST, payload=b"\0\0")
    payload = blank[40:42]
    frame = frames.udp(dst_mac=DST, payload=payload)
    assert frame[40:42] == b"\xff\xff"


def test_vlan_tag_sits_behind_the_addresses():
    frame = frames.udp(dst_mac=DST, vlan=100)
    assert frame[12:18].hex() == "810000640800"
    parsed = frames.Frame.parse(frame)
    assert (parsed.vlan, parsed.ethertype) == (100, 0x0800)


def test_short_frames_are_padded():
    assert len(frames.udp(dst_mac=DST)) == 60


@pytest.mark.parametrize("vlan", [None, 7])
@pytest.mark.parametrize("number", [0, 1, 999, 2**32 - 1])
def test_numbered_round_trip(number, vlan):
    frame = frames.numbered(number, dst_mac=DST, size=100, vlan=vlan)
    parsed = frames.Frame.parse(frame)
    assert (parsed.number, parsed.dst_mac, parsed.length) == (number, DST, 100)
    assert received_sum(frame if vlan is None else frame[:12] + frame[16:], 17) == 0


def test_other_frames_have_no_number():
    assert frames.Frame.parse(frames.udp(dst_mac=DST, payload=b"other payload")).number is None
    assert frames.Frame.parse(frames.tcp(dst_mac=DST)).number is None
    assert frames.Frame.parse(frames.ethernet(dst_mac=DST, ethertype=0x86DD, payload=b"")).number is None


def test_too_small_test_frame_is_refused():
    with pytest.raises(LabError, match="at least 50"):
        frames.numbered(1, dst_mac=DST, size=49)


@pytest.mark.parametrize("text", ["", "02:00:00:00:01", "02:00:00:00:01:00:00", "zz:00:00:00:01:00"])
def test_bad_mac_is_refused(text):
    with pytest.raises(LabError, match="not a MAC address"):
        frames.parse_mac(text)


def test_frame_as_text():
    text = str(frames.Frame.parse(frames.numbered(5, dst_mac=DST, vlan=3)))
    assert text == "02:00:00:00:01:00 02:00:00:00:ff:01 0x0800 64 vlan 3 test frame 5"


def test_sctp_frame_field_by_field():
    frame = frames.sctp(dst_mac=DST, sport=1000, dport=4321, payload=b"123456789")
    assert frames.checksum(frame[14:34]) == 0 and frame[23] == 132
    packet = frame[34 : 14 + int.from_bytes(frame[16:18], "big")]
    assert packet[:4].hex() == "03e810e1"
    assert packet[12:16].hex() == "00030019", "a whole DATA chunk of 16 octets and the 9 of the payload"
    assert packet[28:] == b"123456789" + b"\0" * 3
    assert frames._crc32c(packet[:8] + bytes(4) + packet[12:]) == int.from_bytes(packet[8:12], "little")


def test_crc32c_vectors():
    # RFC 3720, B.4; the last one is the check value of the catalogue of CRCs.
    vectors = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, bytes(range(32)): 0x46DD794E, b"123456789": 0xE3069283}
    assert {data: frames._crc32c(data) for data in vectors} == vectors


def test_gre_has_no_ports():
    frame = frames.gre(dst_mac=DST, payload=b"x" * 20)
    assert frames.checksum(frame[14:34]) == 0
    assert (frame[23], frame[34:38].hex()) == (47, "000088b5")
