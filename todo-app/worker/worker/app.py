"""The Celery application: `celery -A worker.app worker --beat`."""

from __future__ import annotations

import logging
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging

from worker import logs
from worker.config import ConfigError, Settings, load_settings
from worker.pulse import Pulse
from worker.reminders import make_engine, remind_all


def _settings() -> Settings:
    logs.configure()
    try:
        return load_settings()
    except ConfigError as error:
        logging.getLogger("worker.app").critical("bad configuration: %s", error)
        sys.exit(1)


settings = _settings()
app = Celery("todo-worker", broker=settings.redis_url.get_secret_value())
app.conf.update(
    beat_schedule={
        "remind": {
            "task": "worker.remind",
            "schedule": settings.reminder_interval_seconds,
            # What piled up while no worker ran is of no use: one run finds everything that is due.
            "options": {"expires": max(1.0, settings.reminder_interval_seconds)},
        }
    },
    broker_connection_max_retries=None,  # None: for ever
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "socket_connect_timeout": 5,
        "socket_timeout": 10,
        "visibility_timeout": 300,  # seconds until a lost worker's task is handed out again
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=120,
    timezone="UTC",
    worker_cancel_long_running_tasks_on_connection_loss=False,  # they are safe to finish
    worker_prefetch_multiplier=1,
    worker_redirect_stdouts=False,
)
app.steps["consumer"].add(Pulse)


@setup_logging.connect  # type: ignore[untyped-decorator]  # celery has no types
def _configure_logs(**_: Any) -> None:
    """Connected, so that Celery leaves the logging to us."""
    logs.configure(settings.log_level)


@app.task(name="worker.remind")  # type: ignore[untyped-decorator]
def remind() -> int:
    """Remind of what is due; beat asks for it every REMINDER_INTERVAL_SECONDS."""
    webhook = settings.reminder_webhook_url
    return remind_all(make_engine(settings), webhook.get_secret_value() if webhook else None)
