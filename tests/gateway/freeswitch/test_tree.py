"""Reading and preprocessing: whatever is in the files, nothing outside is read and nothing executed."""

import pytest
from support.freeswitch import write

from tandem.core.errors import ConfigurationError
from tandem.gateway.freeswitch.tree import Tree


def tree(folder, files, **settings):
    return Tree(write(folder, files), **settings)


def test_elements_know_their_file_and_line(tmp_path):
    whole = tree(
        tmp_path,
        {
            "freeswitch.xml": '<document>\n<a>\n<X-PRE-PROCESS cmd="include" data="more/*.xml"/></a></document>',
            "more/1.xml": '<include>\n\n  <b n=" 1 "/>\n</include>',
            "more/2.xml": '<b n="2"><c/></b>',
        },
    )
    (a,) = whole.root.children
    one, two = a.all("b")
    assert (str(one.place), one.get("n"), str(two.place)) == ("more/1.xml:3", "1", "more/2.xml:1")
    assert [c.place.file for c in whole.root.all("c")] == ["more/2.xml"]
    assert whole.left == []


def test_variables_are_set_in_order_and_asked_for_once(tmp_path):
    text = """<include>
<X-PRE-PROCESS cmd="set" data="a=1"/><X-PRE-PROCESS cmd="set" data="b='$${a}2'"/>
<x n="$${b} $${c}" m="$${c}"/>
<X-PRE-PROCESS cmd="exec" data="rm -rf /"/>
<X-PRE-PROCESS cmd="stun-set" data="d=stun:x"/>
<X-PRE-PROCESS cmd="include" data="nothing.xml"/>
<X-PRE-PROCESS cmd="what" data=""/>
</include>"""
    whole = tree(tmp_path, {"freeswitch.xml": text})
    (x,) = whole.root.children
    assert (x.get("n"), x.get("m")) == ("12", "")
    assert [str(one) for one in whole.left] == [
        "freeswitch.xml:3: $${c} is set nowhere; it is taken to be empty",
        "freeswitch.xml:4: X-PRE-PROCESS exec is not carried out; give the value with --set rm -rf /=VALUE",
        "freeswitch.xml:5: X-PRE-PROCESS stun-set is not carried out; give the value with --set d=VALUE",
        "freeswitch.xml:6: there is no file nothing.xml",
        "freeswitch.xml:7: X-PRE-PROCESS 'what' is not known",
    ]
    assert tree(tmp_path, {}, variables={"c": "3"}).root.children[0].get("n") == "12 3"


def test_without_the_whole_every_file_is_read_variables_first(tmp_path):
    files = {"a.xml": '<x n="$${v}"/>', "z/vars.xml": '<include><X-PRE-PROCESS cmd="set" data="v=1"/></include>'}
    assert tree(tmp_path, files).root.children[0].get("n") == "1"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
    ],
)
def test_documents_with_entities_are_refused(tmp_path, text):
    with pytest.raises(ConfigurationError, match=r"freeswitch.xml: it has a DTD or entities"):
        tree(tmp_path, {"freeswitch.xml": text})


def test_nothing_outside_the_folder_is_read(tmp_path):
    (tmp_path / "secret.xml").write_text("<secret/>")
    files = {
        "freeswitch.xml": f"""<document>
<X-PRE-PROCESS cmd="include" data="../secret.xml"/>
<X-PRE-PROCESS cmd="include" data="{tmp_path}/secret.xml"/>
<X-PRE-PROCESS cmd="include" data="link.xml"/></document>"""
    }
    folder = write(tmp_path / "fs", files)
    (folder / "link.xml").symlink_to(tmp_path / "secret.xml")
    whole = Tree(folder)
    assert list(whole.root.all("secret")) == []
    assert len(whole.left) == 3


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"freeswitch.xml": "<a>\n<b></a>"}, r"freeswitch.xml:2: no XML"),
        ({"freeswitch.xml": '<X-PRE-PROCESS cmd="include" data="freeswitch.xml"/>'}, "in a circle"),
        ({"note.txt": ""}, "has no XML files"),
    ],
)
def test_mistakes(tmp_path, files, says):
    with pytest.raises(ConfigurationError, match=says):
        tree(tmp_path, files)


def test_no_folder(tmp_path):
    with pytest.raises(ConfigurationError, match="is no folder"):
        Tree(tmp_path / "nowhere")
