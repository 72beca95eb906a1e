"""A fixture for a broker that was started with harebell serve --memory --test-api."""
import json
import os
import urllib.error
import urllib.parse
import urllib.request

import pika
import pytest

API = os.environ.get("HAREBELL_TEST_URL", "http://127.0.0.1:15673") + "/api/test"


def ask(method, path, **body):
    """Asks the test API, and fails the test with the reason if it refuses."""
    request = urllib.request.Request(API + path, method=method)
    if body:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as refused:
        pytest.fail(f"{method} {path}: {json.load(refused)['reason']}")


class Broker:
    """A virtual host of the test's own."""

    def __init__(self, name, url):
        self.name, self.url = name, url
        self.quoted = urllib.parse.quote(name, safe="")
        self.connections = []

    def channel(self):
        """Opens a channel, with confirms, on a connection of its own."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        self.connections.append(connection)
        channel = connection.channel()
        channel.confirm_delivery()
        return channel

    def inject(self, fault, **where):
        return ask("POST", "/faults", fault=fault, vhost=self.name, **where)["id"]

    def hits(self, fault):
        return ask("GET", f"/faults/{fault}")["hits"]

    def await_queue(self, queue, **numbers):
        return ask("POST", "/await", vhost=self.name, queue=queue, **numbers)

    def await_events(self, count, **pick):
        query = urllib.parse.urlencode({"vhost": self.name, "wait": count, **pick})
        return ask("GET", "/journal?" + query)["events"]

    def check(self):
        """Fails the test if a delivery was left unacked, or a message went nowhere."""
        ask("POST", "/idle")
        ask("GET", "/journal/check?vhost=" + self.quoted)

    def close(self):
        for connection in self.connections:
            if connection.is_open:
                connection.close()
        ask("DELETE", "/vhosts/" + self.quoted)  # and its faults


@pytest.fixture
def broker():
    broker = Broker(**ask("POST", "/vhosts"))
    yield broker
    broker.close()
