"""Mistakes in `[records]` are told with what would be right."""

import pytest

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.load import parse


def mistakes(text, base):
    with pytest.raises(ConfigurationError) as caught:
        parse(text, base=base)
    return str(caught.value)


def test_all_kinds_are_read_and_files_are_relative_to_the_configuration(tmp_path):
    text = """
    [[records.sqlite]]
    name = "db"
    file = "calls.db"
    [[records.postgresql]]
    name = "pg"
    connection = "dbname=calls"
    [[records.http]]
    name = "billing"
    url = "https://billing.example/calls"
    [[records.smdr]]
    name = "printer"
    device = "/dev/ttyS0"
    format = "{date} {{x}} {called:<16.16}"
    """
    records = parse(text, base=tmp_path).records
    assert records.sqlite[0].file == str(tmp_path / "calls.db")
    assert (records.postgresql[0].table, records.http[0].timeout, records.smdr[0].baud) == ("calls", 10.0, 9600)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[records.sqlite]]\nname="a"\nfile="missing/calls.db"', "missing does not exist; create it"),
        ('[[records.sqlite]]\nname="a"\nfile="."', "is a folder; give the name of a file"),
        ('[[records.sqlite]]\nname="a b"\nfile="x.db"', "records.sqlite[0].name"),
        ('[[records.sqlite]]\nname="a"\nfile="x.db"\ntable="calls; drop"', "records.sqlite[0].table"),
        ('[[records.http]]\nname="a"\nurl="ftp://x"', "should begin with http:// or https://"),
        ('[[records.http]]\nname="a"\nurl="https://x"\nauthorities="no.pem"', "there is no file"),
        ('[[records.smdr]]\nname="a"\ndevice="x"\nformat="{caled}"', "no field {caled}; did you mean 'called'?"),
        ('[[records.smdr]]\nname="a"\ndevice="x"\nformat="{called"', "a brace itself is written twice"),
        ('[[records.smdr]]\nname="a"\ndevice="x"\nformat="{called:<<<}"', "{called:<<<}"),
        (
            '[[records.smdr]]\nname="a"\ndevice="x"\n[[records.sqlite]]\nname="a"\nfile="x.db"',
            "'a' is already the name of records.sqlite[0]",
        ),
    ],
)
def test_mistakes(text, expected, tmp_path):
    assert expected in mistakes(text, tmp_path)
