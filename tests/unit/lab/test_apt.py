from __future__ import annotations

import pytest
from lab.apt import Mirrors, Source, debian_mirrors, parse_deb822, parse_list, read_sources
from lab.errors import LabError

DEB822 = """\
# comment
Types: deb deb-src
URIs: http://one.example/debian http://two.example/debian
# in the middle
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""

LIST = """\
# deb http://commented.example/debian bookworm main
deb http://one.example/debian bookworm main contrib # why
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://one.example/debian-security bookworm-security main
deb [ arch=amd64 ] http://three.example/debian trixie main
deb-src http://one.example/debian bookworm main
deb http://flat.example/ ./
deb
"""


def test_deb822():
    suites = ("bookworm", "bookworm-updates")
    assert list(parse_deb822(DEB822)) == [
        Source("http://one.example/debian", suites, ("main", "contrib")),
        Source("http://two.example/debian", suites, ("main", "contrib")),
        Source("http://one.example/debian-security", ("bookworm-security",), ("main",)),
    ]


def test_one_line_format():
    assert list(parse_list(LIST)) == [
        Source("http://one.example/debian", ("bookworm",), ("main", "contrib")),
        Source("http://one.example/debian-security", ("bookworm-security",), ("main",)),
        Source("http://three.example/debian", ("trixie",), ("main",)),
        Source("http://flat.example/", ("./",), ()),
    ]


def test_mirrors_are_debian_only_and_each_once():
    foreign = [
        Source("http://vendor.example/apt", ("stable-vendor",), ("main",)),
        Source("http://node.example", ("nodistro",), ("main",)),
        Source("http://backports.example/debian", ("bookworm-backports",), ("main",)),
        Source("http://nonfree.example/debian", ("bookworm",), ("non-free",)),
    ]
    mirrors = debian_mirrors([*foreign, *parse_deb822(DEB822), *parse_list(LIST)])
    assert mirrors == Mirrors(
        main=("http://one.example/debian", "http://two.example/debian", "http://three.example/debian"),
        security=("http://one.example/debian-security",),
    )


@pytest.mark.parametrize("suite", ["trixie-security", "stable-security", "bullseye/updates-security"])
def test_security_suites(suite):
    sources = [Source("http://m.example", ("trixie",), ("main",)), Source("http://s.example", (suite,), ("main",))]
    assert debian_mirrors(sources).security == ("http://s.example",)


def test_source_lines_exchange_the_release():
    mirrors = Mirrors(main=("http://m.example/debian",), security=("http://s.example/debian-security",))
    assert mirrors.source_lines("trixie") == [
        "deb http://m.example/debian trixie main",
        "deb http://s.example/debian-security trixie-security main",
    ]
    assert Mirrors(main=("http://m.example",), security=()).source_lines("trixie") == [
        "deb http://m.example trixie main"
    ]


def test_no_debian_archive_says_where_it_looked():
    with pytest.raises(LabError, match="/etc/apt/sources.list"):
        debian_mirrors([Source("http://ubuntu.example", ("noble",), ("main",))])


def test_read_sources_takes_both_formats(tmp_path):
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example sid main\n", encoding="utf-8")
    (parts / "b.list").write_text("deb http://b.example sid main\n", encoding="utf-8")
    (parts / "c.sources").write_text(
        "Types: deb\nURIs: http://c.example\nSuites: sid\nComponents: main", encoding="utf-8"
    )
    (parts / "d.save").write_text("deb http://d.example sid main\n", encoding="utf-8")
    assert [source.uri for source in read_sources(tmp_path)] == [
        "http://a.example",
        "http://b.example",
        "http://c.example",
    ]
    assert read_sources(tmp_path / "nowhere") == []
