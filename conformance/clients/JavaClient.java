import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.RpcClient;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.impl.ClientVersion;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/** The Java client. With the argument "version" it prints that of the library. */
public class JavaClient {
    static Connection connection;

    interface Step {
        void run() throws Exception;
    }

    static void check(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
        }
    }

    static String exclusiveQueue(Channel channel) throws IOException {
        return channel.queueDeclare("", false, true, false, null).getQueue();
    }

    static void publishWithConfirmAndConsumeWithAck() throws Exception {
        Channel channel = connection.createChannel();
        String queue = exclusiveQueue(channel);
        channel.confirmSelect();
        channel.basicPublish("", queue, true, null, "one".getBytes());
        channel.basicPublish("", queue, true, null, "two".getBytes());
        channel.waitForConfirmsOrDie();
        BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, false, new DefaultConsumer(channel) {
            @Override
            public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                    throws IOException {
                getChannel().basicAck(envelope.getDeliveryTag(), false);
                bodies.add(new String(body));
            }
        });
        List<String> got = List.of(bodies.take(), bodies.take());
        check(got.equals(List.of("one", "two")), "got " + got);
        channel.close();
        int left = connection.createChannel().queueDeclarePassive(queue).getMessageCount();
        check(left == 0, "acked messages came back");
    }

    /** Starts a service that answers in capitals, and returns its queue. */
    static String serve(Channel channel) throws IOException {
        String service = exclusiveQueue(channel);
        channel.basicConsume(service, true, new DefaultConsumer(channel) {
            @Override
            public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties request, byte[] body)
                    throws IOException {
                AMQP.BasicProperties reply = new AMQP.BasicProperties.Builder()
                        .correlationId(request.getCorrelationId()).build();
                getChannel().basicPublish("", request.getReplyTo(), reply, new String(body).toUpperCase().getBytes());
            }
        });
        return service;
    }

    static void rpc(String replyQueue) throws Exception {
        Channel server = connection.createChannel();
        Channel client = connection.createChannel();
        RpcClient rpc = new RpcClient(client, "", serve(server), replyQueue);
        String reply = rpc.stringCall("hello");
        check(reply.equals("HELLO"), "got " + reply);
        rpc.close();
        client.close();
        server.close();
    }

    static void rpcOverAnExclusiveQueue() throws Exception {
        Channel channel = connection.createChannel();
        rpc(exclusiveQueue(channel));
        channel.close();
    }

    static void rpcOverDirectReplyTo() throws Exception {
        rpc("amq.rabbitmq.reply-to");
    }

    static void requeuedMessageIsRedelivered() throws Exception {
        Channel channel = connection.createChannel();
        String queue = exclusiveQueue(channel);
        channel.confirmSelect();
        channel.basicPublish("", queue, null, "again".getBytes());
        channel.waitForConfirmsOrDie();
        GetResponse first = channel.basicGet(queue, false);
        check(!first.getEnvelope().isRedeliver(), "redelivered at first");
        channel.basicNack(first.getEnvelope().getDeliveryTag(), false, true);
        GetResponse second = channel.basicGet(queue, false);
        check(second.getEnvelope().isRedeliver(), "not redelivered");
        check(new String(second.getBody()).equals("again"), "got another message");
        channel.basicAck(second.getEnvelope().getDeliveryTag(), false);
        channel.close();
    }

    static void unroutableMessageIsReturned() throws Exception {
        Channel channel = connection.createChannel();
        BlockingQueue<String> returned = new LinkedBlockingQueue<>();
        channel.addReturnListener((code, text, exchange, key, properties, body) ->
                returned.add(code + " " + new String(body)));
        channel.confirmSelect();
        channel.basicPublish("", "no such queue", true, null, "nowhere".getBytes());
        channel.waitForConfirmsOrDie();
        String got = returned.take();
        check(got.equals("312 nowhere"), "returned " + got);
        channel.close();
    }

    static void fullQueueRefusesAMessage() throws Exception {
        Channel channel = connection.createChannel();
        Map<String, Object> full = Map.of("x-max-length", 1, "x-overflow", "reject-publish");
        String queue = channel.queueDeclare("", false, true, false, full).getQueue();
        channel.confirmSelect();
        channel.basicPublish("", queue, null, "one".getBytes());
        check(channel.waitForConfirms(), "an empty queue refused a message");
        channel.basicPublish("", queue, null, "two".getBytes());
        check(!channel.waitForConfirms(), "a full queue accepted a message");
        check(new String(channel.basicGet(queue, true).getBody()).equals("one"), "another message is in the queue");
        channel.close();
    }

    /** Returns the method by which the broker has closed the channel or the connection. */
    static Object reason(IOException e) {
        return ((ShutdownSignalException) e.getCause()).getReason();
    }

    static void otherArgumentsAreRefused() throws Exception {
        Channel channel = connection.createChannel();
        try {
            channel.exchangeDeclare("amq.topic", "fanout", true);
            throw new IllegalStateException("an exchange changed its type");
        } catch (IOException e) {
            AMQP.Channel.Close close = (AMQP.Channel.Close) reason(e);
            check(close.getReplyCode() == 406 && close.getReplyText().contains("inequivalent arg 'type'"), "" + close);
        }
        exclusiveQueue(connection.createChannel());
    }

    /** The client recovers by itself: connection, channel, queue and consumer. */
    static void lostConnectionIsRecovered() throws Exception {
        ConnectionFactory factory = factory();
        factory.setAutomaticRecoveryEnabled(true);
        factory.setNetworkRecoveryInterval(10);
        try (Connection recovering = factory.newConnection()) {
            CountDownLatch recovered = new CountDownLatch(1);
            ((Recoverable) recovering).addRecoveryListener(new RecoveryListener() {
                @Override
                public void handleRecoveryStarted(Recoverable r) {}

                @Override
                public void handleRecovery(Recoverable r) {
                    recovered.countDown();
                }
            });
            Channel channel = recovering.createChannel();
            String queue = "java." + ProcessHandle.current().pid();
            channel.queueDeclare(queue, false, true, false, null);
            channel.basicConsume(queue, true, new DefaultConsumer(channel));
            try {
                recovering.createChannel().basicQos(1, 0, false); // a prefetch size, which no RabbitMQ knows
                throw new IllegalStateException("a prefetch size was accepted");
            } catch (IOException e) {
                check(((AMQP.Connection.Close) reason(e)).getReplyCode() == 540, "" + reason(e));
            }
            recovered.await();
            check(channel.consumerCount(queue) == 1, "the consumer is not there again");
        }
    }

    static void missingQueueClosesTheChannelOnly() throws Exception {
        Channel channel = connection.createChannel();
        try {
            channel.queueDeclarePassive("no such queue");
            throw new IllegalStateException("a missing queue was found");
        } catch (IOException e) {
            int code = ((AMQP.Channel.Close) reason(e)).getReplyCode();
            check(code == 404, "reply code " + code);
        }
        check(!channel.isOpen() && connection.isOpen(), "closed too little or too much");
        exclusiveQueue(connection.createChannel());
    }

    static void run(String name, Step step) throws Exception {
        step.run();
        System.out.println("ok " + name);
    }

    static ConnectionFactory factory() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 1 && arguments[0].equals("version")) {
            System.out.println(ClientVersion.VERSION);
            return;
        }
        try (Connection c = factory().newConnection()) {
            connection = c;
            run("publishWithConfirmAndConsumeWithAck", JavaClient::publishWithConfirmAndConsumeWithAck);
            run("rpcOverAnExclusiveQueue", JavaClient::rpcOverAnExclusiveQueue);
            run("rpcOverDirectReplyTo", JavaClient::rpcOverDirectReplyTo);
            run("requeuedMessageIsRedelivered", JavaClient::requeuedMessageIsRedelivered);
            run("unroutableMessageIsReturned", JavaClient::unroutableMessageIsReturned);
            run("fullQueueRefusesAMessage", JavaClient::fullQueueRefusesAMessage);
            run("otherArgumentsAreRefused", JavaClient::otherArgumentsAreRefused);
            run("missingQueueClosesTheChannelOnly", JavaClient::missingQueueClosesTheChannelOnly);
            run("lostConnectionIsRecovered", JavaClient::lostConnectionIsRecovered);
        }
    }
}
