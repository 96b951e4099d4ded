"""The JSON Web Tokens that the stand-in Xero issues."""

import secrets

from sandbox.accounting.tokens import sign

ISSUER = "https://identity.xero.com"


def write_access(
    xero_userid: str, client_id: str, scopes: tuple[str, ...], event: str, now: float, until: float
) -> str:
    return sign(
        {
            "nbf": int(now),
            "exp": int(until),
            "iss": ISSUER,
            "aud": f"{ISSUER}/resources",
            "client_id": client_id,
            "sub": xero_userid.replace("-", ""),
            "auth_time": int(now),
            "xero_userid": xero_userid,
            "global_session_id": secrets.token_hex(16),
            "jti": secrets.token_hex(16),
            "authentication_event_id": event,
            "scope": list(scopes),
        }
    )


def write_identity(xero_userid: str, client_id: str, name: str, email: str, now: float) -> str:
    given, _, family = name.partition(" ")
    return sign(
        {
            "nbf": int(now),
            "exp": int(now) + 300,
            "iss": ISSUER,
            "aud": client_id,
            "iat": int(now),
            "sub": xero_userid.replace("-", ""),
            "auth_time": int(now),
            "xero_userid": xero_userid,
            "preferred_username": email,
            "email": email,
            "given_name": given,
            "family_name": family,
        }
    )
