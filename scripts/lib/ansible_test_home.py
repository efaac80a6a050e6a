"""Prepare a home directory in which ansible-test can install what its sanity tests need.

usage: ansible_test_home.py HOME

ansible-test drops every PIP_* and certificate variable, and downloads a get-pip.py from a host of its own. Behind a
mirror or a proxy that fails. It takes a get-pip.py from its cache in the home directory, though, and pip reads its
configuration there: so this home gets both, and the user's own is not touched.
"""

from __future__ import annotations

import ast
import configparser
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal import python_requirements

# Called as the real one would be, in each new virtual environment. The pip that comes with Python will do.
GET_PIP = """\
import ensurepip

ensurepip.bootstrap(default_pip=True)
"""


def pip_settings() -> dict[str, dict[str, str]]:
    """What pip here is configured to do, by section; settings from the environment are global ones."""
    output = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    settings: dict[str, dict[str, str]] = {"global": {}}
    for line in output.splitlines():
        name, value = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        settings.setdefault("global" if section == ":env:" else section, {})[option] = ast.literal_eval(value)
    certificates = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if certificates:
        settings["global"].setdefault("cert", certificates)
    # Eight virtual environments: errors only, please.
    settings["global"]["quiet"] = "2"
    return settings


def main() -> None:
    home = Path(sys.argv[1])
    # An index URL may contain a password.
    os.umask(0o077)

    python = SimpleNamespace(version="{}.{}".format(*sys.version_info))
    version = python_requirements.get_venv_packages(python)["pip"]
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)

    config = configparser.RawConfigParser()
    config.read_dict(pip_settings())
    directory = home / ".config" / "pip"
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "pip.conf", "w") as file:
        config.write(file)


if __name__ == "__main__":
    main()
