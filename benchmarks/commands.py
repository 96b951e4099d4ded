"""`/add-client` typed by 1, 10 and 50 people at the same moment: until the answer, and until the view is asked for."""

import asyncio
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from statistics import median

from benchmarks import practices, processes
from benchmarks.report import Result, line, quantile
from benchmarks.slack import Connection, Slack, command, connect

GOALS = {"command_ack": 1.3, "command_view": 1.5}
QUANTILES = {"p50": 0.5, "p99": 0.99}
ROUNDS = 9
BURSTS = {1: 120, 10: 15, 50: 5}
"""By how many type at once, how often they do in one round."""
DEFAULTS_BURSTS = {1: 30, 10: 3, 50: 1}
DEFAULTS_ROUNDS = 3

_Round = dict[str, list[float]]
"""By figure, in milliseconds."""


@dataclass
class _App:
    port: int
    bursts: dict[int, int]
    rounds: int = ROUNDS
    replaces: bool = False
    """Whether it puts another view in place of the one that it opened."""


def run() -> dict[str, Result]:
    return asyncio.run(_run())


async def _run() -> dict[str, Result]:
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        url = practices.sqlite_url(home)
        users = practices.seed(url)
        async with Slack() as slack:

            async def start(module: str, argument: str, **settings: str) -> int:
                # In a thread, because Bolt's defaults ask this process' Web API before they serve.
                serving = processes.serving(module, argument, **settings)
                return (await asyncio.to_thread(stack.enter_context, serving)).port

            api = slack.api_url
            apps = {
                "product": _App(await start("bot", "web", **processes.product(url, api)), bursts=BURSTS, replaces=True),
                "floor": _App(await start("benchmarks.floors", "best", SLACK_API_URL=api), bursts=BURSTS),
                "defaults": _App(
                    await start("benchmarks.floors", "defaults", SLACK_API_URL=api),
                    bursts=DEFAULTS_BURSTS,
                    rounds=DEFAULTS_ROUNDS,
                ),
            }
            measured = {people: await _measure(slack, apps, users[:people]) for people in BURSTS}
    return {name: _result(name, measured) for name in GOALS}


async def _measure(slack: Slack, apps: dict[str, _App], users: list[str]) -> dict[str, list[_Round]]:
    """What each app took in each of its rounds. The apps take turns, so that what else the machine does hits all."""
    connections = {name: [await connect(app.port) for _ in users] for name, app in apps.items()}
    rounds: dict[str, list[_Round]] = {name: [] for name in apps}
    for number in range(-1, ROUNDS):
        times: dict[str, _Round] = {name: {figure: [] for figure in GOALS} for name in apps}
        for burst in range(max(BURSTS.values())):
            for name, app in apps.items() if (number + burst) % 2 else reversed(apps.items()):
                if burst < app.bursts[len(users)] and number < app.rounds:
                    await _burst(slack, connections[name], users, times[name], replaces=app.replaces)
        for name, app in apps.items():
            if 0 <= number < app.rounds:  # the one before the first warms up
                rounds[name].append(times[name])
    for connection in chain.from_iterable(connections.values()):
        connection.transport.close()
    return rounds


async def _burst(
    slack: Slack, connections: list[Connection], users: list[str], times: _Round, *, replaces: bool
) -> None:
    triggers = [slack.new_trigger() for _ in users]
    start = time.perf_counter()
    answers = [
        connection.post(command(user, trigger))
        for connection, user, trigger in zip(connections, users, triggers, strict=True)
    ]
    for answer in await asyncio.gather(*answers):
        if answer.status != 200:
            raise RuntimeError(f"the app answered {answer.status}: {answer.body!r}")
        times["command_ack"].append((answer.came - start) * 1000)
    await slack.come({*triggers, *(f"V{trigger}" for trigger in triggers if replaces)})
    times["command_view"] += [(slack.opened[trigger] - start) * 1000 for trigger in triggers]


def _result(figure: str, measured: dict[int, dict[str, list[_Round]]]) -> Result:
    """The ratio is the worst one; `at` has each."""
    at: dict[str, Result] = {}
    for people, rounds in measured.items():
        for name, part in QUANTILES.items():
            product, floor, defaults = (
                [quantile(times[figure], part) for times in rounds[app]] for app in ("product", "floor", "defaults")
            )
            result = {
                "figure": median(product),
                "floor": median(floor),
                "ratio": median(ours / theirs for ours, theirs in zip(product, floor, strict=True)),
                "goal": GOALS[figure],
                "defaults": median(defaults),
            }
            at[f"{name} at {people}"] = result
            print(f"{line(f'{figure} {name}, {people} at once', result)}, Bolt's defaults {result['defaults']:.2f} ms")
    worst = max(at, key=lambda name: float(at[name]["ratio"]))
    return {**at[worst], "worst": worst, "at": at}
