"""The XML of a FreeSWITCH configuration as one tree, preprocessed, each element with the file and line it stands on.

Documents with a DTD or entities are refused; `X-PRE-PROCESS` may set variables and include files below the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml import DefusedXmlException

from tandem.core.errors import ConfigurationError

#: Most files that are included, and how deep: more is a circle.
MOST_FILES: Final = 10_000
DEEPEST: Final = 30
_VARIABLE: Final = re.compile(r"\$\$\{([^}]*)\}")


@dataclass(frozen=True)
class Place:
    """Where something stands."""

    file: str
    """Relative to the folder of the configuration."""
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Left:
    """Something that is not carried over, and why."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass
class Element:
    """One element."""

    name: str
    attributes: Mapping[str, str]
    place: Place
    children: list[Element] = field(default_factory=list)

    def get(self, attribute: str, default: str = "") -> str:
        """An attribute without blanks around it."""
        return self.attributes.get(attribute, default).strip()

    def all(self, name: str) -> Iterator[Element]:
        """Elements of this name below, in document order, those inside one that is found left out."""
        for child in self.children:
            if child.name == name:
                yield child
            else:
                yield from child.all(name)

    def parameters(self, of: str, name: str = "param") -> dict[str, Element]:
        """`param` or `variable` elements in the child `of` (``: in this element) by their name; the last counts."""
        homes = [self] if not of else [child for child in self.children if child.name == of]
        return {child.get("name"): child for home in homes for child in home.children if child.name == name}


class _Handler(ContentHandler):
    """Builds elements, and lets the tree have its way with each preprocessor line as it comes."""

    def __init__(self, tree: Tree, file: str, root: Element, depth: int) -> None:
        super().__init__()
        self._tree, self._file, self._depth = tree, file, depth
        self._open = [root]
        self._locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:
        self._locator = locator

    def startElement(self, name: str, attrs: Any) -> None:
        place = Place(self._file, self._locator.getLineNumber() or 1)
        attributes = {key: self._tree.expand(value, place) for key, value in attrs.items()}
        element = Element(name, attributes, place)
        if name == "X-PRE-PROCESS":
            self._tree.preprocess(element, self._open[-1], self._depth)
        elif name == "include" or (name == "document" and not self._open[-1].name):
            self._open.append(self._open[-1])  # a wrapper of a file
            return
        else:
            self._open[-1].children.append(element)
        self._open.append(element)

    def endElement(self, name: str) -> None:
        self._open.pop()


class Tree:
    """A configuration folder, read."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        """ConfigurationError when there is nothing to read or it is no XML; `variables` have these values for good."""
        self.folder = folder.resolve()
        self.root = Element("", {}, Place("", 0))
        self.left: list[Left] = []
        self.variables: dict[str, str] = {"local_ip_v4": "127.0.0.1", "domain": "127.0.0.1", **(variables or {})}
        self._given = frozenset(variables or ())
        self._files: set[Path] = set()
        self._unknown: set[str] = set()
        if not self.folder.is_dir():
            raise ConfigurationError(f"{folder} is no folder")
        whole = self.folder / "freeswitch.xml"
        files = [whole] if whole.is_file() else self._in_order()
        for file in files:
            self._read(file, self.root, 0)
        if not files:
            raise ConfigurationError(
                f"{folder} has no XML files; name the folder with freeswitch.xml, or with dialplan/"
            )

    def _in_order(self) -> list[Path]:
        """Without freeswitch.xml: every file, variables first."""
        files = sorted(self.folder.rglob("*.xml"))
        return sorted(files, key=lambda file: file.name != "vars.xml")

    def expand(self, text: str, place: Place) -> str:
        """`text` with global variables in place of `$${name}`."""

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name not in self.variables and name not in self._unknown:
                self._unknown.add(name)
                self.left.append(Left(place, f"$${{{name}}} is set nowhere; it is taken to be empty"))
            return self.variables.get(name, "")

        return _VARIABLE.sub(value, text)

    def preprocess(self, element: Element, into: Element, depth: int) -> None:
        """Act on an X-PRE-PROCESS element."""
        command, data = element.get("cmd").lower(), element.get("data")
        name, equals, value = data.partition("=")
        if command != "include" and name.strip() in self._given:
            return
        if command == "set" and equals:
            self.variables[name.strip()] = value.strip().strip("'\"")
        elif command == "include":
            self._include(element, data, into, depth)
        elif command == "comment":
            return
        elif command in ("exec", "exec-set", "env-set", "stun-set"):
            text = f"X-PRE-PROCESS {command} is not carried out"
            self.left.append(Left(element.place, f"{text}; give the value with --set {name.strip() or 'NAME'}=VALUE"))
        else:
            self.left.append(Left(element.place, f"X-PRE-PROCESS {command!r} is not known"))

    def _include(self, element: Element, pattern: str, into: Element, depth: int) -> None:
        if depth >= DEEPEST:
            raise ConfigurationError(f"{element.place}: files include each other in a circle")
        base = (self.folder / element.place.file).parent
        try:
            found = sorted(base.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
        except (ValueError, NotImplementedError):
            found = []
        for file in found:
            real = file.resolve()
            if not real.is_relative_to(self.folder):
                self.left.append(Left(element.place, f"{pattern} leads out of the folder and is not read"))
            elif real.is_file():
                self._read(real, into, depth + 1)
        if not found and not set("*?[") & set(pattern):
            self.left.append(Left(element.place, f"there is no file {pattern}"))

    def _read(self, file: Path, into: Element, depth: int) -> None:
        self._files.add(file)
        if len(self._files) > MOST_FILES:
            raise ConfigurationError(f"{self.folder} has more than {MOST_FILES} files")
        name = str(file.relative_to(self.folder))
        parser = defusedxml.sax.make_parser()
        parser.forbid_dtd = True
        parser.setContentHandler(_Handler(self, name, into, depth))
        try:
            with file.open("rb") as opened:
                parser.parse(opened)
        except DefusedXmlException:
            raise ConfigurationError(f"{name}: it has a DTD or entities, which are not read; take them out") from None
        except SAXParseException as error:
            raise ConfigurationError(f"{name}:{error.getLineNumber()}: no XML: {error.getMessage()}") from None
        except SAXException as error:
            raise ConfigurationError(f"{name}: no XML: {error}") from None
        except OSError as error:
            raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from None
