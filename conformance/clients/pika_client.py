"""pika, the Python client with a blocking connection."""
import os

import pika
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker, NackError, UnroutableError

address = pika.URLParameters(os.environ["AMQP_URL"])
connection = pika.BlockingConnection(address)


def messages_ready(queue):
    channel = connection.channel()
    ready = channel.queue_declare(queue, passive=True).method.message_count
    channel.close()
    return ready


def publish_with_confirm_and_consume_with_ack():
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.confirm_delivery()
    for body in (b"one", b"two"):
        # Returns once the broker has confirmed, raises if it refuses or returns.
        channel.basic_publish("", queue, body, mandatory=True)
    got = []
    for method, _, body in channel.consume(queue):
        got.append(body)
        channel.basic_ack(method.delivery_tag)
        if len(got) == 2:
            break
    channel.close()
    assert got == [b"one", b"two"], got
    assert messages_ready(queue) == 0, "acked messages came back"


def rpc(reply_queue):
    """Calls a service that answers in capitals, over the given reply queue."""

    def serve(channel, method, properties, body):
        reply = pika.BasicProperties(correlation_id=properties.correlation_id)
        channel.basic_publish("", properties.reply_to, body.upper(), reply)
        channel.basic_ack(method.delivery_tag)

    server = connection.channel()
    service = server.queue_declare("", exclusive=True).method.queue
    server.basic_consume(service, serve)

    client = connection.channel()
    if reply_queue == "":
        reply_queue = client.queue_declare("", exclusive=True).method.queue
    replies = []
    client.basic_consume(
        reply_queue,
        lambda channel, method, properties, body: replies.append((properties.correlation_id, body)),
        auto_ack=True,
    )
    request = pika.BasicProperties(reply_to=reply_queue, correlation_id="call 1")
    client.basic_publish("", service, b"hello", request)
    while not replies:
        connection.process_data_events(time_limit=None)
    assert replies == [("call 1", b"HELLO")], replies
    client.close()
    server.close()


def rpc_over_an_exclusive_queue():
    rpc("")


def rpc_over_direct_reply_to():
    rpc("amq.rabbitmq.reply-to")


def requeued_message_is_redelivered():
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.confirm_delivery()
    channel.basic_publish("", queue, b"again")
    first, _, _ = channel.basic_get(queue)
    assert not first.redelivered
    channel.basic_nack(first.delivery_tag, requeue=True)
    second, _, body = channel.basic_get(queue)
    assert second.redelivered and body == b"again", (second, body)
    channel.basic_ack(second.delivery_tag)
    channel.close()


def unroutable_message_is_returned():
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        channel.basic_publish("", "no such queue", b"nowhere", mandatory=True)
        raise AssertionError("an unroutable message was accepted")
    except UnroutableError as error:
        (returned,) = error.messages
    assert (returned.method.reply_code, returned.body) == (312, b"nowhere"), returned
    channel.close()


def full_queue_refuses_a_message():
    channel = connection.channel()
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    queue = channel.queue_declare("", exclusive=True, arguments=full).method.queue
    channel.confirm_delivery()
    channel.basic_publish("", queue, b"one")
    try:
        channel.basic_publish("", queue, b"two")
        raise AssertionError("a full queue accepted a message")
    except NackError:
        pass
    _, _, body = channel.basic_get(queue, auto_ack=True)
    assert body == b"one", body
    channel.close()


def other_arguments_are_refused():
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    other = connection.channel()
    try:
        other.exchange_declare("amq.topic", "fanout", durable=True)
        raise AssertionError("an exchange changed its type")
    except ChannelClosedByBroker as closed:
        assert closed.reply_code == 406 and "inequivalent arg 'type'" in closed.reply_text, closed
    channel.queue_purge(queue)  # the first channel does not mind
    channel.close()


def connection_is_opened_anew_after_an_error():
    broken = pika.BlockingConnection(address)
    try:
        broken.channel().basic_qos(prefetch_size=1)  # which no RabbitMQ knows
        raise AssertionError("a prefetch size was accepted")
    except ConnectionClosedByBroker as closed:
        assert closed.reply_code == 540, closed
    assert broken.is_closed and connection.is_open
    again = pika.BlockingConnection(address)
    again.channel().queue_declare("", exclusive=True)
    again.close()


def missing_queue_closes_the_channel_only():
    channel = connection.channel()
    try:
        channel.queue_declare("no such queue", passive=True)
        raise AssertionError("a missing queue was found")
    except ChannelClosedByBroker as closed:
        assert closed.reply_code == 404, closed
    assert channel.is_closed and connection.is_open
    connection.channel().queue_declare("", exclusive=True)


for step in (
    publish_with_confirm_and_consume_with_ack,
    rpc_over_an_exclusive_queue,
    rpc_over_direct_reply_to,
    requeued_message_is_redelivered,
    unroutable_message_is_returned,
    full_queue_refuses_a_message,
    other_arguments_are_refused,
    missing_queue_closes_the_channel_only,
    connection_is_opened_anew_after_an_error,
):
    step()
    print("ok", step.__name__, flush=True)
connection.close()
