"""Option confirm where a change cuts the SSH link for good: the host goes back by itself, in its time."""

import json
import subprocess
import time

import pytest

CONFIRM = 20  # seconds
LATE = 40  # seconds that the way back may take under TCG, the wait for its Python included
# The guest cuts its own link once the run waits for its confirmation, and mends it when the rule is gone again.
CUT = """
until test -e /run/kernel-bypass-sriov/confirm/pending.json && ethtool -n enp1s0 rule 1; do sleep 0.2; done
ip link set enp0s2 down
date +%s > /run/cut-at
for number in $(seq 300); do
    ethtool -n enp1s0 rule 1 || break
    sleep 0.5
done
date +%s > /run/back-at
ip link set enp0s2 up
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - kernel_bypass.sriov.host:
        pfs:
          - pf: enp1s0
            rules: [{flow_type: udp4, dst_ip: 10.9.9.1, dst_port: 9, vf: 0, location: 1}]
        confirm: %d
"""


@pytest.fixture
def playbook(vm, tmp_path):
    """Runs it over a connection of its own: that of the lab is shared, and would be reset with it."""
    (tmp_path / "play.yml").write_text(PLAY % CONFIRM)
    host = vm.inventory_host()
    options = {"ControlPath": tmp_path / "ssh", "ConnectTimeout": 3, "ServerAliveInterval": 2, "ServerAliveCountMax": 3}
    variables = host.variables()
    ours = " ".join(f"-o {name}={value}" for name, value in options.items())
    variables["ansible_ssh_args"] = f"{ours} {variables['ansible_ssh_args']}"  # ssh takes the first of two
    inventory = {"all": {"hosts": {host.name: variables}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    return ["ansible-playbook", "-i", tmp_path / "hosts.json", tmp_path / "play.yml"]


@pytest.fixture
def cutting(guest, others):
    had = others()
    guest.check_output("rm -f /run/cut-at /run/back-at; cat > /run/cut.sh <<'EOF'\n" + CUT + "EOF")
    guest.check_output("systemd-run --quiet --unit=cut sh /run/cut.sh")
    yield had
    guest.run("systemctl stop cut; systemctl reset-failed; ip link set enp0s2 up")


def test_the_host_goes_back_and_the_controller_says_so(guest, cutting, playbook):
    ended = subprocess.run(playbook, capture_output=True, text=True, timeout=300, check=False)
    end = time.monotonic() + 120
    over = "test -e /run/back-at && ! test -e /run/kernel-bypass-sriov/confirm"
    while time.monotonic() < end and guest.run(over).failed:
        time.sleep(1)
    assert ended.returncode != 0, ended.stdout
    cut, back = (int(guest.check_output(f"cat /run/{name}-at")) for name in ("cut", "back"))
    print(f"back {back - cut} s after the cut")
    assert CONFIRM / 2 < back - cut < CONFIRM + LATE
    assert guest.check_output("ethtool -n enp1s0") == cutting[0]
    assert not guest.file("/run/kernel-bypass-sriov/confirm").exists
