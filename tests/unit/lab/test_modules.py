"""GuestModules with this machine's Python as the guest, and small modules that do what modules may do."""

from __future__ import annotations

import io
import os
import shlex
import sys
import tarfile
import time
from pathlib import Path

import pytest
from lab import modules
from lab.errors import LabError
from lab.modules import PLUGINS, GuestModules, ModuleBroke, pack

ANSIBLE_MODULE = """
import os, sys
from ansible.module_utils.basic import AnsibleModule
OPTIONS = dict.fromkeys(("check", "diff", "options", "module", "text"), {"type": "str"})
RUNS = []
def main():
    RUNS.append(1)
    module = AnsibleModule(argument_spec={**OPTIONS, "number": {"type": "int"}}, supports_check_mode=True)
"""
SOURCES = {
    "options": ANSIBLE_MODULE + "    module.exit_json(got=module.params, check=module.check_mode, diff=module._diff)",
    "runs": ANSIBLE_MODULE + "    module.exit_json(runs=len(RUNS))",
    "descriptors": ANSIBLE_MODULE
    + "    numbers = os.listdir('/proc/self/fd')\n"
    + "    paths = [f'/proc/self/fd/{number}' for number in numbers]\n"
    + "    module.exit_json(kinds=[os.readlink(path)[:5] for path in paths if os.path.exists(path)])",
    "reads": ANSIBLE_MODULE + "    module.exit_json(rest=sys.stdin.read())",
    "warns": ANSIBLE_MODULE + "    module.warn('mind the gap')\n    module.exit_json()",
    "refuses": ANSIBLE_MODULE + "    module.fail_json('no')",
    "crashes": "def main():\n    print('half a res', end='')\n    raise RuntimeError('out of cheese')",
    "chatters": "def main():\n    print('hello')\n    print('{}')",
    "lists": "def main():\n    print('[]')",
    "forgets": "def main():\n    pass",
    "fails_with_0": "def main():\n    print('{\"failed\": true}')",
    "succeeds_with_3": "def main():\n    print('{\"changed\": true}')\n    raise SystemExit(3)",
    "dies": "import os\ndef main():\n    os.kill(os.getpid(), 9)",
    "cleans": ANSIBLE_MODULE + "    module.exit_json(directory=module.tmpdir)",
    "hangs": ANSIBLE_MODULE
    + "    import subprocess, time\n"
    + "    child = subprocess.Popen(['sleep', '60'])\n"
    + "    open(module.params['text'], 'w').write(str(child.pid))\n"
    + "    time.sleep(60)",
}


class LocalGuest:
    """Runs in a shell here what a VM would run in the guest's."""

    def ssh_command(self, remote):
        return ["env", "SSH_CONNECTION=192.0.2.1 5000 192.0.2.2 22", "sh", "-c", remote]


def tree(path, sources):
    (path / "modules").mkdir(parents=True)
    for name, source in sources.items():
        (path / "modules" / f"{name}.py").write_text(source)
    return path


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    home = tmp_path_factory.mktemp("guest")
    with GuestModules(LocalGuest(), plugins=tree(home / "plugins", SOURCES), directory=f"{home}/it's here") as started:
        yield started


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    with GuestModules(LocalGuest(), directory=str(tmp_path_factory.mktemp("guest"))) as started:
        yield started


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        ("pf", {}, "missing required arguments: pf"),
        (
            "pf",
            {"pf": "x", "num_vfs": "many"},
            "argument 'num_vfs' is of type str and we were unable to convert to int",
        ),
        ("pf", {"pf": "x", "vfs": 4}, "Unsupported parameters for (kernel_bypass.sriov.pf) module: vfs"),
        ("pf", {"pf": "x", "timeout": 0}, "timeout: 0 is less than a second. Remedy: give 1 or more."),
        ("pci_driver", {"driver": "none"}, "one of the following is required: devices"),
    ],
    ids=["nothing", "no number", "unknown option", "a refusal of ours", "one of several"],
)
def test_the_collections_modules_refuse_as_under_ansible(collection, module, options, message):
    result = collection.run(module, options)
    assert result["failed"] is True
    assert message in result["msg"]


def test_a_module_sees_the_ssh_connection_that_the_guests_python_was_started_by(collection):
    code = (
        "from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.management import ssh_peer\n"
        "from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel\n"
        "print(ssh_peer(Kernel().processes).client)"
    )
    assert collection.python(code) == "192.0.2.1\n"


