import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from services.pictures import Bar, Colour, Panel, Picture, draw

BAR = Bar(label="Connected", value=3, text="3", colour=Colour.GREEN)
PANEL = Panel(title="Connections", bars=(BAR,), whole=4)
PICTURE = Picture(title="Insights", subtitle="4 clients", left=PANEL, right=PANEL, below=PANEL)


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def _brightness(colour: str) -> float:
    """The relative luminance of WCAG."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [each for each in Colour if each is not Colour.GROUND])
def test_each_colour_stands_out_from_the_ground(colour: Colour) -> None:
    assert (_brightness(Colour.GROUND) + 0.05) / (_brightness(colour) + 0.05) >= 4.5


def test_a_picture_brings_its_own_ground_and_edge_and_shows_its_bars() -> None:
    shown = _opened(draw(PICTURE))
    assert (shown.format, shown.size) == ("PNG", (1200, 1110))
    colours = {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue, _ in _dots(shown)}
    assert {Colour.GROUND, Colour.EDGE, Colour.GREEN} <= colours
    assert {opacity for *_, opacity in _dots(shown)} == {255}
    assert shown.convert("RGB").getpixel((0, 0)) == (0x70, 0x75, 0x7F)


def _dots(shown: Image.Image) -> set[tuple[int, int, int, int]]:
    found = shown.convert("RGBA").getcolors(maxcolors=2**24)
    assert found is not None
    return {dot for _, dot in found if isinstance(dot, tuple)}  # type: ignore[misc]


def test_panels_without_bars_and_bars_of_nothing_are_drawn() -> None:
    none = Panel(title="Invitations", bars=(), whole=0, note="Nobody has been invited yet.")
    zero = Panel(title="Added", bars=(Bar(label="2\nMar", value=0, text="0", colour=Colour.BLUE),), whole=0)
    bare = Picture(title="Insights", subtitle="", left=none, right=zero, below=zero)
    assert _opened(draw(bare)).size == (1200, 1110)


def test_nothing_in_a_picture_is_read_as_a_formula() -> None:
    odd = Panel(title="$x^{$", bars=(Bar(label="$_$", value=1, text="$\\frac$", colour=Colour.RED),), whole=1)
    assert _opened(draw(Picture(title="$$", subtitle="$\\x$", left=odd, right=odd, below=odd))).size == (1200, 1110)


def test_pictures_drawn_at_once_are_like_one_drawn_alone() -> None:
    alone = draw(PICTURE)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(draw, [PICTURE] * 4)) == {alone}


def test_what_draws_and_what_writes_workbooks_is_not_loaded_by_a_start() -> None:
    asked = (
        "import sys, bot.composition, bot.web\n"
        "print({'matplotlib', 'numpy', 'openpyxl', 'PIL'} & set(sys.modules) or 'none')"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said == "none\n"
