"""Runs modules of the collection in a guest, hundreds of them, without what Ansible spends on each.

::

    with GuestModules(vm) as modules:
        result = modules.run("pf", pf="enp1s0", num_vfs=2)
        result = modules.run("pf", {"pf": "enp1s0", "num_vfs": 0}, check=True)
        refused = modules.run_many([("pf", {"pf": "enp1s0", "num_vfs": number}) for number in (-1, 64, 1 << 40)])
        text = modules.python("import os; print(os.uname().release)")

The modules and the part of ansible-core that they import are shipped once; then one Python in the guest imports them,
and forks for each run (lab.modules_guest). It is a child of sshd, as under Ansible: a module sees whose connection it
must not cut.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from lab import killed_guest, modules_guest
from lab.errors import LabError

Request = dict[str, Any]

PLUGINS = Path(__file__).parents[2] / "plugins"
START_SECONDS = 120.0
SPARE_SECONDS = 30.0  # for an answer on its way, under TCG on a busy machine
_BYTE_CODE = f".{sys.implementation.cache_tag}.pyc"
# Most of ansible.module_utils that no module here imports.
_NOT_SHIPPED = tuple(f"ansible/module_utils/{name}" for name in ("csharp", "facts", "powershell"))


class Guest(Protocol):
    """A `lab.vm.Vm`, or whatever else can be asked this."""

    def ssh_command(self, remote: str) -> list[str]:
        """A local command line for one in the guest's shell."""


class ModuleBroke(LabError):
    """A module has not answered as modules do: it died, hung, or printed something else than its result."""