@pytest.mark.parametrize("check", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize("diff", [False, True], ids=["no diff", "diff"])
def test_modes_and_options_do_not_mix_though_their_names_are_the_same(runner, check, diff):
    given = {"check": "c", "diff": "d", "options": "o", "module": "m"}
    result = runner.run("options", given, check=check, diff=diff, number=7)
    assert (result["check"], result["diff"], result["failed"]) == (check, diff, False)
    assert result["got"] == {**given, "number": 7, "text": None}


def test_options_called_like_parameters_of_run_may_be_keywords(runner):
    assert runner.run("options", options="o", module="m")["got"]["options"] == "o"


@pytest.mark.parametrize("text", ["ä 😀", "two\nlines", "x" * 300_000], ids=ascii)
def test_text_comes_through_unchanged(runner, text):
    assert runner.run("options", text=text)["got"]["text"] == text


def test_each_run_finds_the_module_as_it_was_imported(runner):
    results = runner.run_many([("runs", {}), ("runs", {"number": 1}), ("refuses", {}), ("runs", {"number": "x"})])
    assert [result.get("runs") for result in results] == [1, 1, None, None]
    assert [result["failed"] for result in results] == [False, False, True, True]


def test_a_module_has_no_descriptor_of_the_session_that_a_process_it_leaves_could_keep_open(runner):
    assert not {"pipe:", "socke"} & set(runner.run("descriptors")["kinds"])


def test_a_module_that_reads_its_input_does_not_get_the_next_request(runner):
    assert runner.run("reads")["rest"] == ""
    assert runner.run("runs")["runs"] == 1


def test_a_result_is_what_ansible_registers(runner):
    assert runner.run("warns") == {"failed": False, "changed": False, "warnings": ["mind the gap"]}
    assert runner.run("refuses") == {"failed": True, "changed": False, "msg": "no"}


def test_what_a_module_wants_done_at_its_end_is_done(runner):
    directory = runner.run("cleans")["directory"]
    assert "ansible-moduletmp" in directory
    assert not Path(directory).exists()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("crashes", r"no result, status 1:\nhalf a resTraceback (.|\n)*modules/crashes.py(.|\n)*out of cheese"),
        ("chatters", r"no result, status 0:\nhello\n\{\}"),
        ("lists", r"no result, status 0:\n\[\]"),
        ("forgets", "no result, status 0:\n$"),
        ("fails_with_0", 'not that of its result, status 0:\n{"failed": true}'),
        ("succeeds_with_3", 'not that of its result, status 3:\n{"changed": true}'),
        ("dies", "no result, status -9:\n$"),
    ],
)
def test_a_module_that_answers_as_none_does_is_an_error_and_the_next_one_runs(runner, module, message):
    with pytest.raises(ModuleBroke, match=message):
        runner.run(module)
    assert runner.run("runs")["runs"] == 1


def test_a_module_that_hangs_is_killed_with_what_it_has_started(tmp_path):
    plugins = tree(tmp_path / "plugins", SOURCES)
    with GuestModules(LocalGuest(), limit=4, plugins=plugins, directory=str(tmp_path / "guest")) as runner:
        with pytest.raises(ModuleBroke, match="killed as it did not end"):
            runner.run("hangs", text=str(tmp_path / "pid"))
        assert runner.run("runs")["runs"] == 1
    state = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_an_unknown_module_is_named_with_those_there_are(runner):
    with pytest.raises(LabError, match="no module 'pfs': it has chatters, cleans, crashes, "):
        runner.run("pfs")


def test_python_prints_reads_and_ends_as_it_likes(runner):
    assert runner.python("import sys; print(sys.stdin.read()[::-1]); sys.exit()", "abc") == "cba\n"
    with pytest.raises(LabError, match="status 1:\nso\nno\n"):
        runner.python("import sys; print('so'); sys.exit('no')")
    with pytest.raises(LabError, match='status 1:\nTraceback(.|\n)*File "<code>", line 2(.|\n)*ZeroDivisionError'):
        runner.python("\n1 / 0")


def test_the_guest_uses_what_was_shipped_and_not_its_own(runner):
    code = "import ansible.module_utils.basic as basic, ansible; print(basic.__file__, ansible.__file__)"
    assert runner.python(code).count("it's here/ansible/") == 2


def test_more_packages_are_there_from_the_start(tmp_path, monkeypatch):
    package = tmp_path / "here" / "lab_test_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import os\nPID = os.getpid()")
    monkeypatch.syspath_prepend(package.parent)
    plugins = tree(tmp_path / "plugins", {})
    with GuestModules(
        LocalGuest(), ("lab_test_package",), plugins=plugins, directory=str(tmp_path / "guest")
    ) as runner:
        text = runner.python("import os, lab_test_package as p; print(p.__file__, p.PID == os.getppid())")
    assert text == f"{tmp_path}/guest/lab_test_package/__init__.py True\n"


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("lab_no_such", (), "no package 'lab_no_such' to ship"),
        ("lab_compiled", ("__init__.py", "fast.so"), "lab_compiled/fast.so is compiled for this machine's Python"),
    ],
    ids=["missing", "compiled"],
)
def test_a_package_that_cannot_be_shipped_is_an_error_before_the_guest_is_asked(
    tmp_path, monkeypatch, name, files, message
):
    for file in files:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / file).touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LabError, match=message):
        pack(PLUGINS, (name,))


