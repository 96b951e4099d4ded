"""The Web API's methods: what each needs, does and answers."""

from sandbox.slack.methods import chat, conversations, files, installing, people, views
from sandbox.slack.methods.request import Method, Request

__all__ = ["METHODS", "Method", "Request"]

METHODS: dict[str, Method] = {
    "api.test": Method(people.api_test, token="none"),
    "auth.test": Method(people.auth_test),
    "team.info": Method(people.team_info, "team:read"),
    "users.info": Method(people.users_info, "users:read"),
    "users.list": Method(people.users_list, "users:read"),
    "users.profile.get": Method(people.users_profile_get, "users.profile:read"),
    "users.lookupByEmail": Method(people.users_lookup_by_email, "users:read.email"),
    "conversations.open": Method(conversations.conversations_open),
    "conversations.info": Method(conversations.conversations_info),
    "conversations.list": Method(conversations.conversations_list),
    "conversations.members": Method(conversations.conversations_members),
    "conversations.history": Method(conversations.conversations_history),
    "conversations.replies": Method(conversations.conversations_replies),
    "chat.postMessage": Method(chat.chat_post_message, "chat:write"),
    "chat.postEphemeral": Method(chat.chat_post_ephemeral, "chat:write"),
    "chat.update": Method(chat.chat_update, "chat:write"),
    "chat.delete": Method(chat.chat_delete, "chat:write"),
    "chat.getPermalink": Method(chat.chat_get_permalink),
    "views.open": Method(views.views_open),
    "views.push": Method(views.views_push),
    "views.update": Method(views.views_update),
    "views.publish": Method(views.views_publish),
    "files.getUploadURLExternal": Method(files.files_get_upload_url, "files:write"),
    "files.completeUploadExternal": Method(files.files_complete_upload, "files:write"),
    "files.info": Method(files.files_info, "files:read"),
    "apps.connections.open": Method(installing.apps_connections_open, token="app"),
    "oauth.v2.access": Method(installing.oauth_v2_access, token="none"),
}
