"""What the README, the docs and the deployment files say is what there is."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography.fernet import Fernet

from bot.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = {name.upper() for name in Settings.model_fields}


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", _read("Makefile"), re.MULTILINE))


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _first_column(text: str) -> set[str]:
    rows = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    return {row.strip("`") for row in rows} - {"---"}


def _pins(path: str) -> dict[str, str]:
    """The direct dependencies of a requirements file: the first part, in lower case."""
    lines = _read(path).split("\n\n")[0].splitlines()
    found = (re.fullmatch(r"([\w-]+)(?:\[\w+\])?==(\S+)", line) for line in lines)
    return {match[1].lower(): match[2] for match in found if match}


def _filled_in(names: Iterable[str]) -> dict[str, str]:
    """What an operator would enter."""
    known = {"PUBLIC_URL": "https://clientdesk.example", "ENCRYPTION_KEYS": Fernet.generate_key().decode()}
    return {name: known.get(name, "a-value") for name in names}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_make_commands_in_the_docs_exist(path: Path) -> None:
    named = re.findall(r"(?:^|`)make ([a-z]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= _targets()


def test_each_make_command_explains_itself() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z]+) +\S", shown, re.MULTILINE)) == _targets()


def test_the_readme_lists_the_settings_that_there_are() -> None:
    table = _read("README.md").partition("### Settings")[2].partition("\n## ")[0]
    assert _first_column(table) - {"setting"} == SETTINGS


def test_the_example_of_the_environment_has_every_setting() -> None:
    assert set(re.findall(r"^#?([A-Z_]+)=", _read(".env.example"), re.MULTILINE)) == SETTINGS


def test_the_example_of_the_environment_is_valid_once_it_is_filled_in() -> None:
    lines = [line.removeprefix("#") for line in _read(".env.example").splitlines() if re.match(r"#?[A-Z_]+=", line)]
    example = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    settings = Settings.from_environment(
        {**example, **_filled_in(name for name, value in example.items() if not value)}
    )
    assert settings.email_from == "Birch & Co <hello@birch.example>"


@pytest.mark.parametrize("line", _read("Procfile").splitlines())
def test_the_commands_of_the_procfile_exist(line: str) -> None:
    name, command = line.split(": ", 1)
    assert name in {"release", "web", "worker"}
    python, *arguments = shlex.split(command)
    assert python == "python"
    shown = subprocess.run(
        [sys.executable, *arguments, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert shown.startswith(f"usage: {' '.join(['python', *arguments])} ")


def test_the_platform_manifest_names_settings_that_there_are() -> None:
    asked = json.loads(_read("app.json"))["env"]
    assert set(asked) <= SETTINGS
    needed = {name for name, about in asked.items() if about.get("required", True)}
    Settings.from_environment(_filled_in(needed))


def test_the_image_holds_every_folder_of_the_product() -> None:
    layers = tomllib.loads(_read("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]["layers"]
    copied = re.findall(r"^COPY (\w+) \1$", _read("Dockerfile"), re.MULTILINE)
    assert set(copied) == set(layers)


def test_each_direct_dependency_has_its_reason() -> None:
    product, tools = _read("docs/dependencies.md").split("\n## ")[1:]
    assert {name.lower() for name in _first_column(product)} - {"package"} == set(_pins("requirements.txt"))
    assert {name.lower() for name in _first_column(tools)} - {"package"} == set(_pins("requirements-dev.txt"))


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_and_named_once(path: str) -> None:
    lines = [line for line in _read(path).splitlines() if line and not line.startswith(("#", "-r"))]
    assert [line for line in lines if "==" not in line] == []
    names = [line.partition("==")[0].lower() for line in lines]
    assert len(names) == len(set(names))


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _local_links(path: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", link):
            yield link


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_local_links_lead_somewhere(path: Path) -> None:
    for link in _local_links(path):
        target, _, anchor = unquote(link).partition("#")
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), link
        if anchor:
            assert anchor in _anchors(there), link


def test_the_tests_that_the_docs_name_exist() -> None:
    there = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = {name for path in DOCS for name in re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8"))}
    assert named <= there
