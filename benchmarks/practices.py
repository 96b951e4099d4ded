"""A practice of some size to measure with."""

import random
from pathlib import Path

from benchmarks import processes, slack
from db.models import Client, ClientKind, Colleague, Plan, Practice, Region, Role, Software, Solutions, Team, TeamMember
from db.session import Database, utc_now
from services.clients.names import bare_code, code_key, name_key

_FIRST = [
    "Amber",
    "Birch",
    "Cedar",
    "Dover",
    "Elm",
    "Fern",
    "Grove",
    "Harbour",
    "Iris",
    "Juniper",
    "Kestrel",
    "Linden",
    "Maple",
    "North",
    "Oak",
    "Pine",
    "Quarry",
]
_SECOND = [
    "Bakery",
    "Builders",
    "Cafe",
    "Dental",
    "Electrical",
    "Farm",
    "Garage",
    "Homes",
    "Interiors",
    "Joinery",
    "Kitchens",
    "Logistics",
    "Media",
]
_ENDS = ("Ltd", "Limited", "LLP", "& Sons", "Group", "(UK) Ltd", "Partners", "Holdings")


def seed(database_url: str, *, clients: int = 0, colleagues: int = 50) -> list[str]:
    """Makes a British practice with everything that the wizard can ask for. Gives its colleagues' Slack ids."""
    processes.migrate(database_url)
    database = Database(database_url)
    now = utc_now()
    users = [f"U{number:04}" for number in range(colleagues)]
    with database.begin() as session:
        practice = Practice(
            slack_key=slack.TEAM,
            name="Benchmark & Co",
            address="benchmark",
            region=Region.UNITED_KINGDOM,
            plan=Plan.ADVANCED,
            bundle=100_000,
            has_dhi=True,
            client_defaults={},
            created_at=now,
            set_up_at=now,
        )
        session.add(practice)
        session.flush()
        people = [
            Colleague(
                practice_id=practice.id,
                slack_user_id=user,
                name=f"Colleague {user}",
                role=Role.PRACTICE_ADMIN if number < 2 else Role.STANDARD,
                may_add_clients=True,
                created_at=now,
            )
            for number, user in enumerate(users)
        ]
        teams = [Team(practice_id=practice.id, name=name) for name in ("Payroll", "Tax", "Year end")]
        session.add_all([*people, *teams])
        session.flush()
        session.add_all(TeamMember(team_id=team.id, colleague_id=people[0].id) for team in teams)
        session.add_all(
            Client(
                practice_id=practice.id,
                name=name,
                name_key=name_key(name),
                practice_code=f"C{number:05}",
                code_key=code_key(f"C{number:05}"),
                bare_code=bare_code(f"C{number:05}"),
                kind=ClientKind.BUSINESS,
                solutions=Solutions.BOOKKEEPING,
                software=Software.LATER,
                extract_name=f"benchmark-{number}",
                applied_defaults={},
                created_by=people[0].id,
                created_at=now,
            )
            for number, name in enumerate(_names(clients))
        )
    database.close()
    return users


def sqlite_url(home: str | Path) -> str:
    return f"sqlite:///{Path(home) / 'benchmark.db'}"


def _names(count: int) -> list[str]:
    chance = random.Random(1)
    return [
        f"{chance.choice(_FIRST)} {chance.choice(_FIRST)} {chance.choice(_SECOND)} {number} {chance.choice(_ENDS)}"
        for number in range(count)
    ]
