"""Runs modules of the collection in a guest, each in a fork of one Python that has imported them; see lab.modules.

    python3 modules_guest.py SECONDS [PACKAGE...]

Requests and answers are JSON, one a line, on the standard input and output that it is started with.
``{"module": NAME, "stdin": TEXT}`` or ``{"code": TEXT, "stdin": TEXT}`` is answered by
``{"status": 0, "stdout": TEXT, "stderr": TEXT}``; code beside a module runs before it. The status is null when the run
had not ended after SECONDS. The packages are imported at the start, too.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import platform
import select
import signal
import sys
import tempfile
import traceback
from pathlib import Path

PLUGINS = "ansible_collections.kernel_bypass.sriov.plugins"


def preload(packages):
    """Imports what every run needs; Ansible would import its profiles, ways to write JSON, with the first arguments."""
    profiles = "ansible.module_utils._internal._json._profiles"
    modules = Path(__file__).parent.joinpath(*PLUGINS.split("."), "modules").glob("*.py")
    names = ["ansible.module_utils.basic", f"{profiles}._module_legacy_c2m", f"{profiles}._module_legacy_m2c"]
    for name in [*names, *packages, *(f"{PLUGINS}.modules.{path.stem}" for path in modules)]:
        importlib.import_module(name)


def perform(request):
    if "code" in request:
        exec(compile(request["code"], "<code>", "exec"), {"__name__": "__main__"})
    if "module" in request:
        # AnsibleModule reads its arguments from standard input when they are not in the command line.
        sys.argv = [request["module"]]
        importlib.import_module(f"{PLUGINS}.modules.{request['module']}").main()


def run(request):
    """Performs a request and ends the process as Python would, but without tidying its memory: that takes 0.3 s."""
    status = 0
    try:
        perform(request)
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    if not isinstance(status, int):
        print(status, file=sys.stderr)
        status = 1
    atexit._run_exitfuncs()  # as multiprocessing does
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def wait(child, seconds):
    """The status of the child; None if it had to be killed: it may hang in the kernel, and is not waited for."""
    handle = os.pidfd_open(child)
    ended = select.select([handle], [], [], seconds)[0]
    os.close(handle)
    if not ended:
        os.killpg(child, signal.SIGKILL)
        return None
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def text(file):
    file.seek(0)
    return file.read().decode(errors="backslashreplace")


def serve(requests, answers, seconds):
    for line in requests:
        request = json.loads(line)
        # Files, not pipes: they are never full, and need not be closed by all who hold them.
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            stdin.write(request["stdin"].encode())
            stdin.seek(0)
            child = os.fork()
            if child == 0:
                os.setsid()  # what it starts is killed with it
                for number, file in enumerate((stdin, stdout, stderr)):
                    os.dup2(file.fileno(), number)
                requests.close()  # the session's: it must be able to end before a grandchild does
                answers.close()
                run(request)
            answer = {"status": wait(child, seconds), "stdout": text(stdout), "stderr": text(stderr)}
        print(json.dumps(answer), file=answers, flush=True)


def main():
    seconds, *packages = sys.argv[1:]
    # Descriptors of its own for the protocol: what a module reads and prints is not to be taken for it.
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    preload(packages)
    print(json.dumps({"python": platform.python_version()}), file=answers, flush=True)
    serve(requests, answers, float(seconds))


if __name__ == "__main__":
    main()
