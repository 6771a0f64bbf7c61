"""Whatever people write into the policy file, they get a policy or a list of faults."""

import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tests.config.policy_text import error_lines

EXAMPLE = (Path(__file__).parents[2] / "budgets.example.yaml").read_text("utf-8")


def scalars(node: Node) -> list[tuple[int, int]]:
    """Where in the text each key and each value stands."""
    if isinstance(node, ScalarNode):
        return [(node.start_mark.index, node.end_mark.index)]
    if isinstance(node, SequenceNode):
        return [place for item in node.value for place in scalars(item)]
    assert isinstance(node, MappingNode)
    return [place for pair in node.value for item in pair for place in scalars(item)]


PLACES = scalars(YAML(typ="safe", pure=True).compose(EXAMPLE))
JUNK = st.one_of(
    st.sampled_from(
        [
            "", "null", "~", "true", "-1", "0", "1e999", ".nan", "0x1F", "1_0", "99999999999999999999",
            "[]", "{}", "[[]]", "{a: b}", "[null]", "- x", "&a x", "*a", "!!binary x", "!!float x",
            "!!int x", "!!timestamp x", "!!null x", "!!set {x}", "%", "@", "`", '"', "'", "|", ">",
            "<<", "?", ":", "#", "search", "owner", "split", "unattributed", "50%", "0.5", "3d",
            "5 working days", "mon", "2026-02-30", "9999-12-31", "٣", "\u2028", "\t", "\n", "---",
        ]
    ),
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)  # fmt: skip


def is_told(text: str | bytes) -> bool:
    """It loads, or there are faults, each on one line; anything else raises and fails the test."""
    with TemporaryDirectory() as folder:
        return all(re.fullmatch(r"\d+: [^\n]+", line) for line in error_lines(text, Path(folder)))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4, unique_by=lambda one: one[0]))  # fmt: skip
def test_replaced_scalars(changes: list[tuple[tuple[int, int], str]]) -> None:
    """Junk in place of any words ends in nothing but a list of faults, each on a line."""
    text = EXAMPLE
    for (start, end), junk in sorted(changes, reverse=True):
        text = text[:start] + junk + text[end:]

    assert is_told(text.encode("utf-8", "surrogatepass"))


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_lines_moved_about(seed: int, count: int) -> None:
    """Lines that are lost, doubled or swapped end in nothing but a list of faults."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    lines = EXAMPLE.splitlines(keepends=True)
    for _ in range(count):
        i, k = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.randrange(3):
            case 0:
                lines[i], lines[k] = lines[k], lines[i]
            case 1:
                lines.insert(k, lines[i])
            case _:
                del lines[i]

    assert is_told("".join(lines))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Bytes that are no policy at all end in nothing but a list of faults."""
    assert is_told(data)
