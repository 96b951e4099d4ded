"""What was done with many clients at once, and why each of the others was left out."""

from collections.abc import Iterator, Mapping, Sequence

from modals import blocks as b
from modals.text import clip
from services.colleagues.choosing import Skip

SKIPS = {
    Skip.UNKNOWN: "No client of yours has this name or practice code",
    Skip.SEVERAL: "Several clients are called that: use the practice code",
    Skip.TWICE: "Named more than once, and counted once",
    Skip.DEACTIVATED: "Deactivated",
    Skip.HAS_ALREADY: "{name} has been given it already",
    Skip.BY_TEAM: "{name} can open it already, through a team",
    Skip.SEES_ALL: "{name} can open it anyway, as an admin",
    Skip.MANAGES_ALREADY: "{name} is its account manager already",
    Skip.HAS_NONE: "{name} was not given it",
    Skip.STILL_BY_TEAM: "{name} can still open it through a team, which has its own page in /clients team",
    Skip.CANT_OPEN: "{name} can’t open the client, so it stays as it is",
}
_NAME = 100
_PARAGRAPH = 2_800
_SHOWN = 30_000
"""As many characters of names as a window holds with ease: all that can be chosen and pasted at once."""


def left_out(skipped: Mapping[Skip, Sequence[str]], name: str) -> list[b.Block]:
    """Each by name, under the reason. `name` is who was to get them."""
    if not skipped:
        return []
    blocks, room = [b.divider(), b.header(f"Left out: {sum(map(len, skipped.values())):,}")], _SHOWN
    for why, all_names in skipped.items():
        names = [clip(each, _NAME) for each in all_names]
        shown = list(_within(names, room))
        room -= sum(map(len, shown))
        heading = SKIPS[why].format(name=clip(name, _NAME))
        blocks.append(b.rich([b.bold(heading), b.words(f" · {len(names):,}")]))
        blocks += [b.section(each) for each in _paragraphs(shown)]
        if len(shown) < len(names):
            blocks.append(b.section(f"and {len(names) - len(shown):,} more"))
    return blocks


def named(names: Sequence[str]) -> list[b.Block]:
    """Clients, a line each."""
    shown = list(_within([clip(each, _NAME) for each in names], _SHOWN // 3))
    blocks = [b.section(each) for each in _paragraphs(shown)]
    if len(shown) < len(names):
        blocks.append(b.section(f"and {len(names) - len(shown):,} more"))
    return blocks


def _within(names: Sequence[str], room: int) -> Iterator[str]:
    for each in names:
        room -= len(each)
        if room < 0:
            return
        yield each


def _paragraphs(names: Sequence[str]) -> Iterator[str]:
    lines: list[str] = []
    for each in names:
        if sum(map(len, lines)) + 3 * len(lines) + len(each) > _PARAGRAPH:
            yield "\n".join(lines)
            lines = []
        lines.append(f"• {each}")
    if lines:
        yield "\n".join(lines)
