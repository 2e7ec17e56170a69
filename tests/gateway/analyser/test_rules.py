import subprocess
import sys

from tandem.gateway.analyser.rules import standard_causes


def test_the_table_of_rfc_3398():
    assert standard_causes().cause(486) == 17
    assert standard_causes().status(17, -1) == 486
    assert standard_causes() is standard_causes()


def test_the_analyser_starts_without_what_only_some_captures_need():
    code = "import sys; from tandem.gateway.analyser import analysis; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "tandem.gateway.analyser.analysis" in loaded
    for heavy in ("calls.interworking", "sip.message", "decode"):
        assert f"tandem.gateway.{heavy}" not in loaded
    for heavy in ("isdn.q931.messages", "ss7.isup.messages", "ss7.mtp3.node", "ss7.tup.messages"):
        assert f"tandem.{heavy}" not in loaded
