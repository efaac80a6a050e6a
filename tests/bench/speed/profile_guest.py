"""Runs a module as Ansible has sent it, at nearly its own speed, and tells where the time went.

    python3 profile_guest.py PAYLOAD NANOSECONDS RESULT

PAYLOAD is what Ansible leaves on the host with ANSIBLE_KEEP_REMOTE_FILES; NANOSECONDS is the clock before this Python
was started. Needs Python 3.12 (sys.monitoring), which leaves out of sight what nobody wants to see at no cost.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
import time

OURS = ("/_sriov/", "/_module/")
CALLS = 60  # a function that is called more often than this is not looked at any longer: looking would cost too much
MARKS = {  # function that begins, and what has come to an end with it
    "_ansiballz_main": "Python and the payload's source read",
    "_ansiballz_main.<locals>.invoke_module": "payload written to a file",
    "_run_module": "what Ansible needs of itself imported",
    "AnsibleModule.__init__": "the module and its parts imported",
    "AnsibleModule.exit_json": "the module's work done",
}
ENDS = {"AnsibleModule.__init__": "arguments checked"}
EVENTS = sys.monitoring.events
TOOL = sys.monitoring.PROFILER_ID


class Watch:
    """Takes down when the marks were passed, the commands, and how long functions of ours took with all they call."""

    def __init__(self) -> None:
        self.marks = []
        self.commands = []
        self.functions = {}  # name: [calls, seconds]
        self._open = []
        self._running = []

    def mark(self, text):
        self.marks.append((text, time.time_ns()))

    def started(self, code, _offset):
        name = code.co_qualname
        if name in MARKS and not any(text == MARKS[name] for text, _time in self.marks):
            self.mark(MARKS[name])
        if name == "Popen._handle_exitstatus" and self._running:
            words, start = self._running.pop()
            self.commands.append((words, time.time_ns() - start))
            return None
        if name in ENDS or name == "AnsibleModule.run_command" or any(part in code.co_filename for part in OURS):
            return self._enter(code)
        return sys.monitoring.DISABLE if name not in MARKS and name != "Popen._handle_exitstatus" else None

    def _enter(self, code):
        if code.co_name == "<module>":
            return sys.monitoring.DISABLE
        entry = self.functions.setdefault(label(code), [0, 0])
        if entry[0] >= CALLS:
            return sys.monitoring.DISABLE
        self._open.append((code, time.time_ns()))
        return None

    def returned(self, code, _offset, _value):
        if not self._open or self._open[-1][0] is not code:
            return None
        start = self._open.pop()[1]
        entry = self.functions[label(code)]
        entry[0] += 1
        entry[1] += time.time_ns() - start
        if code.co_qualname in ENDS:
            self.mark(ENDS[code.co_qualname])
        return None

    def unwound(self, code, offset, _error):
        self.returned(code, offset, None)

    def audited(self, event, arguments):
        if event == "subprocess.Popen":
            words = (word.decode() if isinstance(word, bytes) else str(word) for word in arguments[1])
            self._running.append((" ".join(words), time.time_ns()))


def label(code):
    return f"{'/'.join(code.co_filename.split('/')[-2:])}: {code.co_qualname}"


def main():
    payload, start, target = sys.argv[1:]
    watch = Watch()
    sys.addaudithook(watch.audited)
    sys.monitoring.use_tool_id(TOOL, "bench")
    for event, callback in (
        (EVENTS.PY_START, watch.started),
        (EVENTS.PY_RETURN, watch.returned),
        (EVENTS.PY_UNWIND, watch.unwound),
    ):
        sys.monitoring.register_callback(TOOL, event, callback)
    sys.monitoring.set_events(TOOL, EVENTS.PY_START | EVENTS.PY_RETURN | EVENTS.PY_UNWIND)
    sys.argv = [payload]
    with contextlib.suppress(SystemExit):
        runpy.run_path(payload, run_name="__main__")
    watch.mark("answer written")
    sys.monitoring.set_events(TOOL, 0)
    with open(target, "w") as file:
        seen = {"start": int(start), "marks": watch.marks, "commands": watch.commands, "functions": watch.functions}
        json.dump(seen, file)


main()
