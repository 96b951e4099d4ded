"""The installation's keys: what is secret at rest is encrypted, links are derived."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_LINK_PURPOSE = b"clientdesk invitation link v1"


class Keyring:
    """`keys` are Fernet keys: the first encrypts and derives, all decrypt and recognise. At least one is needed."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("ENCRYPTION_KEYS holds no key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._raw = [base64.urlsafe_b64decode(key) for key in keys]

    def encrypt(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """Raises ValueError when none of the keys made `data`."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken:
            raise ValueError("This was encrypted with a key that is no longer in ENCRYPTION_KEYS") from None

    def new_token(self, nonce: bytes) -> str:
        """A link token that cannot be guessed without the key, and can be made again from `nonce` for a second try."""
        return _derive(self._raw[0], nonce)

    def token_again(self, nonce: bytes, token_hash: bytes) -> str:
        """The token made earlier from `nonce`, whichever key made it. Raises ValueError when that key is gone."""
        for key in self._raw:
            token = _derive(key, nonce)
            if hmac.compare_digest(hash_token(token), token_hash):
                return token
        raise ValueError("This link was made with a key that is no longer in ENCRYPTION_KEYS")


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _derive(key: bytes, nonce: bytes) -> str:
    digest = hmac.digest(hmac.digest(key, _LINK_PURPOSE, hashlib.sha256), nonce, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
