"""The ids that the views and messages of permission requests carry."""

import uuid

from modals.form import Metadata

LIST = "permissions.list"
PREVIOUS = "permissions.previous"
NEXT = "permissions.next"
REQUEST = "permissions.request"
KIND = "permissions.choose_kind"
SUBMIT = "permissions.submit"
WITHDRAW = "permissions.withdraw"
APPROVE = "permissions.approve"
APPROVE_FOR = "permissions.approve_for"
DECLINE = "permissions.decline"
SUBMIT_DECLINE = "permissions.submit_decline"


class ListMetadata(Metadata):
    """`page` counts from 0."""

    page: int = 0


class DeclineMetadata(Metadata):
    """What is declined, and where: on a card, or on a page of the list."""

    request: uuid.UUID
    channel: str | None = None
    ts: str | None = None
    page: int = 0
