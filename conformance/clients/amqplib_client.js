// amqplib, the client for Node.js.
const assert = require('node:assert/strict');
const amqplib = require('amqplib');

// receive resolves to the next `count` messages of a queue, and cancels.
function receive(channel, queue, count, options, settle = () => {}) {
  return new Promise((resolve, reject) => {
    const messages = [];
    const consumer = channel.consume(queue, (message) => {
      settle(message);
      messages.push(message);
      if (messages.length === count) {
        consumer.then(({ consumerTag }) => channel.cancel(consumerTag)).then(() => resolve(messages), reject);
      }
    }, options);
    consumer.catch(reject);
  });
}

async function publishWithConfirmAndConsumeWithAck(connection) {
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  channel.sendToQueue(queue, Buffer.from('one'), { mandatory: true });
  channel.sendToQueue(queue, Buffer.from('two'), { mandatory: true });
  await channel.waitForConfirms();
  const messages = await receive(channel, queue, 2, {}, (message) => channel.ack(message));
  assert.deepEqual(messages.map((message) => message.content.toString()), ['one', 'two']);
  await channel.close();
  const { messageCount } = await (await connection.createChannel()).checkQueue(queue);
  assert.equal(messageCount, 0, 'acked messages came back');
}

// rpc calls a service that answers in capitals, over the given reply queue.
async function rpc(connection, replyQueue) {
  const server = await connection.createChannel();
  const service = (await server.assertQueue('', { exclusive: true })).queue;
  await server.consume(service, (message) => {
    const { replyTo, correlationId } = message.properties;
    server.sendToQueue(replyTo, Buffer.from(message.content.toString().toUpperCase()), { correlationId });
    server.ack(message);
  });

  const client = await connection.createChannel();
  const replyTo = replyQueue || (await client.assertQueue('', { exclusive: true })).queue;
  const replies = receive(client, replyTo, 1, { noAck: true });
  client.sendToQueue(service, Buffer.from('hello'), { replyTo, correlationId: 'call 1' });
  const [reply] = await replies;
  assert.equal(reply.properties.correlationId, 'call 1');
  assert.equal(reply.content.toString(), 'HELLO');
  await client.close();
  await server.close();
}

const rpcOverAnExclusiveQueue = (connection) => rpc(connection, '');
const rpcOverDirectReplyTo = (connection) => rpc(connection, 'amq.rabbitmq.reply-to');

async function requeuedMessageIsRedelivered(connection) {
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  channel.sendToQueue(queue, Buffer.from('again'));
  await channel.waitForConfirms();
  const first = await channel.get(queue);
  assert.equal(first.fields.redelivered, false);
  channel.nack(first, false, true);
  const second = await channel.get(queue);
  assert.equal(second.fields.redelivered, true);
  assert.equal(second.content.toString(), 'again');
  channel.ack(second);
  await channel.close();
}

async function unroutableMessageIsReturned(connection) {
  const channel = await connection.createConfirmChannel();
  const returned = [];
  channel.on('return', (message) => returned.push(message));
  channel.sendToQueue('no such queue', Buffer.from('nowhere'), { mandatory: true });
  await channel.waitForConfirms(); // it is returned before it is confirmed
  assert.deepEqual(returned.map(({ fields, content }) => [fields.replyCode, content.toString()]), [[312, 'nowhere']]);
  await channel.close();
}

async function fullQueueRefusesAMessage(connection) {
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } });
  const publish = (body) => new Promise((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.from(body), {}, (error) => (error ? reject(error) : resolve()));
  });
  await publish('one');
  await assert.rejects(publish('two'), /nacked/);
  assert.equal((await channel.get(queue, { noAck: true })).content.toString(), 'one');
  await channel.close();
}

async function otherArgumentsAreRefused(connection) {
  const channel = await connection.createChannel();
  channel.on('error', () => {}); // or Node.js ends the process
  await assert.rejects(channel.assertExchange('amq.topic', 'fanout'), { code: 406, message: /inequivalent arg 'type'/ });
  await (await connection.createChannel()).assertQueue('', { exclusive: true });
}

async function connectionIsOpenedAnewAfterAnError(connection) {
  const broken = await amqplib.connect(process.env.AMQP_URL);
  const lost = new Promise((resolve) => broken.on('error', resolve));
  const channel = await broken.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.consume(queue, () => {}, { consumerTag: 'same' });
  channel.consume(queue, () => {}, { consumerTag: 'same' }).catch(() => {});
  assert.equal((await lost).code, 530);
  const again = await amqplib.connect(process.env.AMQP_URL);
  await (await again.createChannel()).assertQueue('', { exclusive: true });
  await again.close();
  await (await connection.createChannel()).close(); // this one is as it was
}

async function missingQueueClosesTheChannelOnly(connection) {
  const channel = await connection.createChannel();
  channel.on('error', () => {}); // or Node.js ends the process
  const closed = new Promise((resolve) => channel.on('close', resolve));
  await assert.rejects(channel.checkQueue('no such queue'), { code: 404 });
  await closed;
  await (await connection.createChannel()).assertQueue('', { exclusive: true });
}

async function main() {
  const connection = await amqplib.connect(process.env.AMQP_URL);
  for (const step of [
    publishWithConfirmAndConsumeWithAck,
    rpcOverAnExclusiveQueue,
    rpcOverDirectReplyTo,
    requeuedMessageIsRedelivered,
    unroutableMessageIsReturned,
    fullQueueRefusesAMessage,
    otherArgumentsAreRefused,
    missingQueueClosesTheChannelOnly,
    connectionIsOpenedAnewAfterAnError,
  ]) {
    await step(connection);
    console.log('ok', step.name);
  }
  await connection.close();
}

main();
