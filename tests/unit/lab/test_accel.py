from __future__ import annotations

import pytest
from lab.accel import Choice, decide, device_problem


class Trial:
    """A trial runner that gives a fixed outcome and counts how often it was asked."""

    def __init__(self, failure=None):
        self.failure = failure
        self.runs = 0

    def __call__(self):
        self.runs += 1
        return self.failure


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "deep" / "accelerator.json"


def test_no_device_means_no_trial(cache):
    trial = Trial()
    assert decide("/dev/kvm: No such file or directory", "", cache, trial) == Choice(
        "tcg", "/dev/kvm: No such file or directory"
    )
    assert trial.runs == 0
    assert not cache.exists()


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(None, Choice("kvm", "a trial guest ran")), ("crashed", Choice("tcg", "KVM trial guest crashed"))],
)
def test_the_trial_decides_once(cache, failure, expected):
    trial = Trial(failure)
    assert decide(None, "boot 1", cache, trial) == expected
    assert decide(None, "boot 1", cache, trial) == expected
    assert trial.runs == 1


def test_another_boot_or_qemu_is_tried_again(cache):
    decide(None, "boot 1", cache, Trial("crashed"))
    trial = Trial()
    assert decide(None, "boot 2", cache, trial).accelerator == "kvm"
    assert trial.runs == 1


def test_a_device_that_went_away_beats_the_cache(cache):
    decide(None, "boot 1", cache, Trial())
    assert decide("/dev/kvm: Permission denied", "boot 1", cache, Trial()).accelerator == "tcg"


def test_a_broken_cache_is_ignored(cache):
    cache.parent.mkdir()
    cache.write_text("{", encoding="utf-8")
    assert decide(None, "boot 1", cache, Trial()).accelerator == "kvm"


def test_device_problem(tmp_path):
    assert device_problem(tmp_path / "kvm") == f"{tmp_path}/kvm: No such file or directory"
    (tmp_path / "kvm").touch()
    assert device_problem(tmp_path / "kvm") is None
