"""The clock: which job runs when. The only file, with the command, that knows every stage.

`JOBS` is the whole timetable: a job's name, its function by text name, and when (cron fields, Asia/Shanghai). The timetable is
kept in the workspace's own database, so that a run missed while the machine was off is caught up once, and never run twice:
before a job runs it writes its planned time into `job_run`; whoever comes second with the same time finds the row and leaves.
"""

from __future__ import annotations

import datetime
import importlib
import logging
import signal
import threading
from pathlib import Path
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.exc import IntegrityError

from db.clock import SHANGHAI, local, now
from db.models import JobRun
from db.session import prepare, session_of
from db.settings import Workspace

log = logging.getLogger("scheduler")

JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "crawl": ("crawler.launch:crawl_due", {"minute": "*/15"}),
    "assess": ("assessment.run:assess_open", {"hour": 2, "minute": 5}),
    "evidence": ("db.retention:tidy", {"hour": 3, "minute": 40}),
    "report": ("reports.build:build_due", {"hour": 6, "minute": 0}),
    "deliver": ("reports.outbox:deliver_due", {"minute": "5-59/10"}),
}
_GRACE_S = 12 * 3600  # a night's job still runs when the machine is switched on in the morning


def function_of(name: str) -> Any:
    """The stage's function behind a job: `package.module:function`, called with the workspace, answering one line of text."""
    module, _, attribute = JOBS[name][0].partition(":")
    return getattr(importlib.import_module(module), attribute)


def trigger_of(name: str) -> CronTrigger:
    return CronTrigger(timezone=SHANGHAI, **JOBS[name][1])


def planned_time(name: str, moment: datetime.datetime) -> datetime.datetime:
    """The latest time at or before `moment` for which the job was planned."""
    trigger = trigger_of(name)
    for span in (datetime.timedelta(hours=2), datetime.timedelta(days=2), datetime.timedelta(days=62)):
        found, probe = None, moment - span
        while True:
            probe = trigger.get_next_fire_time(None, probe)
            if probe is None or probe > moment:
                break
            found, probe = probe, probe + datetime.timedelta(seconds=1)
        if found is not None:
            return local(found)
    return moment


def claim(workspace: Workspace, name: str, planned: datetime.datetime) -> bool:
    """Takes the job's planned time for this process; False when somebody has had it already."""
    try:
        with session_of(workspace) as session:
            session.add(JobRun(job=name, planned_at=planned, started_at=now()))
        return True
    except IntegrityError:
        return False


def run_job(name: str, root: str) -> str:
    """One planned run of one job, at most once for its planned time; its outcome becomes a row. Never raises."""
    workspace = Workspace.open(root)
    planned = planned_time(name, now())
    if not claim(workspace, name, planned):
        log.info("%s for %s has been run already", name, planned)
        return "skipped"
    try:
        message, outcome = str(function_of(name)(workspace) or ""), "done"
    except Exception as error:  # the stage's top: it becomes a row and a log entry, and the clock goes on
        log.exception("job %s failed", name)
        message, outcome = f"{type(error).__name__}: {error}", "failed"
    with session_of(workspace) as session:
        row = session.get_one(JobRun, (name, planned))
        row.finished_at, row.outcome, row.message = now(), outcome, message
    return outcome


def plan(scheduler: BaseScheduler, workspace: Workspace) -> None:
    """Puts the timetable into a started scheduler; a job whose times are unchanged keeps its next run, so nothing is missed."""
    for name in JOBS:
        trigger = trigger_of(name)
        present = scheduler.get_job(name)
        if (
            present is not None
            and str(present.trigger) == str(trigger)
            and list(present.args) == [name, str(workspace.root)]
        ):
            continue
        scheduler.add_job(
            run_job, trigger, id=name, args=[name, str(workspace.root)], replace_existing=True,
            coalesce=True, max_instances=1, misfire_grace_time=_GRACE_S,
        )  # fmt: skip
    for job in scheduler.get_jobs():
        if job.id not in JOBS:
            job.remove()


def make_scheduler(workspace: Workspace) -> BackgroundScheduler:
    """A scheduler over the workspace's database; jobs run in threads of this process, crawls in children of their own."""
    return BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=prepare(workspace), tablename="scheduler_job")},
        executors={"default": ThreadPoolExecutor(len(JOBS))},
        timezone=SHANGHAI,
    )


def run(workspace: Workspace) -> None:
    """Runs the clock until SIGTERM or Ctrl-C; jobs under way are waited for."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = make_scheduler(workspace)
    scheduler.start(paused=True)
    plan(scheduler, workspace)
    scheduler.resume()
    for job in scheduler.get_jobs():
        log.info("%s: next run %s", job.id, job.next_run_time)
    stop.wait()
    scheduler.shutdown(wait=True)


def timetable(workspace: Workspace) -> list[tuple[str, str, datetime.datetime | None]]:
    """Name, function and next planned time of every job, for `mingcha schedule --list`."""
    moment = now()
    return [(name, JOBS[name][0], trigger_of(name).get_next_fire_time(None, moment)) for name in JOBS]


def main() -> None:  # pragma: no cover - `python scheduler.py WORKSPACE`
    import sys

    logging.basicConfig(level=logging.INFO)
    run(Workspace.open(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
