"""What a draft knows of the accounting software that its client is to be connected to."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Client, Connection, Draft, Provider, Software
from services.accounting.connections import DraftConnection
from services.accounting.port import Organisation
from services.add_client.steps import Answers, StepName

PROVIDERS = {Software.XERO: Provider.XERO, Software.SAGE: Provider.SAGE}
_ORGANISATIONS = "organisations"
"""Kept beside the answers: the organisations of a consent, until one of them is chosen."""
_VIEW = "view"
"""The same: the window from which the person went to the provider, until they do something else."""


@dataclass(frozen=True, slots=True)
class WaitingView:
    """`changing`: it leads back to the review."""

    id: str
    changing: bool


def wanted_provider(answers: Answers) -> Provider | None:
    return PROVIDERS.get(answers.get(StepName.SOFTWARE, {}).get("software"))  # type: ignore[arg-type]


def chosen_connection(answers: Answers) -> DraftConnection | None:
    """What Create is to connect the client to."""
    kept = DraftConnection.of(answers)
    if kept is None or kept.chosen is None or kept.provider is not wanted_provider(answers):
        return None
    return kept


def organisation_of(connection: DraftConnection) -> str | None:
    chosen = connection.chosen
    return None if chosen is None else chosen.legal_name or chosen.name


def taken_by(session: Session, practice_id: uuid.UUID, connection: DraftConnection) -> str | None:
    """The client that has its organisation already."""
    if connection.chosen is None:
        return None
    return session.scalar(
        select(Client.name)
        .join(Connection, Connection.client_id == Client.id)
        .where(
            Connection.practice_id == practice_id,
            Connection.provider == connection.provider,
            Connection.tenant_id == connection.chosen.tenant_id,
        )
    )


def found_organisations(answers: Answers) -> tuple[Organisation, ...]:
    """Those to choose from; none once one is chosen."""
    kept = DraftConnection.of(answers)
    if kept is None or kept.chosen is not None or kept.provider is not wanted_provider(answers):
        return ()
    given: Any = answers.get(_ORGANISATIONS, ())
    return tuple(Organisation(**each) for each in given)


def keep_organisations(draft: Draft, provider: Provider, found: tuple[Organisation, ...]) -> None:
    """A consent says what the person wants, whatever they answered before."""
    rows = [{"tenant_id": o.tenant_id, "name": o.name, "connection_id": o.connection_id} for o in found]
    software = {**draft.answers.get(StepName.SOFTWARE, {}), "software": str(provider)}
    draft.answers = {**draft.answers, StepName.SOFTWARE.value: software, _ORGANISATIONS: rows}


def forget_organisations(draft: Draft) -> None:
    draft.answers = _without(draft.answers, _ORGANISATIONS)


def keep_view(draft: Draft, view: WaitingView) -> None:
    draft.answers = {**draft.answers, _VIEW: asdict(view)}


def view_of(answers: Answers) -> WaitingView | None:
    kept = answers.get(_VIEW)
    return None if kept is None else WaitingView(**kept)


def forget_view(draft: Draft) -> None:
    if _VIEW in draft.answers:
        draft.answers = _without(draft.answers, _VIEW)


def _without(answers: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if name != key}
