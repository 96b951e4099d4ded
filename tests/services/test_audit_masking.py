"""What never gets into the audit trail, whoever writes the entry."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from db.models import AuditEntry, Source
from db.session import Database
from services import audit
from services.audit.masking import MASK, masked
from tests.builders import office

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "passwordHash",
        "token",
        "access_token",
        "refreshToken",
        "bot_tokens",
        "client_secret",
        "secret",
        "Authorization",
        "authorization_header",
        "nino",
        "NINO",
        "clientNino",
        "ni_number",
        "national_insurance_number",
        "utr",
        "client_utr",
        "clientUTR",
        "tax_reference",
        "api_key",
        "apiKey",
        "private-key",
        "cookie",
        "credentials",
        "otp",
        "verifier",
    ],
)
@pytest.mark.parametrize("value", ["AB123456C", 1955839661, ["a", "b"], {"a": "b"}, ""])
def test_a_secret_is_not_kept_whatever_its_shape(key: str, value: Any) -> None:
    assert masked({key: value, "deeper": [{key: value}]}) == {key: MASK, "deeper": [{key: MASK}]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "Acme & Sons (Token) Ltd"),
        ("name", "Basic Bookkeeping Services Ltd"),
        ("name", "Bearer Holdings Ltd"),
        ("email", "ada+7@birch.example"),
        ("practice_code", "1955839661"),
        ("authorisation", "019a8f3c-1111-7222-8333-123456789abc"),
        ("tenant_id", "019a8f3c-1111-7222-8333-123456789abc"),
        ("postcode", "AB12 3CD"),
        ("neutral", "AB-123456"),
        ("opinion", "fine"),
        ("at", "2026-03-02T09:00:00+00:00"),
        ("bundle", 60),
        ("days", [2, 0]),
        ("formula", "+1"),
    ],
)
def test_what_is_no_secret_is_kept_as_it_is(key: str, value: Any) -> None:
    assert masked({key: value}) == {key: value}


def test_that_there_was_none_and_answers_of_yes_or_no_stay() -> None:
    assert masked({"password": None, "has_token": True, "utr": None}) == {
        "password": None,
        "has_token": True,
        "utr": None,
    }


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("+447700900123", "+44 7700 ••• 123"),
        ("+44 7700 900123", "+44 7700 ••• 123"),
        ("+44 7700 ••• 123", "+44 7700 ••• 123"),
        ("07700 900123", "•••"),
        ("x", "•••"),
        ("", ""),
        (447700900123, "•••"),
        (["+447700900123"], ["+44 7700 ••• 123"]),
    ],
)
def test_of_a_mobile_enough_stays_to_recognise_it(value: Any, kept: Any) -> None:
    assert masked({"mobile": value, "contact_mobile": value}) == {"mobile": kept, "contact_mobile": kept}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ring +44 7700 900123 first", "Ring +44 7700 ••• 123 first"),
        ("Her NI number is AB 12 34 56 C.", "Her NI number is •••."),
        ("ab123456c", "•••"),
        ("sent with Bearer abcdefghij0123456789", "sent with •••"),
        ("xoxb-1234-abcd was refused", "••• was refused"),
        ("xoxe.xoxp-1-Mi0yLTk was refused", "••• was refused"),
        ("https://desk.example/i/4J6yqZ0a1bcdefghijklmnop", "https://desk.example/i/•••"),
        ("smtp://desk:hunter2@mail.example said no", "smtp://•••@mail.example said no"),
        ("eyJhbGciOi.eyJzdWIiOi.c2ln", "•••"),
    ],
)
def test_what_somebody_wrote_keeps_no_secret_either(text: str, kept: str) -> None:
    assert masked({"reason": text, "more": {"failure": [text]}}) == {"reason": kept, "more": {"failure": [kept]}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(), JSON))
def test_masking_takes_anything_and_what_is_masked_stays_so(values: dict[str, Any]) -> None:
    once = masked(values)
    assert once.keys() == values.keys()
    assert masked(once) == once


@given(st.sampled_from(["secret", "x"]), st.text(alphabet="0123456789abcdef", min_size=8), st.booleans())
def test_a_secret_is_nowhere_in_what_is_kept(depth: str, secret: str, listed: bool) -> None:
    inner: Any = [secret] if listed else secret
    assert secret not in str(masked({depth: {"token": inner}, "access_token": inner}))


def test_the_writer_masks(database: Database) -> None:
    birch = office(database)
    values = {"token": "xoxb-1", "mobile": "+447700900123", "email": "pat@firm.example"}
    with database.begin() as session:
        audit.record(session, birch.ada, "client.created", uuid.uuid4(), at=NOW, before=values, after=values)
        audit.record_without_colleague(
            session, birch.practice_id, Source.WORKER, "client.created", uuid.uuid4(), at=NOW, before=values
        )
    with database.read() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.at == NOW, AuditEntry.action == "client.created"))
        kept = {"token": "•••", "mobile": "+44 7700 ••• 123", "email": "pat@firm.example"}
        assert [(row.before, row.after) for row in rows] == [(kept, kept), (kept, None)]
