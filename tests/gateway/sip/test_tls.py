"""Certificates, read again when they change."""

import ssl

import pytest
from support.certificates import Authority

from tandem.core.errors import ConfigurationError
from tandem.gateway.sip.tls import TlsContexts, TlsFiles


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def test_both_directions(authority):
    ours = str(authority.issue("gateway", "gw.example"))
    contexts = TlsContexts(TlsFiles(ours, authorities=str(authority.file), client_certificates=True, minimum="1.3"))
    assert contexts.server.verify_mode is contexts.client.verify_mode is ssl.CERT_REQUIRED
    assert contexts.client.check_hostname
    assert contexts.server.minimum_version is ssl.TLSVersion.TLSv1_3


def test_what_is_not_asked_for_is_not_checked(authority):
    ours = str(authority.issue("gateway", "gw.example"))
    contexts = TlsContexts(TlsFiles(ours, verify=False))
    assert contexts.server.verify_mode is contexts.client.verify_mode is ssl.CERT_NONE
    assert contexts.server.minimum_version is ssl.TLSVersion.TLSv1_2


def test_files_that_change_are_read_again(authority):
    file = authority.issue("gateway", "gw.example")
    contexts = TlsContexts(TlsFiles(str(file)))
    first = contexts.server
    assert contexts.refresh() is None
    assert contexts.server is first
    authority.issue("gateway", "new.example")
    assert contexts.refresh() == ""
    assert contexts.server is not first


def test_a_broken_file_leaves_the_old_certificates(authority):
    file = authority.issue("gateway", "gw.example")
    contexts = TlsContexts(TlsFiles(str(file)))
    first = contexts.server
    file.write_text("half a file")
    assert "not a certificate in PEM" in contexts.refresh()
    assert contexts.refresh() is None, "said once"
    file.unlink()
    assert "there is no such file" in contexts.refresh()
    assert contexts.server is first


def test_files_that_cannot_be_used(authority, tmp_path):
    ours = authority.issue("gateway", "gw.example")
    for files, complaint in (
        (TlsFiles(str(tmp_path / "none.pem")), "none.pem: there is no such file"),
        (TlsFiles(str(authority.file)), "not a certificate in PEM with its key"),
        (TlsFiles(str(ours), str(tmp_path / "no.key")), "no.key: there is no such file"),
        (TlsFiles(str(ours), authorities=str(tmp_path / "none.pem")), "no certificates of authorities"),
        (TlsFiles(str(tmp_path)), "cannot be read|not a certificate"),
    ):
        with pytest.raises(ConfigurationError, match=complaint):
            TlsContexts(files)
