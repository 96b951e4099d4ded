import json
from pathlib import Path

import pytest

from benchmarks import wizard
from benchmarks.__main__ import main
from benchmarks.report import Result

FIGURE: Result = {"figure": 2.0, "floor": 1.0, "ratio": 2.0, "goal": 1.5}


def quick() -> dict[str, Result]:
    return {"quick_answer": FIGURE}


def broken() -> dict[str, Result]:
    raise RuntimeError("no server")


def test_a_figure_that_misses_its_goal_is_written_and_fails_nothing(tmp_path: Path) -> None:
    latest = tmp_path / "latest.json"

    assert main([], benchmarks={"quick": quick}, latest=latest) == 0
    assert json.loads(latest.read_text()) == {"quick_answer": FIGURE}


def test_a_benchmark_that_breaks_fails_the_run_and_leaves_the_others_measured(tmp_path: Path) -> None:
    latest = tmp_path / "latest.json"

    assert main([], benchmarks={"broken": broken, "quick": quick}, latest=latest) == 1
    assert json.loads(latest.read_text()) == {"quick_answer": FIGURE}


def test_one_figure_is_measured_again_beside_what_was_measured_before(tmp_path: Path) -> None:
    latest = tmp_path / "latest.json"
    latest.write_text(json.dumps({"other": FIGURE}))

    assert main(["quick_answer"], benchmarks={"broken": broken, "quick": quick}, latest=latest) == 0
    assert json.loads(latest.read_text()) == {"other": FIGURE, "quick_answer": FIGURE}


def test_an_unknown_name_is_refused_with_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latest = tmp_path / "latest.json"

    assert main(["quack"], benchmarks={"quick": quick}, latest=latest) == 2
    assert "There are: quick" in capsys.readouterr().err
    assert not latest.exists()


def test_the_wizard_is_walked_through_and_each_page_put_beside_its_floor() -> None:
    result = wizard.run(clients=10, walks=1)["wizard_slowest_step"]

    assert set(result["steps"]) == {"client_type", "solutions", "software", "details", "access", "invite", "review"}
