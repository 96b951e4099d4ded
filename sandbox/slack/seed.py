"""The workspace people find when they start the sandbox; a seed file in the same shape replaces it."""

from typing import Any

DEFAULT_SEED: dict[str, Any] = {
    "app": {"id": "A_CLIENTDESK", "name": "Clientdesk"},
    "teams": [
        {
            "id": "T_BIRCH",
            "name": "Birch & Co",
            "domain": "birch",
            "token": "xoxb-sandbox-T_BIRCH",
            "bot_user_id": "U_BOT",
            "bot_id": "B_BOT",
        },
        {
            "id": "T_OTHER",
            "name": "Other Ltd",
            "domain": "other",
            "token": "xoxb-sandbox-T_OTHER",
            "bot_user_id": "U_BOT_OTHER",
            "bot_id": "B_BOT_OTHER",
        },
    ],
    "users": [
        {
            "id": "U_ADA",
            "team_id": "T_BIRCH",
            "name": "ada",
            "real_name": "Ada Marsh",
            "email": "ada@birch.example",
            "title": "Workspace owner",
            "is_owner": True,
            "is_admin": True,
        },
        {
            "id": "U_CLEM",
            "team_id": "T_BIRCH",
            "name": "clem",
            "real_name": "Clem Okafor",
            "email": "clem@birch.example",
        },
        {"id": "U_SAM", "team_id": "T_BIRCH", "name": "sam", "real_name": "Sam Price", "email": "sam@birch.example"},
        {"id": "U_JO", "team_id": "T_BIRCH", "name": "jo", "real_name": "Jo Lind", "email": "jo@birch.example"},
        {
            "id": "U_OLLY",
            "team_id": "T_BIRCH",
            "name": "olly",
            "real_name": "Olly Ray",
            "email": "olly@contractor.example",
            "is_restricted": True,
        },
        {"id": "U_EVE", "team_id": "T_OTHER", "name": "eve", "real_name": "Eve Stone", "email": "eve@other.example"},
    ],
    "channels": [
        {
            "id": "C_GENERAL",
            "team_id": "T_BIRCH",
            "name": "general",
            "members": ["U_ADA", "U_CLEM", "U_SAM", "U_JO", "U_OLLY", "U_BOT"],
        },
        {
            "id": "C_SHARED",
            "team_id": "T_BIRCH",
            "name": "shared-with-other",
            "is_ext_shared": True,
            "members": ["U_ADA", "U_CLEM", "U_EVE", "U_BOT"],
        },
    ],
}
