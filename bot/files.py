"""Files in a direct message, each sent once."""

import json
from typing import Any

from slack_sdk import WebClient

from bot.slack_api import SlackTransport
from modals.blocks import Message
from modals.text import clip

_LOOKED_BACK = 100
_LONGEST_ALT = 1000


def send_file(
    transport: SlackTransport,
    client: WebClient,
    user_id: str,
    message: Message,
    *,
    key: str,
    again: bool,
    name: str,
    title: str,
    content: bytes,
    alt: str | None = None,
) -> None:
    """The file, with the message's blocks above it; `alt` is what a picture says to those who do not see it.
    `again`: an earlier try may have sent it, which is looked for.

    Raises UploadError or what the client raises.
    """
    channel = str(client.conversations_open(users=user_id)["channel"]["id"])
    if again and _is_there(client, channel, key, name):
        return
    upload = client.files_getUploadURLExternal(
        filename=name, length=len(content), alt_txt=alt and clip(alt, _LONGEST_ALT)
    )
    transport.upload(str(upload["upload_url"]), content)
    # A message with a file takes no metadata: the name of its first block tells it from others.
    first, *more = message["blocks"]
    client.files_completeUploadExternal(
        files=[{"id": str(upload["file_id"]), "title": title}],
        channel_id=channel,
        blocks=json.dumps([{**first, "block_id": key}, *more]),
    )


def _is_there(client: WebClient, channel: str, key: str, name: str) -> bool:
    messages: list[dict[str, Any]] = client.conversations_history(channel=channel, limit=_LOOKED_BACK)["messages"]
    return any(
        any(block.get("block_id") == key for block in message.get("blocks", ()))
        or any(file.get("name") == name for file in message.get("files", ()))
        for message in messages
    )
