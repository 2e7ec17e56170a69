"""DID tables."""

import pytest

from tandem.gateway.calls.did import DidTable


def test_reads_rows_with_and_without_trunk(tmp_path):
    file = tmp_path / "did.csv"
    file.write_text("did,number,trunk\n# main office\n4930100,100\n+4930200, 200, pbx2\n\n")
    table = DidTable.load(file)
    assert table.rows == {"4930100": ("100", ""), "+4930200": ("200", "pbx2")}
    assert table.trunks() == {"pbx2"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("4930100\n", r"did.csv:1: expected did,number\[,trunk\], found 1 fields"),
        ("4930100,abc\n", "did.csv:1: 'abc' is not a number"),
        ("1,2\n1,3\n", "did.csv:2: 1 is listed twice"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, text, complaint):
    file = tmp_path / "did.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        DidTable.load(file)
