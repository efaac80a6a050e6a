"""Two controllers at once: it ends as one after the other would. `RACES=20` tries it more often."""

import threading

import pytest
from conftest import DEVICE, times
from lab.modules import GuestModules

VFS = [{"vf": "all", "mac": "auto", "driver": "default"}, {"vf": 0, "driver": "vfio-pci"}]
FIRST = {"flow_type": "udp4", "dst_ip": "10.9.9.1", "dst_port": 9, "vf": 0, "location": 1}
SECOND = {**FIRST, "dst_ip": "10.9.9.2", "queue": 1}


@pytest.fixture(scope="module")
def controllers(vm, modules):
    with GuestModules(vm, directory="/run/lab-modules-2") as second:
        yield modules, second


@pytest.fixture
def at_once(controllers):
    """Results of two runs of module host that begin together."""

    def run(*entries):
        results = [None, None]

        def one(number):
            results[number] = controllers[number].run("host", pfs=[{"pf": "enp1s0", **entries[number]}])

        threads = [threading.Thread(target=one, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


def test_with_one_wish_one_of_them_does_it(others, modules, at_once, guest):
    for _number in range(times("RACES")):
        others()
        guest.check_output(f"echo 0 > {DEVICE}/sriov_numvfs")
        results = at_once(*[{"num_vfs": 2, "vfs": VFS}] * 2)
        assert not any(result["failed"] for result in results), [result.get("msg") for result in results]
        assert sorted(result["changed"] for result in results) == [False, True]
        assert guest.check_output(f"basename $(readlink {DEVICE}/virtfn0/driver)") == "vfio-pci"
        assert guest.check_output(f"basename $(readlink {DEVICE}/virtfn1/driver)") == "ixgbevf"


def test_with_two_wishes_the_later_one_holds_and_says_what_it_changed(others, modules, at_once):
    others()
    for _number in range(times("RACES")):
        wishes = [{"vfs": [{"vf": 0, "driver": "vfio-pci"}]}, {"vfs": [{"vf": 0, "driver": "default", "vlan": 9}]}]
        results = at_once(*wishes)
        assert not any(result["failed"] for result in results), [result.get("msg") for result in results]
        left = [modules.run("host", pfs=[{"pf": "enp1s0", **wish}], check=True)["changed"] for wish in wishes]
        assert sorted(left) == [False, True]
        assert results[left.index(False)]["changed"]


def test_of_two_rules_for_one_location_one_is_refused(others, at_once, guest):
    others()
    for _number in range(times("RACES")):
        results = at_once({"rules": [FIRST]}, {"rules": [SECOND]})
        assert sorted(result["failed"] for result in results) == [False, True]
        refused = [result["failed"] for result in results].index(True)
        assert "location 1 is occupied" in results[refused]["msg"]
        kept = (FIRST, SECOND)[1 - refused]
        assert kept["dst_ip"] in guest.check_output("ethtool -n enp1s0 rule 1")
        guest.check_output("ethtool -N enp1s0 delete 1")
