# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own judge beside ours: what it takes is taken, and converted as it does; nothing else is."""

from __future__ import annotations

import importlib
import json
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.misread import NAMES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.validation import (
    KINDS,
    WORDS,
    checked_options,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

COLLECTION = "ansible_collections.kernel_bypass.sriov"
PLUGINS = Path(__file__).parents[5] / "plugins"
# Combinations that no module need have.
OTHERS = {
    "words": {"type": "list", "elements": "str", "choices": ["a", "b"]},
    "anything": {"type": "list"},
    "dictionaries": {"type": "list", "elements": "dict"},
    "kind": {"type": "str", "choices": ["a", "b"], "required": True},
    "other_kind": {"type": "str", "choices": ["a", "b"], "default": "a"},
    "with_default": {"type": "str", "default": "x"},
    "record": {
        "type": "dict",
        "options": {
            "number": {"type": "int", "required": True},
            "text": {"type": "str"},
            "record": {"type": "dict", "options": {"vf": {"type": "raw", "required": True}, "on": {"type": "bool"}}},
        },
        "required_by": {"text": ["record"]},
    },
}
TOGETHER = {
    "mutually_exclusive": [("words", "record")],
    "required_one_of": [("words", "record", "anything"), ("words", "with_default")],
    "required_by": {"anything": "with_default", "dictionaries": ("kind", "words")},
}


def interface(name):
    """A module's argument spec and constraints, as it gives them to Ansible."""
    module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
    ansible_module = mock.patch.object(module, "AnsibleModule", side_effect=InterruptedError)
    with ansible_module as asked, pytest.raises(InterruptedError):
        module.main()
    words = {word: each for word, each in asked.call_args[1].items() if word != "supports_check_mode"}
    return words.pop("argument_spec"), words


ON_THE_CONTROLLER = {"merged_pfs", "role_variables"}  # no modules, but their documentation
MODULES = sorted({path.stem for path in (PLUGINS / "modules").glob("[a-z]*.py")} - ON_THE_CONTROLLER)
INTERFACES = {"what no module has": (OTHERS, TOGETHER), **{name: interface(name) for name in MODULES}}


def options_of(spec):
    for option in spec.values():
        yield option
        yield from options_of(option.get("options", {}))


@pytest.mark.parametrize(("spec", "constraints"), INTERFACES.values(), ids=INTERFACES)
def test_the_validator_knows_all_that_our_specs_say(spec, constraints):
    """No aliases, say: whoever needs them teaches them to the validator first."""
    assert set(constraints) <= WORDS
    for option in options_of(spec):
        assert set(option) <= WORDS and option["type"] in KINDS
        assert option.get("elements", "raw") in {*KINDS} - {"list"}
        assert all(isinstance(choice, str) for choice in option.get("choices", ()))
        assert "options" not in option or option.get("elements", "dict") == "dict"


GOOD = {
    "str": ("a", "auto", "vfio-pci", "3", "60.0", "enp1s0", 3),
    "int": (0, 4, "4", 4.0),
    "float": (1, 0.5, "2.5"),
    "bool": (True, "yes", "False", 0),
    "raw": ("all", 0, [0, 1]),
    "dict": ({}, {"a": 1}),
}
ODD = (
    *(None, True, "yes", "maybe", "", "x", "a,b", "0,1", "a=b", "vf=1 pf=a", "vf=1,pf=a", "pf=a,b", "a b=c"),
    *(0, -1, 3.5, 4.0, float("nan"), float("inf"), "4", "4.0", " 4", "1e2", "0x10", b"4", b"\xff", 10**30),
    *([], {}, [None], [[1]], [{}], ["x", 1], {"vf": 1}, {"pf": "a"}, (1, 2)),
    *('{"vf": 1}', '{"pf": "a", "vf": 1}', '[{"vf": 1}]', "{'pf': 'a'}", "{bad", '{"vf":1},vf=2', "[1, 2]", "null"),
)
STRANGE_WORDS = ("spoofcheck", "numvfs", "interface", "force", "drivers", "name", "foo", "", 3)


@st.composite
def records(draw, spec, constraints):
    """Options of a spec: good ones, and now and then others."""
    wanted = [name for name, each in spec.items() if each.get("required") and draw(st.integers(0, 19))]
    names = [*wanted, *draw(st.lists(st.sampled_from(sorted(spec)), max_size=3, unique=True))]
    if draw(st.integers(0, 4)):
        names = going_together(draw, names, constraints)
    made = {name: draw(values(spec[name])) for name in names}
    if not draw(st.integers(0, 14)):
        made[draw(st.sampled_from((*STRANGE_WORDS, *(f"{name}s" for name in spec))))] = draw(st.sampled_from(ODD))
    return made


def going_together(draw, names, constraints):
    """Names of options, so that they mostly meet the constraints."""
    for group in constraints.get("required_one_of", ()):
        names = names if {*group} & {*names} else [*names, draw(st.sampled_from(group))]
    for group in constraints.get("mutually_exclusive", ()):
        kept = draw(st.sampled_from([name for name in group if name in names] or [""]))
        names = [name for name in names if name == kept or name not in group]
    for name, needed in constraints.get("required_by", {}).items():
        names = [*names, *([needed] if isinstance(needed, str) else needed)] if name in names else names
    return names


@st.composite
def values(draw, option):
    """A value of an option; of twenty one that may be of another kind."""
    if not draw(st.integers(0, 19)):
        return draw(st.sampled_from(ODD))
    if "options" in option:
        one = records(option["options"], option)
        made = draw(st.lists(one, max_size=3) if option["type"] == "list" else one)
        return draw(st.sampled_from((made, made, made, written(made))))
    if option["type"] == "list":
        element = {"type": option.get("elements", "raw"), "choices": option.get("choices")}
        made = draw(st.lists(values(element), max_size=3))
        return draw(st.sampled_from((made, made, ",".join(map(str, made)))))
    return draw(st.sampled_from(option.get("choices") or GOOD[option["type"]]))


def written(made):
    """Dictionaries as text, as JSON or as "a=b,c=d"."""
    if isinstance(made, dict) and made:
        return json.dumps({str(name): str(value) for name, value in made.items()})
    return ",".join(" ".join(f"{name}={value}" for name, value in each.items()) for each in made)


def dictionaries(option, value):
    """The records in a value, those written as text too."""
    found = []
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and "options" in option:
            with suppress(TypeError, ValueError):
                each = check_type_dict(each)
        found += [each] if isinstance(each, dict) else []
    return found


def left_empty(spec, options):
    """Whether some option is null that must be there."""
    for name, option in spec.items():
        value = options.get(name)
        if (name in options and value is None and option.get("required")) or any(
            left_empty(option.get("options", {}), each) for each in dictionaries(option, value)
        ):
            return True
    return False


def is_odd_number(value):
    """True, which Ansible takes for 1, or a text such as "1e2"."""
    return isinstance(value, bool) or (isinstance(value, (str, bytes)) and value in ("1e2", "0x10"))


def odd_for_a_number(spec, options):
    """Whether some number is written as nobody writes one."""
    for name, option in spec.items():
        value = options.get(name)
        inner = value if isinstance(value, list) else [value]
        if option.get("elements", option["type"]) in ("int", "float") and any(map(is_odd_number, inner)):
            return True
        if any(odd_for_a_number(option.get("options", {}), each) for each in dictionaries(option, value)):
            return True
    return False


def number_for_a_name(spec, options):
    """Whether some name or address is a number, or true or false, of which Ansible makes a text."""
    for name, option in spec.items():
        value = options.get(name)
        inner = value if isinstance(value, list) else [value]
        if name in NAMES and any(isinstance(each, (int, float)) for each in inner):
            return True
        if any(number_for_a_name(option.get("options", {}), each) for each in dictionaries(option, value)):
            return True
    return False


def no_text(spec, options):
    """Whether some bytes are no text, of which Ansible makes half a character."""
    for name, option in spec.items():
        value = options.get(name)
        inner = value if isinstance(value, list) and "elements" in option else [value]
        if b"\xff" in inner or any(no_text(option.get("options", {}), each) for each in dictionaries(option, value)):
            return True
    return False


def some_are_of_no_use(options):
    """Whether a list of records has None in the place of one."""
    values = options.values() if isinstance(options, dict) else options if isinstance(options, list) else ()
    return (isinstance(options, list) and None in options) or any(map(some_are_of_no_use, values))


def judged(spec, options, constraints):
    """What Ansible makes of options; None where it refuses them, or breaks on them.

    What must be there and is left empty is a text for it, "" or "None": that we refuse, true or "1e2" for a
    number, a number for a name, and what is no text.
    """
    if no_text(spec, options):
        return None
    if left_empty(spec, options) or odd_for_a_number(spec, options) or number_for_a_name(spec, options):
        return None
    try:
        found = ArgumentSpecValidator(spec, **constraints).validate(options)
    except Exception:  # it does so on a number for a dictionary, and on keys that are no text
        return None
    return None if found.error_messages else found.validated_parameters


@pytest.mark.parametrize(("spec", "constraints"), INTERFACES.values(), ids=INTERFACES)
def test_what_ansible_takes_is_taken_and_nothing_else(spec, constraints):
    @settings(max_examples=150)
    @given(records(spec, constraints))
    def check(options):
        found = checked_options(spec, options, **constraints)
        by_ansible = judged(spec, options, constraints)
        event("taken" if by_ansible is not None else "refused")
        assert (by_ansible is None) == bool(found.faults), list(map(str, found.faults))
        if by_ansible is None:
            again = checked_options(spec, found.options, **constraints)
            assert again.options == found.options
            if not some_are_of_no_use(found.options):
                assert all("missing" in str(fault) and "[" not in str(fault) for fault in again.faults)
        else:
            assert repr(judged(spec, found.options, constraints)) == repr(by_ansible)
            assert set(found.options) == set(options)

    check()
