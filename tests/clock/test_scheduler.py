"""The clock, driven through simulated days with APScheduler's own code; only "now" is ours."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from apscheduler.executors.base import BaseExecutor
from apscheduler.executors.base import run_job as run_in_place
from sqlalchemy import select

import scheduler
from db.clock import SHANGHAI
from db.models import JobRun
from db.session import session_of
from db.settings import Workspace


class InPlace(BaseExecutor):
    """Runs a job at once, in this thread, so that simulated time stands still meanwhile."""

    def _do_submit_job(self, job: Any, run_times: list[datetime.datetime]) -> None:
        events = run_in_place(job, job._jobstore_alias, run_times, self._logger.name)
        self._run_job_success(job.id, events)


class Simulated:
    """A real scheduler over the workspace's database, whose wall clock we move."""

    def __init__(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workspace, self.monkeypatch = workspace, monkeypatch

    def at(self, moment: datetime.datetime) -> None:
        self.moment = moment
        self.monkeypatch.setenv("MINGCHA_NOW", moment.isoformat())
        clock = mock.Mock(wraps=datetime.datetime)
        clock.now = lambda zone=None: moment.astimezone(zone)
        for module in ("apscheduler.schedulers.base", "apscheduler.executors.base", "apscheduler.job"):
            self.monkeypatch.setattr(f"{module}.datetime", clock, raising=False)

    def start(self) -> None:
        made = scheduler.make_scheduler(self.workspace)
        made._executors.clear()
        made.add_executor(InPlace(), "default")
        made._pending_jobs.clear()
        self.scheduler = made
        with mock.patch("apscheduler.schedulers.background.Thread"):  # nobody but us turns the wheel
            made.start(paused=True)
        scheduler.plan(made, self.workspace)
        made.state = 1

    def run_until(self, end: datetime.datetime, step: datetime.timedelta = datetime.timedelta(minutes=1)) -> None:
        while self.moment < end:
            self.at(self.moment + step)
            self.scheduler._process_jobs()


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The stages are replaced by a note of who was called when."""
    from db.clock import now

    notes: list[tuple[str, str]] = []

    def function_of(name: str) -> Callable[[Workspace], str]:
        def stage(workspace: Workspace) -> str:
            notes.append((name, now().strftime("%H:%M")))
            if name == "deliver":
                raise OSError("mail server away")
            return "well"

        return stage

    monkeypatch.setattr(scheduler, "function_of", function_of)
    return notes


@pytest.fixture
def simulated(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    machine = Simulated(workspace, monkeypatch)
    yield machine


MIDNIGHT = datetime.datetime(2026, 9, 7, 0, 0, 30, tzinfo=SHANGHAI)
DAY = datetime.timedelta(days=1)


def test_every_job_names_a_function_that_exists() -> None:
    assert all(callable(scheduler.function_of(name)) for name in scheduler.JOBS)


def test_a_simulated_day(simulated: Simulated, ran: list[tuple[str, str]], workspace: Workspace) -> None:
    simulated.at(MIDNIGHT)
    simulated.start()
    simulated.run_until(MIDNIGHT + DAY)
    counts = Counter(name for name, _ in ran)
    assert counts == {"crawl": 96, "assess": 1, "evidence": 1, "report": 1, "deliver": 144}
    assert ("assess", "02:05") in ran
    assert ("report", "06:00") in ran
    with session_of(workspace) as session:
        rows = session.scalars(select(JobRun)).all()
    assert len(rows) == sum(counts.values())
    assert {row.outcome for row in rows if row.job == "deliver"} == {"failed"}
    assert {row.outcome for row in rows if row.job != "deliver"} == {"done"}
    assert all("mail server away" in row.message for row in rows if row.job == "deliver")


def test_a_night_missed_is_caught_up_once(simulated: Simulated, ran: list[tuple[str, str]]) -> None:
    simulated.at(MIDNIGHT)
    simulated.start()
    simulated.at(MIDNIGHT + datetime.timedelta(hours=8))  # the machine slept from midnight to eight
    simulated.start()  # and a new process took over the stored timetable
    simulated.scheduler._process_jobs()
    assert sorted(name for name, _ in ran) == ["assess", "crawl", "deliver", "evidence", "report"]


def test_two_clocks_do_not_run_a_job_twice(
    workspace: Workspace, ran: list[tuple[str, str]], now: Callable[[str], None]
) -> None:
    now("2026-09-07T02:05:01+08:00")
    assert scheduler.run_job("assess", str(workspace.root)) == "done"
    assert scheduler.run_job("assess", str(workspace.root)) == "skipped"
    now("2026-09-08T02:05:01+08:00")
    assert scheduler.run_job("assess", str(workspace.root)) == "done"
    assert len(ran) == 2


def test_a_job_that_left_the_timetable_leaves_the_store(
    simulated: Simulated, ran: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated.at(MIDNIGHT)
    monkeypatch.setitem(scheduler.JOBS, "old", ("somewhere:gone", {"hour": 1}))
    simulated.start()
    monkeypatch.delitem(scheduler.JOBS, "old")
    simulated.start()
    assert {job.id for job in simulated.scheduler.get_jobs()} == set(scheduler.JOBS)


@pytest.mark.parametrize(
    ("moment", "planned"),
    [
        ("2026-09-07T02:05:00", "2026-09-07T02:05:00"),
        ("2026-09-07T09:00:00", "2026-09-07T02:05:00"),
        ("2026-09-07T01:00:00", "2026-09-06T02:05:00"),
    ],
)
def test_planned_time(moment: str, planned: str) -> None:
    found = scheduler.planned_time("assess", datetime.datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI))
    assert found.replace(tzinfo=None) == datetime.datetime.fromisoformat(planned)
