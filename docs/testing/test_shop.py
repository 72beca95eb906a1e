"""A small shop, and how it is tested. Run it with pytest."""
import pika
import pytest
from conftest import ask
from pika.exceptions import AMQPConnectionError, NackError

HOUR = 3_600_000  # milliseconds


def declare(channel):
    """Declares the queues: what a worker rejects comes back after an hour."""
    later = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders.later"}
    again = {"x-message-ttl": HOUR, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders"}
    channel.queue_declare("orders", durable=True, arguments=later)
    channel.queue_declare("orders.later", durable=True, arguments=again)


def place(channel, order):
    """Publishes an order, and tries again if the broker does not take it."""
    properties = pika.BasicProperties(delivery_mode=2, message_id=order)
    for _ in range(3):
        try:
            channel.basic_publish("", "orders", order.encode(), properties, mandatory=True)
            return
        except NackError:
            pass
    raise RuntimeError("the broker does not take the order")


def work(channel, handle, orders):
    """Handles so many orders, each of them once however often it comes."""
    done = set()
    for method, properties, body in channel.consume("orders"):
        if properties.message_id not in done:
            handle(body.decode())
            done.add(properties.message_id)
        channel.basic_ack(method.delivery_tag)
        orders -= 1
        if orders == 0:
            channel.cancel()
            return


@pytest.fixture
def channel(broker):
    channel = broker.channel()
    declare(channel)
    return channel


def test_an_order_comes_back_after_an_hour(broker, channel):
    place(channel, "a book")
    method, _, _ = channel.basic_get("orders")
    channel.basic_nack(method.delivery_tag, requeue=False)
    broker.await_queue("orders.later", messages_ready=1)

    ask("POST", "/clock/advance", by="1h")  # and nobody waits
    _, _, body = channel.basic_get("orders", auto_ack=True)
    assert body == b"a book"


def test_an_order_is_published_until_the_broker_takes_it(broker, channel):
    nack = broker.inject("nack publish", routing_key="orders", times=2)
    place(channel, "a book")
    assert broker.hits(nack) == 2
    broker.await_queue("orders", messages_ready=1)


def test_a_publisher_that_is_always_refused_says_so(broker, channel):
    broker.inject("nack publish")
    with pytest.raises(RuntimeError):
        place(channel, "a book")


def test_a_worker_comes_back_when_its_connection_is_cut(broker, channel):
    place(channel, "a book")
    channel.basic_get("orders")  # and does not ack it
    ask("DELETE", "/connections")  # POST /restart and POST /kill are worse
    with pytest.raises(AMQPConnectionError):
        channel.basic_get("orders")

    handled = []
    work(broker.channel(), handled.append, orders=1)
    assert handled == ["a book"]


def test_an_order_that_comes_twice_is_handled_once(broker, channel):
    broker.inject("duplicate delivery", queue="orders", times=1)
    place(channel, "a book")
    handled = []
    work(channel, handled.append, orders=2)
    assert handled == ["a book"]
    deliveries = broker.await_events(2, kind="delivered")
    assert [event.get("redelivered", False) for event in deliveries] == [False, True]


def test_nothing_is_lost(broker, channel):
    place(channel, "a book")
    work(channel, print, orders=1)
    broker.check()


def test_each_part_begins_with_the_same(broker, channel):
    place(channel, "a book")
    begin = ask("POST", "/snapshots", vhost=broker.name)["id"]
    for part in ("one", "two"):
        ask("POST", f"/snapshots/{begin}/restore")
        place(channel, part)
        broker.await_queue("orders", messages_ready=2)
