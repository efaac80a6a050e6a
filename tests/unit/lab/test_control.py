from __future__ import annotations

import json
import socket
import threading

import pytest
from lab.control import ask
from lab.errors import LabError


@pytest.fixture
def model(tmp_path):
    """Answers one request with what the test wants; the request is kept."""
    path = tmp_path / "control"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    threads = []

    def answering(answer):
        asked = []

        def serve():
            connection, dummy = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                asked.append(json.loads(stream.readline()))
                stream.write(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return path, asked

    yield answering
    for thread in threads:
        thread.join()
    listener.close()


def test_the_answer_comes_back_without_its_ok(model):
    path, asked = model(b'{"ok": true, "stats": {"rx": 1}}\n')
    assert ask(path, {"cmd": "stats"}) == {"stats": {"rx": 1}}
    assert asked == [{"cmd": "stats"}]


def test_a_refusal_is_an_error_with_the_models_words(model):
    path, dummy = model(b'{"ok": false, "error": "no command x"}\n')
    with pytest.raises(LabError, match=r'refuses \{"cmd": "x"\}: no command x'):
        ask(path, {"cmd": "x"})


def test_a_model_that_ends_is_an_error(model):
    path, dummy = model(b"")
    with pytest.raises(LabError, match="ended without an answer"):
        ask(path, {"cmd": "quit"})


def test_a_nic_without_a_model_says_so(tmp_path):
    with pytest.raises(LabError, match="Only an emulated 82599 has one"):
        ask(tmp_path / "none", {"cmd": "stats"})
