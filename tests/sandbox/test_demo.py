"""`make demo` and `make tour`, as a newcomer and a shell meet them."""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from sandbox import options
from sandbox.demo import Demo
from sandbox.driver import SandboxError
from sandbox.tour import EMAIL, Tour
from sandbox.xero.world import XeroSettings

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60


def _started(module: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_demo_gives_one_address_and_leaves_nothing_behind() -> None:
    with _started("sandbox.demo", "--port", "0", "--region", "ca", "--plan", "essentials", "--dhi", "off") as demo:
        assert demo.stdout is not None
        before = ""
        for line in demo.stdout:
            before += line
            if "Ctrl-C" in line:
                break
        addresses = re.findall(r"http://\S+", before)
        assert len(addresses) == 1
        assert httpx.get(addresses[0], trust_env=False).is_success
        processes = psutil.Process(demo.pid).children(recursive=True)
        assert len(processes) == 2
        demo.send_signal(signal.SIGINT)
        after = demo.stdout.read()
        assert demo.wait(PATIENCE) == 0
    assert after == "Stopped.\n"
    assert not psutil.wait_procs(processes, PATIENCE)[1]


def test_the_demo_can_be_stopped_while_it_starts(tmp_path: Path) -> None:
    with _started("sandbox.demo", "--port", "0", TMPDIR=str(tmp_path)) as demo:
        assert demo.stdout is not None
        assert "Starting" in demo.stdout.readline()
        demo.send_signal(signal.SIGTERM)
        assert demo.stdout.read() == "Stopped.\n"
        assert demo.wait(PATIENCE) == 0
    assert [each for each in psutil.process_iter() if _temporary_folder(each) == str(tmp_path)] == []
    assert list(tmp_path.iterdir()) == []


def _temporary_folder(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("TMPDIR")
    except psutil.Error:
        return None


def _asked(*arguments: str) -> XeroSettings:
    parser = argparse.ArgumentParser()
    options.add_xero(parser)
    return options.xero(parser.parse_args(arguments))


def test_the_demo_has_as_many_organisations_at_xero_as_asked_for_and_the_product_knows_its_limits() -> None:
    asked = _asked("--xero-organisations", "60", "--xero-bulk", "--xero-plain")
    with Demo(seeded=False, xero=asked) as demo:
        settings = demo.sandbox.xero.state()["settings"]
        names = [each["name"] for each in demo.sandbox.xero.organisations()]
        told = {name: value for name, value in demo.environment.items() if name.startswith("XERO_")}
    assert len(names) == 60
    assert (settings["bulk"], settings["connection_cap"]) == (True, 180)
    assert (told["XERO_BULK_CONNECTIONS"], told["XERO_CONNECTION_CAP"]) == ("true", "180")


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _started("sandbox.demo", "--port", str(port)) as demo:
            said, _ = demo.communicate(timeout=PATIENCE)
            assert demo.returncode == 1
    assert f"Port {port}: Address already in use. Choose another one." in said
    assert "Traceback" not in said


def test_the_tour_walks_to_the_end() -> None:
    with _started("sandbox.tour") as tour:
        said, _ = tour.communicate(timeout=PATIENCE)
        assert tour.returncode == 0, said
    assert "Clem is told in Slack" in said
    assert "24 created · 1 linked." in said
    assert re.search(r"Status: Connected(?s:.*)Status: Disconnected(?s:.*)Status: Connected", said)
    assert said.endswith("The tour is over: every step worked.\n")


def test_the_tour_fails_at_the_step_that_fails() -> None:
    with Demo() as demo:
        demo.sandbox.mail_fault("*", 550, times=9)
        tour = Tour(demo, patience=2)
        with pytest.raises(SandboxError, match=f"no mail to {EMAIL}"):
            tour.walk()
        assert tour.at.endswith("receives an e-mail")
