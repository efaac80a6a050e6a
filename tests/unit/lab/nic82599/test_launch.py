# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab starts; and that the shim compiles and leaves other programs alone."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from lab.nic82599 import __main__ as main
from lab.nic82599 import launch
from lab.nic82599.shim import build


def card_in(directory, port):
    return launch.Card(
        directory / "pcie", directory / "wire", directory / "control", "02:00:00:00:01:00", "rp1", port=port
    )


def test_command_is_understood_by_the_process(tmp_path):
    card = card_in(tmp_path, 1)
    args = main.arguments(card.command()[3:])
    assert args.socket == str(card.pcie) and args.mac == bytes.fromhex("020000000100") and args.port == 1


def test_two_ports_of_one_card():
    cards = [replace(card_in(Path(f"/run/nic{n}"), n), two_ports=True) for n in (0, 1)]
    assert launch.qemu_arguments(cards) == [
        "-device",
        "pciefn0,bus=rp1,addr=0x0.0,multifunction=on,x-pcie-ari-nextfn-1=on",
        "-device",
        "pciefn1,bus=rp1,addr=0x0.1",
    ]


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc compiles the shim")
def test_shim_compiles_once_and_ignores_programs_that_are_not_qemu(tmp_path):
    library = build.build(tmp_path)
    first = library.stat().st_mtime_ns
    assert build.build(tmp_path) == library and library.stat().st_mtime_ns == first
    environment = os.environ | {"LD_PRELOAD": str(library), "PCIEFN_SOCKET": "/nowhere"}
    done = subprocess.run(["true"], env=environment, capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.parametrize("mac", ["01:00:00:00:00:01", "02:00", "hello"])
def test_bad_mac_addresses(mac, capsys):
    with pytest.raises(SystemExit):
        main.arguments(["--socket=a", "--wire=b", "--control=c", f"--mac={mac}"])
