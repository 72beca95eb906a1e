<?php
// php-amqplib, the client written in PHP.
require 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPConnectionClosedException;
use PhpAmqpLib\Exception\AMQPProtocolChannelException;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

function check(bool $condition, string $message): void
{
    if (!$condition) {
        throw new Exception($message);
    }
}

function exclusiveQueue($channel): string
{
    return $channel->queue_declare('', false, false, true, false)[0];
}

function publishWithConfirmAndConsumeWithAck($connection): void
{
    $channel = $connection->channel();
    $queue = exclusiveQueue($channel);
    $confirmed = 0;
    $channel->confirm_select();
    $channel->set_ack_handler(function () use (&$confirmed) { $confirmed++; });
    foreach (['one', 'two'] as $body) {
        $channel->basic_publish(new AMQPMessage($body), '', $queue, true);
    }
    $channel->wait_for_pending_acks_returns();
    check($confirmed === 2, "$confirmed confirmed");

    $got = [];
    $channel->basic_consume($queue, '', false, false, false, false, function ($message) use (&$got) {
        $got[] = $message->body;
        $message->ack();
    });
    while (count($got) < 2) {
        $channel->wait();
    }
    check($got === ['one', 'two'], 'got ' . implode(' ', $got));
    $channel->close();
    [, $left] = $connection->channel()->queue_declare($queue, true);
    check($left === 0, 'acked messages came back');
}

// rpc calls a service that answers in capitals, over the given reply queue.
function rpc($connection, string $replyQueue): void
{
    $server = $connection->channel();
    $service = exclusiveQueue($server);
    $served = false;
    $server->basic_consume($service, '', false, false, false, false, function ($message) use ($server, &$served) {
        $properties = ['correlation_id' => $message->get('correlation_id')];
        $reply = new AMQPMessage(strtoupper($message->body), $properties);
        $server->basic_publish($reply, '', $message->get('reply_to'));
        $message->ack();
        $served = true;
    });

    $client = $connection->channel();
    if ($replyQueue === '') {
        $replyQueue = exclusiveQueue($client);
    }
    $reply = null;
    $client->basic_consume($replyQueue, '', false, true, false, false, function ($message) use (&$reply) {
        $reply = $message;
    });
    $properties = ['reply_to' => $replyQueue, 'correlation_id' => 'call 1'];
    $client->basic_publish(new AMQPMessage('hello', $properties), '', $service);
    while (!$served) {
        $server->wait();
    }
    while ($reply === null) {
        $client->wait();
    }
    check($reply->get('correlation_id') === 'call 1' && $reply->body === 'HELLO', "got $reply->body");
    $client->close();
    $server->close();
}

function rpcOverAnExclusiveQueue($connection): void
{
    rpc($connection, '');
}

function rpcOverDirectReplyTo($connection): void
{
    rpc($connection, 'amq.rabbitmq.reply-to');
}

function requeuedMessageIsRedelivered($connection): void
{
    $channel = $connection->channel();
    $queue = exclusiveQueue($channel);
    $channel->confirm_select();
    $channel->basic_publish(new AMQPMessage('again'), '', $queue);
    $channel->wait_for_pending_acks();
    $first = $channel->basic_get($queue);
    check(!$first->isRedelivered(), 'redelivered at first');
    $first->nack(true);
    $second = $channel->basic_get($queue);
    check($second->isRedelivered() && $second->body === 'again', 'not redelivered');
    $second->ack();
    $channel->close();
}

function unroutableMessageIsReturned($connection): void
{
    $channel = $connection->channel();
    $returned = [];
    $channel->set_return_listener(function ($code, $text, $exchange, $key, $message) use (&$returned) {
        $returned[] = [$code, $message->body];
    });
    $channel->confirm_select();
    $channel->basic_publish(new AMQPMessage('nowhere'), '', 'no such queue', true);
    $channel->wait_for_pending_acks_returns();
    check($returned === [[312, 'nowhere']], 'returned ' . json_encode($returned));
    $channel->close();
}

function fullQueueRefusesAMessage($connection): void
{
    $channel = $connection->channel();
    $full = new AMQPTable(['x-max-length' => 1, 'x-overflow' => 'reject-publish']);
    $queue = $channel->queue_declare('', false, false, true, false, false, $full)[0];
    $answers = [];
    $channel->set_ack_handler(function ($message) use (&$answers) { $answers[$message->body] = 'ack'; });
    $channel->set_nack_handler(function ($message) use (&$answers) { $answers[$message->body] = 'nack'; });
    $channel->confirm_select();
    foreach (['one', 'two'] as $body) {
        $channel->basic_publish(new AMQPMessage($body), '', $queue);
        $channel->wait_for_pending_acks();
    }
    check($answers === ['one' => 'ack', 'two' => 'nack'], json_encode($answers));
    check($channel->basic_get($queue, true)->body === 'one', 'another message is in the queue');
    $channel->close();
}

function otherArgumentsAreRefused($connection): void
{
    $channel = $connection->channel();
    try {
        $channel->exchange_declare('amq.topic', 'fanout', false, true, false);
        throw new Exception('an exchange changed its type');
    } catch (AMQPProtocolChannelException $closed) {
        check($closed->getCode() === 406, $closed->getMessage());
        check(strpos($closed->getMessage(), "inequivalent arg 'type'") !== false, $closed->getMessage());
    }
    exclusiveQueue($connection->channel());
}

function connectionIsOpenedAnewAfterAnError($connection): void
{
    $broken = connect();
    try {
        $broken->channel()->basic_qos(1, 0, false); // a prefetch size, which no RabbitMQ knows
        throw new Exception('a prefetch size was accepted');
    } catch (AMQPConnectionClosedException $closed) {
        check($closed->getCode() === 540, $closed->getMessage());
    }
    check(!$broken->isConnected() && $connection->isConnected(), 'closed too little or too much');
    $again = connect();
    exclusiveQueue($again->channel());
    $again->close();
}

function missingQueueClosesTheChannelOnly($connection): void
{
    $channel = $connection->channel();
    try {
        $channel->queue_declare('no such queue', true);
        throw new Exception('a missing queue was found');
    } catch (AMQPProtocolChannelException $closed) {
        check($closed->getCode() === 404, $closed->getMessage());
    }
    check(!$channel->is_open() && $connection->isConnected(), 'closed too little or too much');
    exclusiveQueue($connection->channel());
}

function connect(): AMQPStreamConnection
{
    $url = parse_url(getenv('AMQP_URL'));
    return new AMQPStreamConnection(
        $url['host'],
        $url['port'] ?? 5672,
        urldecode($url['user'] ?? 'guest'),
        urldecode($url['pass'] ?? 'guest'),
        urldecode(substr($url['path'], 1))
    );
}

$connection = connect();
foreach ([
    'publishWithConfirmAndConsumeWithAck',
    'rpcOverAnExclusiveQueue',
    'rpcOverDirectReplyTo',
    'requeuedMessageIsRedelivered',
    'unroutableMessageIsReturned',
    'fullQueueRefusesAMessage',
    'otherArgumentsAreRefused',
    'missingQueueClosesTheChannelOnly',
    'connectionIsOpenedAnewAfterAnError',
] as $step) {
    $step($connection);
    echo "ok $step\n";
}
$connection->close();
