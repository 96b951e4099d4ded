"""The addresses of an invitation's links, which are kept nowhere."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Channel, InvitationLink
from services.jobs import GiveUp
from services.keys import Keyring


def address_of(session: Session, keys: Keyring, public_url: str, invitation_id: uuid.UUID, channel: Channel) -> str:
    """The same each time. For jobs: raises GiveUp when the key that made the link is gone."""
    link = session.scalars(
        select(InvitationLink).where(InvitationLink.invitation_id == invitation_id, InvitationLink.channel == channel)
    ).one()
    try:
        return f"{public_url}/i/{keys.token_again(link.nonce, link.token_hash)}"
    except ValueError as error:
        raise GiveUp(str(error)) from error
