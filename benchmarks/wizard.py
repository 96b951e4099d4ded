"""Each page of the wizard, submitted at a practice with 10,000 clients and 50 colleagues, until its answer.

The floor is bare Bolt with its best settings that takes the same submission, does one ORM get and insert, and answers
with the same view.
"""

import asyncio
import json
import tempfile
import uuid
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import practices, processes
from benchmarks.report import Result, line
from benchmarks.slack import Connection, Slack, command, connect, submission

CLIENTS = 10_000
COLLEAGUES = 50
WALKS = 40
WARM_UP = 4
GOAL = 6.0
"""The floor reads one row and writes one. Create reads fifteen times and writes eleven rows: jobs, audit and all."""

View = dict[str, Any]


def run(*, clients: int = CLIENTS, walks: int = WALKS) -> dict[str, Result]:
    return asyncio.run(_run(clients, walks))


async def _run(clients: int, walks: int) -> dict[str, Result]:
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        url = practices.sqlite_url(home)
        user = practices.seed(url, clients=clients, colleagues=COLLEAGUES)[0]
        async with Slack() as slack:
            product = stack.enter_context(processes.serving("bot", "web", **processes.product(url, slack.api_url)))
            walk = _Walk(slack, user, await connect(product.port))
            await walk.through()
            views = Path(home) / "views.json"
            views.write_text(json.dumps(walk.answers))
            floor = stack.enter_context(
                processes.serving(
                    "benchmarks.floors", "answers", VIEWS=str(views), DATABASE=str(Path(home) / "floor.db")
                )
            )
            walk.floor = await connect(floor.port)
            for number in range(WARM_UP + walks):
                if number == WARM_UP:
                    walk.times.clear()
                await walk.through()
    return _results(walk.times)


class _Walk:
    def __init__(self, slack: Slack, user: str, product: Connection) -> None:
        self._slack = slack
        self._user = user
        self._product = product
        self.floor: Connection | None = None
        self.answers: dict[str, View] = {}
        """The product's answer to each step."""
        self.times: dict[str, list[tuple[float, float]]] = defaultdict(list)
        """By step: the product's milliseconds and the floor's."""

    async def through(self) -> None:
        """From /add-client to the created client, each submission also to the floor."""
        trigger = self._slack.new_trigger()
        await self._product.post(command(self._user, trigger))
        await self._slack.come({trigger, f"V{trigger}"})
        view: View = json.loads(self._slack.updates[f"V{trigger}"])["view"]
        while "private_metadata" in view:
            view = await self._submit(view)

    async def _submit(self, view: View) -> View:
        step = json.loads(view["private_metadata"])["step"]
        form = submission(self._user, {**view, "id": "V1", "hash": "1", "state": {"values": _filled(view)}})
        answer = await self._product.post(form)
        content = json.loads(answer.body)
        if content["response_action"] != "update":
            raise RuntimeError(f"{step} was refused: {content}")
        self.answers[step] = content["view"]
        if self.floor is not None:
            floor = await self.floor.post(form)
            if floor.status != 200:
                raise RuntimeError(f"the floor answered {floor.status}")
            self.times[step].append((answer.seconds * 1000, floor.seconds * 1000))
        return self.answers[step]


def _filled(view: View) -> dict[str, Any]:
    """Every input as a person leaves it who types where they must and chooses what is there."""
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            values[block["block_id"]] = {element["action_id"]: _answered(block["block_id"], element)}
    return values


def _answered(block_id: str, element: dict[str, Any]) -> dict[str, Any]:
    kind = {"type": element["type"]}
    match element["type"]:
        case "plain_text_input":
            unique = uuid.uuid4().hex
            return kind | {"value": f"{unique}@example.com" if "email" in block_id else unique}
        case "radio_buttons" | "static_select":
            return kind | {"selected_option": element.get("initial_option") or element["options"][0]}
        case "external_select":
            return kind | {"selected_option": None}
        case _:
            return kind | {"selected_options": element.get("options", [])[:10]}


def _results(times: dict[str, list[tuple[float, float]]]) -> dict[str, Result]:
    steps: dict[str, Result] = {}
    for step, pairs in times.items():
        steps[step] = {
            "figure": median(product for product, _ in pairs),
            "floor": median(floor for _, floor in pairs),
            "ratio": median(product / floor for product, floor in pairs),
            "goal": GOAL,
        }
        print(line(f"wizard, {step}", steps[step]))
    slowest = max(steps, key=lambda step: float(steps[step]["figure"]))
    result = {**steps[slowest], "slowest": slowest, "steps": steps}
    print(line(f"wizard_slowest_step, {slowest}", result))
    return {"wizard_slowest_step": result}
