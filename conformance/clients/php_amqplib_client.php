<?php
// php-amqplib, the client written in PHP.
require 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPProtocolChannelException;
use PhpAmqpLib\Message\AMQPMessage;

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

$url = parse_url(getenv('AMQP_URL'));
$connection = new AMQPStreamConnection(
    $url['host'],
    $url['port'] ?? 5672,
    urldecode($url['user'] ?? 'guest'),
    urldecode($url['pass'] ?? 'guest'),
    urldecode(substr($url['path'], 1))
);
foreach ([
    'publishWithConfirmAndConsumeWithAck',
    'rpcOverAnExclusiveQueue',
    'rpcOverDirectReplyTo',
    'requeuedMessageIsRedelivered',
    'missingQueueClosesTheChannelOnly',
] as $step) {
    $step($connection);
    echo "ok $step\n";
}
$connection->close();
