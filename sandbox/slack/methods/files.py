"""Methods about files."""

from collections.abc import Mapping

from sandbox.slack.limits import Problem, check_message
from sandbox.slack.methods.chat import may_post
from sandbox.slack.methods.request import Json, Request, refuse
from sandbox.slack.records import File, SlackError

_LONGEST_ALT = 1000


def files_get_upload_url(request: Request) -> Json:
    name = request.text("filename")
    try:
        length = int(request.text("length"))
    except ValueError:
        length = 0
    if length <= 0:
        raise SlackError("invalid_arguments", [Problem("invalid_arguments", "/length", "must be a positive integer")])
    alt_txt = str(request.args.get("alt_txt") or "")
    if len(alt_txt) > _LONGEST_ALT:
        raise SlackError("alt_txt_too_large")
    file = request.world.add_file(name, request.team.bot_user_id, request.base_url)
    file.alt_txt = alt_txt
    return {"upload_url": f"{request.base_url}/files/upload/{file.id}", "file_id": file.id}


def _file(request: Request, file_id: object) -> File:
    found = request.world.files.get(file_id) if isinstance(file_id, str) else None
    if found is None:
        raise SlackError("file_not_found")
    return found


def files_complete_upload(request: Request) -> Json:
    given = request.parsed("files")
    if not isinstance(given, list) or not given:
        request.need("files")
        raise SlackError("invalid_arguments", [Problem("invalid_arguments", "/files", "must provide an array")])
    found = []
    for each in given:
        file = _file(request, each.get("id") if isinstance(each, Mapping) else None)
        file.title = str(each.get("title") or file.name)
        file.complete = True
        found.append(file)
    comment, blocks = str(request.args.get("initial_comment") or ""), request.parsed("blocks")
    if comment or blocks is None:
        blocks = []
    else:
        refuse(check_message({"blocks": blocks}))
    shared = request.args.get("channel_id") or request.args.get("channels")
    if shared:
        for channel in str(shared).split(","):
            conversation = request.world.conversation(channel)
            may_post(request, conversation)
            request.world.post(
                conversation,
                user=request.team.bot_user_id,
                team_id=request.team.id,
                bot_id=request.team.bot_id,
                text=comment,
                blocks=blocks,
                files=found,
                thread_ts=request.args.get("thread_ts"),
            )
    return {"files": [file.wire() for file in found]}


def files_info(request: Request) -> Json:
    return {"file": _file(request, request.need("file")).wire(), "comments": []}