def test_a_module_removed_here_is_gone_in_the_guest_and_a_changed_one_is_new(tmp_path):
    plugins = tree(tmp_path / "plugins", {"old": "def main(): print('{}')", "changes": "def main(): print('{}')"})
    guest = str(tmp_path / "guest")
    with GuestModules(LocalGuest(), plugins=plugins, directory=guest) as runner:
        runner.run_many([("old", {}), ("changes", {})])
    (plugins / "modules/old.py").unlink()
    (plugins / "modules/changes.py").write_text("def main(): print('{\"new\": true}')")
    with GuestModules(LocalGuest(), plugins=plugins, directory=guest) as runner:
        assert runner.run("changes")["new"] is True
        with pytest.raises(LabError, match="ModuleNotFoundError"):
            runner.python("import ansible_collections.kernel_bypass.sriov.plugins.modules.old")


def test_the_archive_has_the_byte_code_of_this_python_only_and_no_facts(tmp_path):
    plugins = tree(tmp_path / "plugins", {"some": ""})
    (plugins / "__pycache__").mkdir()
    mine = f"__pycache__/some.{sys.implementation.cache_tag}.pyc"
    for name in (mine, "__pycache__/some.cpython-20.pyc"):
        (plugins / name).touch()
    with tarfile.open(fileobj=io.BytesIO(pack(plugins))) as archive:
        names = set(archive.getnames())
    collection = "ansible_collections/kernel_bypass/sriov/plugins"
    assert {"modules_guest.py", f"{collection}/{mine}", "ansible/module_utils/basic.py"} <= names
    assert not {f"{collection}/__pycache__/some.cpython-20.pyc", "ansible/module_utils/facts"} & names


class OtherGuest(LocalGuest):
    """Runs something else instead, or before."""

    def __init__(self, before):
        self.before = before

    def ssh_command(self, remote):
        return super().ssh_command(f"{self.before}; {remote}")


@pytest.mark.parametrize(
    ("before", "sources", "message"),
    [
        ("echo gone >&2; exit 255", {}, "has ended, status 255:\ngone"),
        ("echo Welcome", {}, "has answered b'Welcome'"),
        ("echo 17", {}, "has answered b'17'"),
        ("true", {"broken": "import lab_no_such"}, "status 1:\nTraceback(.|\n)*No module named 'lab_no_such'"),
        ("true", {"noisy": "print('at import')\nraise OSError"}, "status 1:\nat import\nTraceback"),
    ],
    ids=["no connection", "greeting", "number", "import fails", "prints at import"],
)
def test_a_guest_that_does_not_start_says_why(tmp_path, before, sources, message):
    plugins = tree(tmp_path / "plugins", sources)
    runner = GuestModules(OtherGuest(before), plugins=plugins, directory=str(tmp_path / "guest"))
    with pytest.raises(LabError, match=message):
        runner.__enter__()


def test_a_guest_that_is_lost_is_an_error_for_this_run_and_all_later_ones(tmp_path):
    guest = shlex.quote(str(tmp_path / "guest"))
    with GuestModules(LocalGuest(), plugins=tree(tmp_path / "plugins", SOURCES), directory=guest) as runner:
        for _dummy in range(2):
            with pytest.raises(LabError, match="has ended, status -9"):
                runner.python("import os; os.kill(os.getppid(), 9)")
    with pytest.raises(LabError, match="use GuestModules as a context manager"):
        runner.run("runs")


@pytest.mark.parametrize(
    "code",
    ["import time; time.sleep(1.5)", "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)"],
    ids=["late", "never"],
)
def test_a_guest_that_does_not_answer_in_time_is_given_up_and_its_late_answer_is_nobodys(tmp_path, monkeypatch, code):
    plugins = tree(tmp_path / "plugins", SOURCES)
    with GuestModules(LocalGuest(), limit=20, plugins=plugins, directory=str(tmp_path / "guest")) as runner:
        server = int(runner.python("import os; print(os.getppid())"))
        monkeypatch.setattr(modules, "SPARE_SECONDS", -19.0)
        with pytest.raises(LabError, match="has not answered in time"):
            runner.python(code)
        time.sleep(1)
        with pytest.raises(LabError, match="has ended, status -9"):
            runner.run("runs")
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_guest_that_does_not_read_is_given_up_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(modules, "START_SECONDS", 0.5)
    runner = GuestModules(OtherGuest("exec sleep 20"), plugins=tree(tmp_path / "plugins", SOURCES))
    with pytest.raises(LabError, match="has not answered in time"):
        runner.__enter__()