class GuestModules:
    """Modules of the collection in one guest; as a context manager. Not two at a time: they share its directory.

    :param extra: packages of this Python for `python`, without compiled parts; imported at the start: ("pyroute2",).
    :param limit: seconds after which a run is killed; more than the modules' own `timeout`.
    :param plugins: the collection's directory of that name.
    :param directory: where the guest keeps what is shipped, and for the next start what it has compiled of that.
    """

    def __init__(
        self,
        vm: Guest,
        extra: Sequence[str] = (),
        limit: float = 180.0,
        plugins: Path = PLUGINS,
        directory: str = "/run/lab-modules",
    ) -> None:
        self._vm = vm
        self._extra = extra
        self._limit = limit
        self._plugins = plugins
        self._directory = directory
        self._server: _Server | None = None
        self.python_version = ""

    def __enter__(self) -> GuestModules:
        archive = pack(self._plugins, self._extra)
        directory = shlex.quote(self._directory)
        self._server = _Server(
            self._vm.ssh_command(
                f"mkdir -p {directory} && find {directory} -name '*.py' -delete"
                f" && head -c {len(archive)} | tar -C {directory} -xz"
                f" && exec python3 {directory}/modules_guest.py {self._limit} {shlex.join(self._extra)}"
            )
        )
        try:
            self.python_version = self._server.exchange(archive, START_SECONDS)["python"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_details: object) -> None:
        if self._server:
            self._server.end(5.0)
            self._server = None

    def run(
        self,
        module: str,
        options: Mapping[str, Any] | None = None,
        /,
        *,
        check: bool = False,
        diff: bool = True,
        **more: Any,
    ) -> dict[str, Any]:
        """The result of one run, as Ansible would register it; with `failed` and `changed` in any case.

        :param options: of the module. They may be keywords as well, but for any called `check` or `diff`.
        :raises ModuleBroke: there is no result.
        """
        return result_of(module, self._ask(self._request(module, {**(options or {}), **more}, check, diff)))

    def run_killed(self, module: str, options: Mapping[str, Any], at: int | None, after: bool = False) -> list[str]:
        """What a run writes that is killed at one of its writes: paths of sysfs, commands, ioctls.

        :param at: the number of the write, from 0 on; None: it is not killed.
        :param after: once the write is done.
        :raises LabError: it has come to an end, or to none.
        """
        code = f"{Path(killed_guest.__file__).read_text(encoding='utf-8')}\nbegin({at!r}, {after!r})\n"
        answer = self._ask({**self._request(module, options), "code": code})
        if answer["status"] != (0 if at is None else -signal.SIGKILL):
            raise LabError(f"Module {module}, to be killed at write {at}, {_ending(answer)}")
        return self.python(f"print(open({killed_guest.WRITES!r}).read())").splitlines()[:-1]

    def _request(self, module: str, options: Mapping[str, Any], check: bool = False, diff: bool = True) -> Request:
        names = sorted(path.stem for path in self._plugins.glob("modules/*.py"))
        if module not in names:
            raise LabError(f"The collection has no module {module!r}: it has {', '.join(names)}.")
        # What Ansible adds to the options (plugins/action/__init__.py), as far as it matters here.
        internal = {
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            "_ansible_module_name": f"kernel_bypass.sriov.{module}",
        }
        return {"module": module, "stdin": json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **internal}})}

    def run_many(
        self, runs: Iterable[tuple[str, Mapping[str, Any]]], check: bool = False, diff: bool = True
    ) -> list[dict[str, Any]]:
        """The results of modules that run one after the other; each is given as its name and its options."""
        return [self.run(module, options, check=check, diff=diff) for module, options in runs]

    def python(self, code: str, stdin: str = "") -> str:
        """What a Python program prints that can import whatever has been shipped.

        :raises LabError: it ended with a status other than 0.
        """
        answer = self._ask({"code": code, "stdin": stdin})
        if answer["status"] != 0:
            raise LabError(f"Python in the guest, {_ending(answer)}")
        return str(answer["stdout"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._server is None:
            raise LabError("Nothing runs modules yet, or any more: use GuestModules as a context manager.")
        return self._server.exchange(json.dumps(request).encode() + b"\n", self._limit + SPARE_SECONDS)


def result_of(module: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The result in what a module has printed.

    :raises ModuleBroke: it is no result, or the exit status contradicts it.
    """
    try:
        result = json.loads(answer["stdout"])
    except ValueError:
        result = None
    if not isinstance(result, dict):
        raise ModuleBroke(f"Module {module} gave no result, {_ending(answer)}")
    # What Ansible makes of it before `register`.
    result = {"failed": False, "changed": False, **result}
    result.pop("invocation", None)
    if bool(result["failed"]) != (answer["status"] != 0):
        raise ModuleBroke(f"Module {module}: its status is not that of its result, {_ending(answer)}")
    if "warnings" in result:  # objects since ansible-core 2.19
        result["warnings"] = [w if isinstance(w, str) else w["event"]["msg"] for w in result["warnings"]]
    return result


def _ending(answer: Mapping[str, Any]) -> str:
    status = answer["status"]
    ending = "killed as it did not end" if status is None else f"status {status}"
    return f"{ending}:\n{answer['stdout'][-4000:]}{answer['stderr'][-4000:]}"


class _Server:
    """The program in the guest, at the other end of ssh."""

    def __init__(self, command: list[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (for as long as the process)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )
        assert self._process.stdin
        os.set_blocking(self._process.stdin.fileno(), False)
        self._received = b""

    def exchange(self, data: bytes, seconds: float) -> dict[str, Any]:
        """Sends, and returns the answer. An error is the end of it: a late answer is not one to a later request."""
        if self._process.poll() is not None:
            raise self._ended()
        try:
            line = self._line_for(memoryview(data), time.monotonic() + seconds)
            try:
                return dict(json.loads(line))
            except (TypeError, ValueError):
                raise LabError(f"What runs modules in the guest has answered {line[:200]!r}.") from None
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _line_for(self, data: memoryview, end: float) -> bytes:
        assert self._process.stdin and self._process.stdout
        there, back = self._process.stdin.fileno(), self._process.stdout.fileno()
        while b"\n" not in self._received:
            seconds = max(0.0, end - time.monotonic())
            readable, writable, _failed = select.select([back], [there] if data else [], [], seconds)
            if not readable and not writable:
                raise LabError("What runs modules in the guest has not answered in time.")
            if writable:
                try:
                    data = data[os.write(there, data) :]
                except BrokenPipeError:  # reading finds out why
                    data = memoryview(b"")
            if readable:
                received = os.read(back, 1 << 16)
                if not received:
                    raise self._ended()
                self._received += received
        line, self._received = self._received.split(b"\n", 1)
        return line

    def _ended(self) -> LabError:
        status = self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace")
        return LabError(f"What runs modules in the guest has ended, status {status}:\n{words[-4000:]}")

    def end(self, seconds: float) -> None:
        """The end of its input is the program's end."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


def pack(plugins: Path, extra: Sequence[str] = ()) -> bytes:
    """A compressed archive of the guest's program, the collection, ansible.module_utils and more packages."""
    ansible = _package("ansible")
    sources = {
        "modules_guest.py": Path(modules_guest.__file__),
        modules_guest.PLUGINS.replace(".", "/"): plugins,
        **{f"ansible/{name}": ansible / name for name in ("__init__.py", "_vendor", "module_utils", "release.py")},
        **{package.name: package for package in map(_package, extra)},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as archive:
        for name, source in sources.items():
            archive.add(source, name, filter=_shipped)
    return packed.getvalue()


def _shipped(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if entry.name.endswith(".so"):
        raise LabError(f"{entry.name} is compiled for this machine's Python, and is of no use to the guest's.")
    # Byte code saves seconds in a guest with the same Python. It tells its source's time and size: none stale is used.
    of_no_use = entry.name.endswith(".pyc") and not entry.name.endswith(_BYTE_CODE)
    return None if of_no_use or entry.name in _NOT_SHIPPED else entry


def _package(name: str) -> Path:
    """The directory of a package, or the file of a module, of this Python."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LabError(f"This Python has no package {name!r} to ship: run it from the environment of the tests.")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin
