"""Text on its way into Slack."""


def escape(text: str) -> str:
    """For mrkdwn and fallback text: `&`, `<` and `>` are Slack's control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
