"""A YAML text as plain values, with the line of each, so that every fault can name its place."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.config.faults import Fault, Loc
from bot.domain.errors import ConfigError

_YAML = "tag:yaml.org,2002:"
MAX_BYTES = 5_000_000
MAX_REPEATED = 10_000
_REMOVED_BY_NULL = {"enforce", "litellm", "mlflow", "anthropic"}
_COMMENT = re.compile(r"\s*:\s*(#[^\s#]\S*)")


@dataclass(frozen=True, slots=True)
class Document:
    """
    Values are None, bool, int, Decimal, str, list and dict.

    Numbers keep what was written: a float would already have lost cents. An explicit `null` or `~`
    is the same as leaving the line out; below `enforce`, where a budget would then get what the
    defaults name, it is the same as `{}`.
    """

    value: object
    lines: Mapping[Loc, int]
    faults: tuple[Fault, ...]

    def line(self, loc: Loc) -> int:
        """The line of a field, or of the nearest thing around it that is written."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)


def parse(data: bytes, path: Path) -> Document:
    """Raises ConfigError for what is no YAML at all; the rest is a fault beside the values."""
    text = _decode(data, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root = YAML(typ="safe", pure=True).compose(text)
        reader = _Reader(text.splitlines())
        value = reader.read(root, ()) if root is not None else None
    except MarkedYAMLError as error:
        raise ConfigError(f"{path}:{_mark(error)}: {_problem(error)}") from None
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        raise ConfigError(f"{path}:{line}: holds a character that YAML forbids") from None
    except RecursionError:
        raise ConfigError(f"{path}:1: is nested too deeply") from None
    except (ValueError, TypeError, AttributeError, AssertionError, LookupError):
        # ruamel lets some malformed directives and escapes through to plain Python errors.
        raise ConfigError(f"{path}:1: is not valid YAML") from None
    return Document(value, reader.lines, tuple(reader.faults))


def _decode(data: bytes, path: Path) -> str:
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}:1: is larger than 5 MB; this cannot be a policy file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save the file as UTF-8") from None


def _mark(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark is not None else 1


def _problem(error: MarkedYAMLError) -> str:
    words = [part for part in (error.context, error.problem) if part]
    return "is not valid YAML: " + " ".join(", ".join(words).split())


@dataclass(slots=True)
class _Reader:
    source: list[str]
    lines: dict[Loc, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    repeated: int = 0

    def read(self, node: Node, loc: Loc) -> object:
        self._count(node)
        self.lines.setdefault(loc, node.start_mark.line + 1)
        known = str(node.tag).startswith(_YAML)
        if isinstance(node, ScalarNode) and known:
            return _scalar(node)
        if isinstance(node, SequenceNode) and known:
            return [self._item(item, (*loc, i)) for i, item in enumerate(node.value)]
        if isinstance(node, MappingNode) and known:
            return self._mapping(node, loc)
        self.faults.append(
            Fault(loc, f"has the tag {node.tag}, which is not understood; remove it")
        )
        return None

    def _count(self, node: Node) -> None:
        # A few aliases to aliases expand to billions of values.
        self.repeated += id(node) in self.seen
        self.seen.add(id(node))
        if self.repeated > MAX_REPEATED:
            raise MarkedYAMLError(
                problem="aliases repeat too much; write the values out",
                problem_mark=node.start_mark,
            )

    def _item(self, node: Node, loc: Loc) -> object:
        if _empty(node):
            self.faults.append(
                Fault(loc[:-1], "has an empty item; remove it", self.lines[loc[:-1]])
            )
        return self.read(node, loc)

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self.faults.append(Fault(loc, "a field's name must be a word", line))
                continue
            name = str(key.value)
            place = (*loc, name)
            if place in self.lines:
                first = f"is given twice, first on line {self.lines[place]}; keep one"
                self.faults.append(Fault(place, first, line))
                continue
            self.lines[place] = line
            if _empty(value):
                self.faults.append(Fault(place, self._what_is_empty(key)))
            elif (read := self.read(value, place)) is not None:
                values[name] = read
            elif "enforce" in place[1:3] and name in _REMOVED_BY_NULL:
                values[name] = {}
        return values

    def _what_is_empty(self, key: ScalarNode) -> str:
        rest = self.source[key.end_mark.line][key.end_mark.column :]
        if comment := _COMMENT.match(rest):
            return f'is empty, because # begins a comment; write it in quotes: "{comment[1]}"'
        return "is empty; write a value or remove the line"


def _empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _YAML + "null" and not node.value


def _scalar(node: ScalarNode) -> object:
    text = str(node.value)
    plain = text.replace("_", "")
    try:
        match str(node.tag).removeprefix(_YAML):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(plain)
            case "float":
                number = Decimal(plain)
                return number if number.is_finite() else text
    except (ValueError, InvalidOperation):
        pass  # 0x1F, .inf and the like stay text, and the field refuses it
    return text
