"""Invented businesses and people: the same for the same seed, and no two generated businesses of one name."""

import hashlib
import random
import uuid
from functools import lru_cache

_FIRST_WORDS = """
Alder Amber Anchor Arden Ashby Aspen Barley Beacon Beech Bell Birchwood Blackthorn Bramble Bridge Brook Calder Canal
Castle Cedar Chapel Cherry Clifton Clover Coast Copper Corner Cotswold Crescent Croft Crown Dale Dene Dove Drake
Eastgate Elder Elm Ember Falcon Fern Field Finch Forge Fox Garnet Glen Granite Green Grove Hale Harbour Hazel Heath
Heron Highfield Holly Honey Ivy Jade Juniper Kestrel Kings Kite Lake Lantern Larch Lark Laurel Lime Linden Lodge Lower
Maple Market Marsh Meadow Merlin Mill Minster Moor Moss Nettle North Oak Old Orchard Osier Otter Park Pear Pebble Pine
Poplar Priory Quarry Quay Raven Reed Ridge River Robin Rowan Royal Saddler Sage Sand Silver Sorrel South Spring
Station Stone Summer Swan Sycamore Teal Thistle Thorn Tower Upper Vale Victoria Walnut Warren Water Wells West Wheat
Willow Windmill Winter Wold Wood Wren Yew York
"""
_TRADES = (
    "Bakery",
    "Joinery",
    "Plumbing & Heating",
    "Consulting",
    "Interiors",
    "Landscapes",
    "Motors",
    "Dental Practice",
    "Veterinary Surgery",
    "Coffee",
    "Brewing",
    "Books",
    "Bicycles",
    "Electrical",
    "Catering",
    "Cleaning Services",
    "Software",
    "Studios",
    "Florists",
    "Physiotherapy",
    "Logistics",
    "Roofing",
    "Estates",
    "Nursery",
    "Design",
    "Printing",
    "Foods",
    "Textiles",
    "Engineering",
    "Travel",
    "Fitness",
    "Pharmacy",
    "Architects",
    "Recruitment",
    "Upholstery",
    "Ceramics",
    "Opticians",
    "Scaffolding",
    "Tutoring",
    "Events",
)
_ENDINGS = ("Ltd", "Limited", "LLP", "& Co")
_GIVEN_NAMES = """
Aisha Alan Amelia Anna Ben Bridget Callum Carys Chloe Daniel Deepa Dylan Ella Emma Farid Finn Grace Hana Harry Imogen
Isaac Jack Jasmine Joel Kate Kofi Laura Leo Lucy Maya Mei Mohammed Nadia Niamh Oliver Omar Poppy Rhys Rosa Ruth Samir
Sean Sofia Tariq Tessa Theo Uma Victor Wen Yusuf Zara Zoë
"""
_FAMILY_NAMES = """
Abbott Adeyemi Ahmed Barker Bennett Brown Byrne Carter Chen Clarke Davies Dhillon Doyle Edwards Evans Fletcher Fraser
Gill Green Hall Harris Hughes Hussain Iqbal Jackson James Kaur Kelly Khan King Lewis Lowe Mbeki Mills Morgan Murphy
Nguyen Novak O'Brien Okoro Owen Parker Patel Price Quinn Reid Roberts Shah Singh Smith Taylor Thomas Turner Walsh Ward
Webb White Wilson Wright Young Żak
"""
_FIRST, _GIVEN, _FAMILY = (words.split() for words in (_FIRST_WORDS, _GIVEN_NAMES, _FAMILY_NAMES))
STREETS = ("High Street", "Station Road", "Church Lane", "Mill Road", "Victoria Avenue", "The Green", "Queens Road")
_NAMES = len(_FIRST) * len(_TRADES) * len(_ENDINGS)


def business(number: int, seed: str) -> str:
    """The name of business `number`; no two of the first 20,000 are equal."""
    at = (number * _step() + _offset(seed)) % _NAMES
    at, ending = divmod(at, len(_ENDINGS))
    first, trade = divmod(at, len(_TRADES))
    return f"{_FIRST[first]} {_TRADES[trade]} {_ENDINGS[ending]}"


@lru_cache(maxsize=1)
def _step() -> int:
    """Without a common divisor with the number of names, so that it passes through all of them."""
    step = _NAMES * 5 // 13
    while any(step % divisor == 0 for divisor in range(2, 200) if _NAMES % divisor == 0):
        step += 1
    return step


@lru_cache(maxsize=16)
def _offset(seed: str) -> int:
    return random.Random(f"{seed}/names").randrange(_NAMES)


def person(dice: random.Random) -> tuple[str, str]:
    return dice.choice(_GIVEN), dice.choice(_FAMILY)


def identifier(*parts: object) -> str:
    """A UUID that is always the same for the same parts."""
    digest = hashlib.md5("/".join(map(str, parts)).encode(), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest, version=4))


def dice(*parts: object) -> random.Random:
    return random.Random("/".join(map(str, parts)))
