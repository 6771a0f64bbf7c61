"""The rich_text block: sections, lists, preformatted text and quotes."""

from bot.sandbox.slack.blockkit.schema import (
    array,
    boolean,
    integer,
    number,
    one_of,
    shape,
    string,
    typed,
)

STYLE = shape(
    dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean)
)
INLINE = typed(
    {
        "text": shape({"text": string(), "style": STYLE}, ("text",)),
        "link": shape(
            {"url": string(3000), "text": string(), "unsafe": boolean, "style": STYLE}, ("url",)
        ),
        "user": shape({"user_id": string(), "style": STYLE}, ("user_id",)),
        "usergroup": shape({"usergroup_id": string(), "style": STYLE}, ("usergroup_id",)),
        "channel": shape({"channel_id": string(), "style": STYLE}, ("channel_id",)),
        "emoji": shape({"name": string(), "unicode": string(), "style": STYLE}, ("name",)),
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, ("range",)),
        "color": shape({"value": string()}, ("value",)),
        "date": shape(
            {"timestamp": number, "format": string(), "url": string(), "fallback": string()},
            ("timestamp", "format"),
        ),
    }
)
SECTION = shape({"elements": array(INLINE, 1)}, ("elements",))
FRAMED = shape({"elements": array(INLINE, 1), "border": integer(0, 1)}, ("elements",))
LIST = shape(
    {
        "elements": array(typed({"rich_text_section": SECTION}), 1),
        "style": one_of("bullet", "ordered"),
        "indent": integer(0, 8),
        "offset": integer(0),
        "border": integer(0, 1),
    },
    ("elements", "style"),
)
RICH_TEXT = shape(
    {
        "block_id": string(255),
        "elements": array(
            typed(
                {
                    "rich_text_section": SECTION,
                    "rich_text_list": LIST,
                    "rich_text_preformatted": FRAMED,
                    "rich_text_quote": FRAMED,
                }
            ),
            1,
        ),
    },
    ("elements",),
)
