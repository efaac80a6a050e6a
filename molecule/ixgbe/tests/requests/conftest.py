import pytest


@pytest.fixture
def with_link(nic):
    """The driver takes rates of VFs only then; what was before may have reset the PF."""
    nic.wait_for_carrier([nic.interface])


@pytest.fixture(scope="module")
def no_rules_afterwards(modules):
    yield
    modules.run("flow_rule", pf="enp1s0", rules=[], exclusive=True)


@pytest.fixture
def rules(modules, no_rules_afterwards):
    """Runs module flow_rule; no rule is there before."""

    def run(*requested, **options):
        result = modules.run("flow_rule", {"pf": "enp1s0", "rules": list(requested), **options})
        assert not result["failed"], result["msg"]
        return result

    run(exclusive=True)
    return run


@pytest.fixture
def four_new_vfs_afterwards(modules):
    """By way of none: else they would have what those before them have had."""
    yield
    modules.run("pf", pf="enp1s0", num_vfs=0)
    modules.run("pf", pf="enp1s0", num_vfs=4, drivers_autoprobe=True)


@pytest.fixture(scope="module")
def shown_rules(guest):
    """Location and action of every rule, by ethtool."""

    def show():
        lines = guest.check_output("ethtool -n enp1s0 | sed -n 's/^Filter: //p; s/.*Action: //p'").splitlines()
        return dict(zip(lines[::2], lines[1::2], strict=True))

    return show
