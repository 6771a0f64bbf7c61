"""The blocks that show figures: table, data_table and data_visualization."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit.rich_text import RICH_TEXT
from bot.sandbox.slack.blockkit.schema import (
    Problem,
    array,
    boolean,
    integer,
    number,
    one_of,
    shape,
    string,
    typed,
    unique,
)

CELL = typed(
    {
        "raw_text": shape({"text": string()}, ("text",)),
        "raw_number": shape({"value": number, "text": string()}, ("value", "text")),
        "rich_text": RICH_TEXT,
    }
)


def _column(value: Any, at: str) -> Iterator[Problem]:
    if value is not None:
        yield from shape({"align": one_of("left", "center", "right"), "is_wrapped": boolean})(
            value, at
        )


def _equally_long(value: dict[str, Any], at: str) -> Iterator[Problem]:
    if len({len(row) for row in value.get("rows") or [] if isinstance(row, list)}) > 1:
        yield Problem("rows must be equally long", f"{at}/rows")


TABLE = shape(
    {
        "block_id": string(255),
        "rows": array(array(CELL, 1, 20), 1, 100),
        "column_settings": array(_column, 0, 20),
    },
    ("rows",),
)
DATA_TABLE = shape(
    {
        "block_id": string(255),
        "caption": string(),
        "rows": array(array(CELL, 1, 20), 2, 201),
        "page_size": integer(1, 100),
        "row_header_column_index": integer(0, 19),
    },
    ("caption", "rows"),
    _equally_long,
)


def _positive(value: Any, at: str) -> Iterator[Problem]:
    yield from number(value, at)
    if isinstance(value, int | float) and value <= 0:
        yield Problem("must be above 0", at)


def _a_point_per_category(value: dict[str, Any], at: str) -> Iterator[Problem]:
    wanted = (value.get("axis_config") or {}).get("categories") or []
    if len(set(wanted)) != len(wanted):
        yield Problem("categories must be unique", f"{at}/axis_config/categories")
    for index, series in enumerate(value.get("series") or []):
        labels = [point.get("label") for point in series.get("data") or []]
        if sorted(map(str, labels)) != sorted(map(str, wanted)):
            yield Problem("must have one point for each category", f"{at}/series/{index}/data")


SEGMENT = shape({"label": string(20), "value": _positive}, ("label", "value"))
POINT = shape({"label": string(20), "value": number}, ("label", "value"))
SERIES = shape({"name": string(20), "data": array(POINT, 1, 20)}, ("name", "data"))
AXES = shape(
    {"categories": array(string(20), 1, 20), "x_label": string(50), "y_label": string(50)},
    ("categories",),
)
AXIS_CHART = shape(
    {"series": array(SERIES, 1, 12), "axis_config": AXES},
    ("series", "axis_config"),
    unique("series", "name"),
    _a_point_per_category,
)
DATA_VISUALIZATION = shape(
    {
        "block_id": string(255),
        "title": string(50),
        "chart": typed(
            {
                "pie": shape({"segments": array(SEGMENT, 1, 12)}, ("segments",)),
                "bar": AXIS_CHART,
                "area": AXIS_CHART,
                "line": AXIS_CHART,
            }
        ),
    },
    ("title", "chart"),
)
