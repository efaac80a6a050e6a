"""Check mode on a host that is otherwise than asked for: it says what the run then does, and does nothing."""

from lab.looks import look, look_again

PF = {"pf": "enp1s0"}
REQUESTS = [
    ("vf", {**PF, "vfs": [{"vf": "all", "mac": "auto"}, {"vf": 2, "vlan": 7, "mtu": 1400}]}),
    ("pci_driver", {**PF, "vf": 2, "driver": "vfio-pci"}),
    ("rss", {**PF, "weights": [0, 1]}),
    ("rss", {**PF, "default": True}),
    (
        "host",
        {"pfs": [{**PF, "num_vfs": 3, "vfs": [{"vf": 2, "vlan": 0, "driver": "default", "mtu": 1500}]}]},
    ),
]
COMPARED = ("changed", "steps", "allowed", "warnings")


def test_it_says_what_each_run_does_and_does_nothing(modules, vm):
    before = look(vm)
    for module, options in REQUESTS:
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
