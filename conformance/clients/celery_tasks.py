"""The tasks that celery_client.py calls and its worker runs."""
import os
import time

from celery import Celery
from celery.exceptions import Reject

app = Celery("clients", broker=os.environ["AMQP_URL"], backend="rpc://")
app.conf.update(
    task_default_queue=os.environ["CELERY_QUEUE"],
    broker_transport_options={"confirm_publish": True},
)


@app.task
def add(x, y):
    return x + y


@app.task
def fail():
    raise KeyError("no such thing")


@app.task(bind=True)
def succeed_third_time(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task
def now():
    return time.time()


@app.task(bind=True, acks_late=True)
def succeed_when_redelivered(self):
    redelivered = self.request.delivery_info["redelivered"]
    if not redelivered:
        raise Reject(requeue=True)
    return redelivered
