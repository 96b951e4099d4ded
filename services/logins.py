"""Passwords: which are taken, and how they are kept."""

import threading
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.errors import ServiceError

SHORTEST, LONGEST = 10, 128

# What heads every published list of leaked passwords: words, alone, in a row, or dressed up with digits and signs,
# and ways over the keyboard.
_COMMON = frozenset(
    """
    abc abcd access account accountant accounting admin administrator adobe alexander aligator amanda america
    andrea andrew angel angela animal anthony apple apples april arsenal asdf asdfgh asdfghjkl ashley august austin
    autumn awesome azerty babygirl bailey banana barcelona barney baseball basketball batman bookkeeper bookkeeping
    brandon bubbles buster butterfly calvin camaro canada carlos caroline celtic changeit changeme changemenow
    charlie cheese chelsea chester chicago chicken chocolate chris christian christmas client clientdesk clients
    college company computer cookie corvette cowboys crystal dallas daniel danielle david december default demo
    demodemo diamond dolphin dolphins donald dragon dragons eagles elephant elizabeth england eric everton facebook
    family february ferrari fishing flower flowers football forever freedom friday friend friends gandalf gateway
    george ginger gmail golden google guest guitar hannah happy harley heather hello hellohello helloworld hockey
    hotmail hunter iceman iloveme iloveyou instagram internet invoice ireland jackson james january jasmine
    jennifer jessica jesus john johnson jonathan jordan joseph joshua julian july june justin killer kitten knight
    lakers laura lauren letmein letmeinnow linkedin liverpool login logitech london lovely loveme lover loveyou
    madison maggie manager manchester marina market marlboro martin master matrix matthew maverick mercedes merlin
    michael michelle mickey microsoft midnight monday money monica monkey monster morgan mother mustang myspace
    naruto natasha nathan newpassword nicholas nicole nintendo nothing november october office oliver orange owner
    parola pass passcode passpass passwd password passwords patrick payroll peaches peanut pepper phoenix pokemon
    porsche practice princess private purple qazwsx qazwsxedc qwer qwert qwerty qwertyui qwertyuiop qwertz
    qwertzuiop rachel raiders rainbow ranger rangers rebecca richard robert rosebud sabrina samantha samsung
    saturday scooter scotland secret secretpassword secure security september server service shadow sierra silver
    simpsons skype slack smokey snoopy snowball soccer sophie spider spiderman spring starwars steelers stephanie
    steven summer sunday sunflower sunshine superman superstar support sweety taylor temp temporary tennis test
    tester testing testtest thomas thunder thursday tiger tigger toyota trustme trustno tuesday twitter user
    username valentina vanessa victoria viking volkswagen wales warrior wednesday welcome whatever whiskey william
    willow windows winner winter wizard xero yamaha yankees yellow zxcvbn zxcvbnm 1q2w3e4r5t 1q2w3e4r5t6y
    1qaz2wsx3edc q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv zaq12wsxcde3 1qazxsw23edc 147258369 1472583690 7894561230
    0147258369 112233445566 1122334455 a1b2c3d4e5 a1b2c3d4e5f6 aa12345678
    """.split()  # noqa: SIM905 -- a list of 300 quoted words is harder to read and to amend
)
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_NEIGHBOURS = frozenset(pair for row in _ROWS for way in (row, row[::-1]) for pair in pairwise(way))
_LOOKALIKES = str.maketrans("0134578@$!", "oieastbasi")


class BusyError(ServiceError):
    """Too much is asked for at once; the same will work a little later."""


def check_password(password: str, *, email: str, names: Iterable[str]) -> None:
    """Raises ValueError, in words for the person, when a new password is too short, too long or easy to guess."""
    text = _normal(password)
    if not text.strip():
        raise ValueError("Enter a password.")
    if len(text) < SHORTEST:
        raise ValueError(f"Use at least {SHORTEST} characters.")
    if len(text) > LONGEST:
        raise ValueError(f"Use at most {LONGEST} characters.")
    if _is_about(text, email, names):
        raise ValueError("This is too easy to guess: don't use your name, your e-mail address or your business's name.")
    if _is_common(text.casefold()):
        raise ValueError("This is too easy to guess: many people use it. Three or four unrelated words are better.")


class Passwords:
    """argon2id with the library's parameters; each takes 64 MB for a while, hence at most `at_once` in parallel."""

    def __init__(self, hasher: PasswordHasher | None = None, *, at_once: int = 2, patience: float = 15) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(at_once)
        self._patience = patience

    def hash(self, password: str) -> str:
        self._wait()
        try:
            return self._hasher.hash(_normal(password))
        finally:
            self._turns.release()

    def matches(self, password_hash: str, password: str) -> bool:
        text = _normal(password)
        if not text or len(text) > LONGEST:
            return False
        self._wait()
        try:
            return self._hasher.verify(password_hash, text)
        except VerifyMismatchError:
            return False
        finally:
            self._turns.release()

    def _wait(self) -> None:
        if not self._turns.acquire(timeout=self._patience):
            raise BusyError("Too many people are doing this right now. Wait a minute, then try again.")


def _normal(password: str) -> str:
    # The same password typed on another keyboard may arrive in another Unicode form.
    return unicodedata.normalize("NFKC", password)


def _is_about(password: str, email: str, names: Iterable[str]) -> bool:
    own = {_letters_and_digits(text) for text in (email, email.partition("@")[0], *names)}
    own |= {_letters(text) for text in own}
    return not {_letters_and_digits(password), _letters(password)}.isdisjoint(own - {""})


def _is_common(password: str) -> bool:
    plain = _letters_and_digits(password)
    if len(set(password)) <= 3 or plain in _COMMON:
        return True
    strange_steps = sum(pair not in _NEIGHBOURS and pair[0] != pair[1] for pair in pairwise(plain))
    if plain and strange_steps <= 1:
        return True
    core = password.strip("".join(c for c in set(password) if not c.isalpha()))
    return any(_repeats_a_word(letters) for letters in (_letters(password), _letters(core.translate(_LOOKALIKES))))


def _repeats_a_word(letters: str) -> bool:
    return any(
        letters == letters[:length] * (len(letters) // length) and letters[:length] in _COMMON
        for length in range(3, len(letters) + 1)
        if len(letters) % length == 0
    )


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


def _letters_and_digits(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
