"""What converge has made, asked for again: neither check mode nor a run has a step or changes anything."""

from pathlib import Path

import pytest
import yaml
from lab.looks import look, look_again

CONVERGE = Path(__file__).parents[2] / "converge.yml"


@pytest.fixture(scope="module")
def wish():
    (play,) = yaml.safe_load(CONVERGE.read_text())
    return [{"pf": name, **pf} for name, pf in play["vars"]["provision_pfs"].items()]


def test_nothing_is_to_be_done_and_nothing_is_done(modules, vm, wish):
    before = look(vm)
    for check in (True, False):
        result = modules.run("host", pfs=wish, check=check)
        assert (result["failed"], result["changed"], result["steps"]) == (False, False, [])
    assert look_again(vm, before) == before
