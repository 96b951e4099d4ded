"""From starting the web process to its first answer, and the memory it then holds.

The floor is a process that imports what the web process needs of others and does nothing.
"""

import subprocess
import sys
import tempfile
import time
from statistics import median

import psutil

from benchmarks import practices, processes
from benchmarks.report import Result, line

GOAL = 1.3
ROUNDS = 9
DEPENDENCIES = """
import limits.storage, limits.strategies, sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite, sqlalchemy.orm
import starlette.applications, starlette.concurrency, starlette.requests, starlette.responses, starlette.routing
import urllib3, uvicorn, uvicorn.lifespan.on, uvicorn.loops.auto, uvicorn.protocols.http.h11_impl
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from jinja2 import Environment, FileSystemLoader
from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic import field_validator, model_validator
from rapidfuzz import fuzz, process
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from uuid_utils.compat import uuid7
"""
"""What the web process can't do without, and nothing more: an import that creeps in shows in the ratio."""
_IMPORT = f"{DEPENDENCIES}\nimport sys\nprint('imported', flush=True)\nsys.stdin.read()"
_MEGABYTE = 1024 * 1024


def run() -> dict[str, Result]:
    times: list[tuple[float, float]] = []
    memory: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as home:
        url = practices.sqlite_url(home)
        practices.seed(url)
        for number in range(-1, ROUNDS):
            product_time, product_memory = _product(url)
            floor_time, floor_memory = _floor()
            if number >= 0:  # the one before the first fills the caches
                times.append((product_time, floor_time))
                memory.append((product_memory, floor_memory))
    results = {"start_up_time": _result(times), "start_up_memory": _result(memory)}
    print(line("start_up_time", results["start_up_time"]))
    print(line("start_up_memory", results["start_up_memory"], "MB"))
    return results


def _product(database_url: str) -> tuple[float, float]:
    """Milliseconds and megabytes."""
    with processes.serving("bot", "web", **processes.product(database_url, "http://127.0.0.1:9/")) as serving:
        return serving.started_in * 1000, _megabytes(serving.process.pid)


def _floor() -> tuple[float, float]:
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", _IMPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"imported\n":
            raise RuntimeError("the dependencies can't be imported")
        return (time.perf_counter() - start) * 1000, _megabytes(process.pid)


def _megabytes(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / _MEGABYTE


def _result(pairs: list[tuple[float, float]]) -> Result:
    return {
        "figure": median(product for product, _ in pairs),
        "floor": median(floor for _, floor in pairs),
        "ratio": median(product / floor for product, floor in pairs),
        "goal": GOAL,
    }
