"""Celery: a worker of its own, with results over RPC."""
import os
import subprocess
import sys
import tempfile
import time

os.environ["CELERY_QUEUE"] = f"celery.{os.getpid()}"

from amqp.exceptions import NotFound  # noqa: E402
from celery import chain, group  # noqa: E402
from celery_tasks import add, app, fail, now, succeed_third_time, succeed_when_redelivered  # noqa: E402

WORKER = f"{os.getpid()}@clients"
WAIT = 30  # seconds for any one result, the first of which awaits the worker


def result_comes_back():
    assert add.delay(2, 3).get(WAIT) == 5
    calls = [add.delay(n, n) for n in range(50)]
    assert [call.get(WAIT) for call in calls] == [2 * n for n in range(50)]


def failure_comes_back():
    try:
        fail.delay().get(WAIT)
        raise AssertionError("a failing task succeeded")
    except KeyError:
        pass


def task_is_retried():
    assert succeed_third_time.delay().get(WAIT) == 2


def task_waits_for_its_eta():
    asked = time.time()
    assert now.apply_async(countdown=1).get(WAIT) >= asked + 1


def rejected_task_is_redelivered():
    assert succeed_when_redelivered.delay().get(WAIT) is True


def chain_and_group_of_tasks():
    assert chain(add.s(1, 2), add.s(3), add.s(4))().get(WAIT) == 10
    assert group(add.s(n, n) for n in range(5))().get(WAIT) == [0, 2, 4, 6, 8]


def worker_answers_a_ping():
    """Over exchanges that fan out, and queues that expire."""
    assert app.control.ping([WORKER], timeout=WAIT) == [{WORKER: {"ok": "pong"}}]


def missing_queue_closes_the_channel_only():
    with app.connection() as connection:
        channel = connection.channel()
        try:
            channel.queue_declare("no such queue", passive=True)
            raise AssertionError("a missing queue was found")
        except NotFound as closed:
            assert closed.reply_code == 404, closed
        # py-amqp has opened the channel anew, on the same connection.
        assert connection.connected
        channel.queue_declare("", exclusive=True)


def remove_queue():
    """Celery leaves its queue and the exchange of that name."""
    with app.connection() as connection:
        channel = connection.channel()
        channel.queue_delete(os.environ["CELERY_QUEUE"])
        channel.exchange_delete(os.environ["CELERY_QUEUE"])


# What the worker says would otherwise stand between what this program says.
log = tempfile.TemporaryFile("w+")
worker = subprocess.Popen(
    [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker"]
    + ["--concurrency", "2", "--loglevel", "WARNING", "--hostname", WORKER],
    cwd=os.path.dirname(os.path.abspath(__file__)),
    stdout=log,
    stderr=log,
)
try:
    for step in (
        result_comes_back,
        failure_comes_back,
        task_is_retried,
        task_waits_for_its_eta,
        rejected_task_is_redelivered,
        chain_and_group_of_tasks,
        worker_answers_a_ping,
        missing_queue_closes_the_channel_only,
    ):
        step()
        print("ok", step.__name__, flush=True)
except BaseException:
    log.seek(0)
    print(log.read(), file=sys.stderr)
    raise
finally:
    worker.terminate()
    status = worker.wait()
    remove_queue()
assert status == 0, f"the worker ended with status {status}"
print("ok worker stops in order")
