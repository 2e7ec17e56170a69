"""Getting the source of PJSIP, from a mirror that is a folder."""

import hashlib
import lzma

import pytest

from tandem.gateway.pjsip import source
from tandem.gateway.pjsip.source import BuildError, Source, get, sha256_in, source_in

ARCHIVE = b"what would be PJSIP"
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
OLD = Source("22.10.1+dfsg+~cs6.17.60671434", SHA256, "0" * 40)
SOURCES = f"""\
Package: asterisk-core-sounds
Version: 1.6.1-1

Package: asterisk
Version: 1:23.1.0~dfsg+~cs6.17.60671434-2
Directory: pool/main/a/asterisk
Files:
 {"0" * 32} 9 asterisk_23.1.0~dfsg+~cs6.17.60671434.orig-Xpjproject.tar.xz
Checksums-Sha256:
 {"1" * 64} 9 asterisk_23.1.0~dfsg+~cs6.17.60671434.orig.tar.xz
 {SHA256} 19 asterisk_23.1.0~dfsg+~cs6.17.60671434.orig-Xpjproject.tar.xz

Package: asunder
Version: 3-1
"""
INDEX = lzma.compress(SOURCES.encode())
RELEASE = f"""\
SHA256:
 {"2" * 64} 16423626 main/source/Sources.gz
 {hashlib.sha256(INDEX).hexdigest()} {len(INDEX):8} main/source/Sources.xz
"""


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(source, "_PAUSE", 0.0)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror that has another version, and nothing where old ones are kept."""
    pool, suite = tmp_path / "mirror/pool/main/a/asterisk", tmp_path / "mirror/dists/sid"
    pool.mkdir(parents=True)
    (suite / "main/source").mkdir(parents=True)
    (pool / "asterisk_23.1.0~dfsg+~cs6.17.60671434.orig-Xpjproject.tar.xz").write_bytes(ARCHIVE)
    (suite / "InRelease").write_text(RELEASE)
    (suite / "main/source/Sources.xz").write_bytes(INDEX)
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(source, "SNAPSHOT", (tmp_path / "snapshot").as_uri())
    return tmp_path / "mirror"


def fetch(mirror, wanted):
    said = []
    archive, found = get(mirror.parent / "folder", said.append, mirror.as_uri(), wanted)
    return archive, found, said


def test_the_version_that_is_wanted_and_once_only(mirror):
    (mirror / "pool/main/a/asterisk" / OLD.name).write_bytes(ARCHIVE)
    archive, found, said = fetch(mirror, OLD)
    assert (archive.read_bytes(), found) == (ARCHIVE, OLD)
    assert [line.partition(" ")[0] for line in said] == ["fetching"]
    assert fetch(mirror, OLD) == (archive, OLD, [])


def test_an_archive_of_before_that_is_damaged_is_fetched_again(mirror):
    (mirror / "pool/main/a/asterisk" / OLD.name).write_bytes(ARCHIVE)
    (mirror.parent / "folder" / OLD.name).write_bytes(ARCHIVE[:-1])
    assert fetch(mirror, OLD)[0].read_bytes() == ARCHIVE


def test_old_versions_are_where_debian_keeps_them(mirror):
    (mirror.parent / "snapshot/file").mkdir(parents=True)
    (mirror.parent / "snapshot/file" / OLD.sha1).write_bytes(ARCHIVE)
    assert fetch(mirror, OLD)[:2] == (mirror.parent / "folder" / OLD.name, OLD)


def test_the_version_that_debian_has_now_when_there_is_no_other(mirror, monkeypatch):
    monkeypatch.setattr(source, "_verified", lambda signed: signed.read_text())
    archive, found, said = fetch(mirror, OLD)
    assert archive.read_bytes() == ARCHIVE
    assert found == Source("23.1.0~dfsg+~cs6.17.60671434", SHA256)
    assert said[-2] == "taking 23.1.0~dfsg+~cs6.17.60671434 instead, which Tandem has not been tried with"


def test_an_index_that_debian_has_not_signed_is_not_believed(mirror):
    with pytest.raises(BuildError, match=r"the index of Debian (is not signed by Debian|cannot be checked)"):
        fetch(mirror, OLD)


def test_an_index_that_was_changed_is_not_believed(mirror, monkeypatch):
    monkeypatch.setattr(source, "_verified", lambda signed: signed.read_text())
    (mirror / "dists/sid/main/source/Sources.xz").write_bytes(INDEX + b"\0")
    with pytest.raises(BuildError, match=r"Sources\.xz is not what it should be: its SHA-256 is"):
        fetch(mirror, OLD)


def test_an_archive_that_was_changed_is_refused_and_not_kept(mirror):
    (mirror / "pool/main/a/asterisk" / OLD.name).write_bytes(ARCHIVE + b"!")
    with pytest.raises(BuildError, match=f"and must be {SHA256}"):
        fetch(mirror, OLD)
    assert list((mirror.parent / "folder").iterdir()) == []


def test_a_server_that_does_not_answer_at_once(mirror, monkeypatch):
    (mirror / "pool/main/a/asterisk" / OLD.name).write_bytes(ARCHIVE)
    opened, failures = source.urllib.request.urlopen, [TimeoutError("timed out"), OSError("no route to host")]

    def urlopen(url, timeout):
        if failures:
            raise failures.pop(0)
        return opened(url, timeout=timeout)

    monkeypatch.setattr(source.urllib.request, "urlopen", urlopen)
    archive, _, said = fetch(mirror, OLD)
    assert archive.read_bytes() == ARCHIVE
    assert said[1:] == ["timed out; once more in 0 s", "no route to host; once more in 0 s"]


def test_without_a_network(tmp_path):
    with pytest.raises(BuildError, match=r"cannot be fetched: .*refused; is there a network"):
        get(tmp_path, print, "http://127.0.0.1:9/debian", OLD)


@pytest.mark.parametrize("release", ["", "MD5Sum:\n " + "3" * 32 + " 12 main/source/Sources.xz\n"])
def test_a_release_without_the_checksum(release):
    with pytest.raises(BuildError, match=r"does not name main/source/Sources\.xz"):
        sha256_in(release, "main/source/Sources.xz")


def test_sources_without_pjsip():
    with pytest.raises(BuildError, match=r"no source of PJSIP any more .*: build PJSIP from https://pjsip\.org"):
        source_in(SOURCES.replace("-Xpjproject", "-Xother"))
