"""Exports: no cell is a formula, nothing is lost on the way, numbers stay numbers."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.exported import cell, csv_lines, harmless, is_formula, json_lines

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1",
    "   =1+1",
    "\u00a0=1+1",
    "\u200b\ufeff=1+1",
    "'=1+1",
    '"=1+1"',
    "\u201c=1+1\u201d",
    ' " = 1+1',
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(A1)",
    "\ufe62 1",
    "-",
    "--5",
    "-5 dollars",
    "-1e5",
    "-\uff11",
    "\u2007-5",
    "+4912345",
]
HARMLESS = [
    "",
    "launch week",
    "a=b",
    "-12.50",
    "-3",
    "0.00",
    "12",
    "mail@example.com",
    "C++",
    "2026-11-25T09:00:00Z",
    "'quoted'",
    "größer",
    "–5",
]
ANYTHING = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", " ", "'", '"', "\t", "\u00a0", "\ufeff", "\u201c", "\r\n"]),
            st.sampled_from([*"=+-@\uff1d\uff0b\uff0d\uff20", "", "x", '"', ","]),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        ),
    ),
)


def read(lines: Iterator[str]) -> list[list[str]]:
    """As a program reads it that knows nothing of ours."""
    return list(csv.reader(io.StringIO("".join(lines), newline="")))


def unmarked(text: str) -> str:
    """What was written, from the cell that came of it."""
    is_marked = text.startswith("'") and is_formula(text[1:])
    return text[1:] if is_marked else text


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    """By an apostrophe in front; taking it off gives the text back."""
    assert f"'{text}" == harmless(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_everything_else_stays_as_it_is(text: str) -> None:
    """Negative amounts, too: they are numbers, and a sum over the column has to work."""
    assert text == harmless(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (-5, "-5"),
        (True, "true"),
        (["=1+1", "U0FIN"], "'=1+1 U0FIN"),
        (("U0FIN", "U0LEE"), "U0FIN U0LEE"),
        ([], ""),
        ({"b": 1, "a": "=1"}, '{"a": "=1", "b": 1}'),
    ],
)
def test_values_of_every_kind(value: object, expected: str) -> None:
    """Lists as words, what is nested as JSON with its keys in order, nothing as nothing."""
    assert expected == cell(value)


@given(st.lists(st.lists(ANYTHING, min_size=2, max_size=2), max_size=5))
def test_a_table_comes_back_as_it_was(texts: list[list[str]]) -> None:
    """Commas, quotes and line breaks in any cell; no cell of any column is a formula."""
    columns = ("reason", "=actor")
    rows = [dict(zip(columns, row, strict=True)) for row in texts]
    header, *found = read(csv_lines(columns, rows))

    assert ["reason", "=actor"] == header
    cells = [one for row in found for one in row]
    assert all(not is_formula(one) or one.startswith("'") for one in cells)
    assert texts == [[unmarked(one) for one in row] for row in found]


@given(st.decimals(-(10**9), 10**9, places=2))
def test_amounts_stay_numbers(amount: object) -> None:
    """Whatever their sign."""
    text = f"{amount:.2f}"

    assert [["amount"], [text]] == read(csv_lines(["amount"], [{"amount": text}]))


def test_lines_end_as_the_standard_says() -> None:
    """CR LF after each record, the last one too; no byte order mark."""
    lines = list(csv_lines(("a", "b"), [{"a": 'say "x"', "b": "1,5"}]))

    assert ["a,b\r\n", '"say ""x""","1,5"\r\n'] == lines


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_list_with_a_row_on_each_line(count: int) -> None:
    """The same bytes for the same rows, however the keys below were put in."""
    rows = [{"seq": n, "data": {"b": n, "a": "ü"}, "at": None} for n in range(count)]
    swapped = [{"seq": n, "data": {"a": "ü", "b": n}, "at": None} for n in range(count)]
    text = "".join(json_lines(rows))

    assert rows == json.loads(text)
    assert text == "".join(json_lines(swapped))
    assert count == sum("seq" in line for line in text.splitlines())


def test_rows_are_taken_one_at_a_time() -> None:
    """The first line is there before the second row was asked for."""
    asked: list[int] = []

    def rows() -> Iterator[dict[str, object]]:
        for n in range(3):
            asked.append(n)
            yield {"n": n}

    lines = json_lines(rows())
    assert '[\n  {"n": 0}' == next(lines)
    assert [0] == asked
    table = csv_lines(["n"], rows())
    assert "n\r\n" == next(table)
    assert [0] == asked
