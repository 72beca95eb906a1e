"""kombu, the Python messaging library under Celery, over py-amqp."""
import os

from amqp.exceptions import AMQPNotImplementedError, MessageNacked, NotFound, PreconditionFailed
from kombu import Connection, Consumer, Producer, Queue

# With confirm_publish, publish returns once the broker has confirmed.
connection = Connection(os.environ["AMQP_URL"], transport_options={"confirm_publish": True})


def exclusive_queue(channel):
    # Left to itself, kombu makes an exclusive queue an auto-delete one too.
    name = channel.queue_declare("", exclusive=True, auto_delete=False).queue
    return Queue(name, channel=channel)


def publish_with_confirm_and_consume_with_ack():
    channel = connection.channel()
    queue = exclusive_queue(channel)
    producer = Producer(channel)
    for body in ({"n": 1}, {"n": 2}):
        producer.publish(body, routing_key=queue.name, mandatory=True)
    got = []

    def receive(body, message):
        got.append(body)
        message.ack()

    with Consumer(channel, [queue], callbacks=[receive], auto_declare=False):
        while len(got) < 2:
            connection.drain_events()
    channel.close()
    assert got == [{"n": 1}, {"n": 2}], got
    left = connection.channel().queue_declare(queue.name, passive=True).message_count
    assert left == 0, "acked messages came back"


def rpc(direct):
    """Calls a service that doubles a number."""
    server = connection.channel()
    service = exclusive_queue(server)

    def serve(body, message):
        Producer(server).publish(
            body * 2,
            routing_key=message.properties["reply_to"],
            correlation_id=message.properties["correlation_id"],
        )
        message.ack()

    client = connection.channel()
    if direct:
        replies = Queue("amq.rabbitmq.reply-to", channel=client)
    else:
        replies = exclusive_queue(client)
    got = []

    def receive(body, message):
        got.append((message.properties["correlation_id"], body))

    with Consumer(server, [service], callbacks=[serve], auto_declare=False):
        with Consumer(client, [replies], callbacks=[receive], no_ack=True, auto_declare=False):
            Producer(client).publish(
                21, routing_key=service.name, reply_to=replies.name, correlation_id="call 1"
            )
            while not got:
                connection.drain_events()
    assert got == [("call 1", 42)], got
    client.close()
    server.close()


def rpc_over_an_exclusive_queue():
    rpc(direct=False)


def rpc_over_direct_reply_to():
    rpc(direct=True)


def requeued_message_is_redelivered():
    channel = connection.channel()
    queue = exclusive_queue(channel)
    Producer(channel).publish("again", routing_key=queue.name)
    first = queue.get()
    assert not first.delivery_info["redelivered"]
    first.requeue()
    second = queue.get()
    assert second.delivery_info["redelivered"] and second.payload == "again", second
    second.ack()
    channel.close()


def unroutable_message_is_returned():
    channel = connection.channel()
    returned = []

    def receive(error, exchange, routing_key, message):
        returned.append((error.reply_code, routing_key, message.body))

    producer = Producer(channel, on_return=receive)
    producer.publish("nowhere", routing_key="no such queue", mandatory=True)
    # The broker returns it before it confirms, so it is here already.
    assert returned == [(312, "no such queue", "nowhere")], returned
    channel.close()


def full_queue_refuses_a_message():
    channel = connection.channel()
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    name = channel.queue_declare("", exclusive=True, auto_delete=False, arguments=full).queue
    producer = Producer(channel)
    producer.publish("one", routing_key=name)
    try:
        producer.publish("two", routing_key=name)
        raise AssertionError("a full queue accepted a message")
    except MessageNacked:
        pass
    assert Queue(name, channel=channel).get(no_ack=True).payload == "one"
    channel.close()


def other_arguments_are_refused():
    channel = connection.channel()
    try:
        channel.exchange_declare("amq.topic", "fanout", durable=True, auto_delete=False)
        raise AssertionError("an exchange changed its type")
    except PreconditionFailed as closed:
        assert "inequivalent arg 'type'" in closed.reply_text, closed
    exclusive_queue(channel)  # py-amqp has opened the channel anew


def connection_is_opened_anew_after_an_error():
    with connection.clone() as broken:
        try:
            broken.channel().basic_qos(1, 0, False)  # a prefetch size, which no RabbitMQ knows
            raise AssertionError("a prefetch size was accepted")
        except AMQPNotImplementedError as closed:
            assert closed.reply_code == 540, closed
        assert not broken.connected and connection.connected
        exclusive_queue(broken.channel())  # kombu connects again by itself


def missing_queue_closes_the_channel_only():
    channel = connection.channel()
    try:
        Queue("no such queue", channel=channel).queue_declare(passive=True)
        raise AssertionError("a missing queue was found")
    except NotFound as closed:
        assert closed.reply_code == 404, closed
    # py-amqp has opened the channel anew, on the same connection.
    assert connection.connected
    exclusive_queue(channel)


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
connection.release()
