from sandbox.plain import plain


def test_rich_text_is_read_with_its_emoji_people_and_times() -> None:
    elements = [
        {"type": "emoji", "name": "wave"},
        {"type": "text", "text": " "},
        {"type": "user", "user_id": "U_ADA"},
        {"type": "text", "text": ", "},
        {"type": "date", "timestamp": 0, "format": "{time}", "fallback": "at noon"},
    ]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    assert plain({"text": "", "blocks": [block]}).strip() == ":wave: U_ADA, at noon"
