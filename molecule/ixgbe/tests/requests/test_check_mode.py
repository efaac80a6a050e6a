"""Check mode on a host that is otherwise than asked for: it says what the run then does, and does nothing."""

from lab.looks import look, look_again

VFS = [
    {"vf": "all", "mac": "auto"},
    {"vf": 0, "driver": "vfio-pci", "mode": "0660", "spoofchk": False},
    {"vf": 1, "vlan": 7, "max_tx_rate": 500, "trust": True, "driver": "default", "mtu": 1400},
]
RULE = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": 4321}
REQUESTS = [
    (
        "host",
        {"pfs": [{"pf": "enp1s0", "num_vfs": 2, "vfs": VFS, "rules": [{**RULE, "vf": 1}], "rss": {"weights": [3, 1]}}]},
    ),
    ("vf", {"pf": "enp1s0", "vfs": [{"vf": 1, "vlan": 0, "mac": "02:00:00:00:ee:01"}]}),
    ("pci_driver", {"pf": "enp1s0", "vf": 1, "driver": "vfio-pci"}),
    ("flow_rule", {"pf": "enp1s0", "rules": [{**RULE, "drop": True}], "exclusive": True}),
    ("rss", {"pf": "enp1s0", "channels": 2, "default": True}),
    ("flow_rule", {"pf": "enp1s0", "rules": [], "exclusive": True}),
    ("pf", {"pf": "enp1s0", "num_vfs": 4, "drivers_autoprobe": True}),
]
COMPARED = ("changed", "steps", "allowed", "warnings")


def test_it_says_what_each_run_does_and_does_nothing(modules, vm, four_new_vfs_afterwards):
    before = look(vm)
    for module, options in REQUESTS:
        options = {"allow": ["destroy_vfs"], **options} if module in ("pf", "host") else options
        said = modules.run(module, options, check=True)
        assert not said["failed"], said["msg"]
        assert look_again(vm, before) == before
        done = modules.run(module, options)
        assert done["changed"] and done["steps"], done
        assert {name: said.get(name) for name in COMPARED} == {name: done.get(name) for name in COMPARED}
        assert modules.run(module, options, check=True)["steps"] == []
        after = look(vm)
        assert after != before
        before = after
