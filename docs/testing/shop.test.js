// A small shop, and how it is tested against a broker that was started with
// harebell serve --memory --test-api. Run it with node --test.
const assert = require('node:assert/strict');
const { afterEach, beforeEach, test } = require('node:test');
const amqplib = require('amqplib');

const api = (process.env.HAREBELL_TEST_URL ?? 'http://127.0.0.1:15673') + '/api/test';

// ask asks the test API, and throws the reason if it refuses.
async function ask(method, path, body) {
  const answer = await fetch(api + path, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.parse(text).reason}`);
  return text && JSON.parse(text);
}

// declare declares the queues: what a worker rejects comes back after an hour.
async function declare(channel) {
  await channel.assertQueue('orders', { deadLetterExchange: '', deadLetterRoutingKey: 'orders.later' });
  await channel.assertQueue('orders.later', { messageTtl: 3_600_000, deadLetterExchange: '', deadLetterRoutingKey: 'orders' });
}

// place publishes an order, and tries again if the broker does not take it.
async function place(channel, order) {
  for (let tries = 0; tries < 3; tries++) {
    channel.sendToQueue('orders', Buffer.from(order), { persistent: true, messageId: order });
    try {
      return await channel.waitForConfirms();
    } catch {} // refused
  }
  throw new Error('the broker does not take the order');
}

// work handles orders until the connection is gone, each of them once.
async function work(connection, handle) {
  const channel = await connection.createChannel();
  const done = new Set();
  await channel.consume('orders', (message) => {
    const id = message.properties.messageId;
    if (!done.has(id)) handle(message.content.toString());
    done.add(id);
    channel.ack(message);
  });
}

let vhost, connection, channel;

// connect opens a connection to the virtual host of the test.
async function connect() {
  const connection = await amqplib.connect(vhost.url);
  connection.on('error', () => {}); // or a cut ends the process
  return connection;
}

beforeEach(async () => {
  vhost = await ask('POST', '/vhosts'); // one of the test's own
  connection = await connect();
  channel = await connection.createConfirmChannel();
  await declare(channel);
});

afterEach(async () => {
  await connection.close().catch(() => {}); // it may be cut
  await ask('DELETE', '/vhosts/' + encodeURIComponent(vhost.name)); // and its faults
});

test('an order comes back after an hour', async () => {
  await place(channel, 'a book');
  channel.nack(await channel.get('orders'), false, false);
  await ask('POST', '/await', { vhost: vhost.name, queue: 'orders.later', messages_ready: 1 });

  await ask('POST', '/clock/advance', { by: '1h' }); // and nobody waits
  const again = await channel.get('orders', { noAck: true });
  assert.equal(again.content.toString(), 'a book');
});

test('an order is published until the broker takes it', async () => {
  const { id } = await ask('POST', '/faults', { fault: 'nack publish', vhost: vhost.name, times: 2 });
  await place(channel, 'a book');
  assert.equal((await ask('GET', `/faults/${id}`)).hits, 2);
  await ask('POST', '/await', { vhost: vhost.name, queue: 'orders', messages_ready: 1 });
});

test('a worker comes back when its connection is cut', async () => {
  await place(channel, 'a book');
  await channel.get('orders'); // and does not ack it
  const cut = new Promise((resolve) => connection.once('close', resolve));
  await ask('DELETE', '/connections'); // POST /restart and POST /kill are worse
  await cut;

  connection = await connect();
  const order = await new Promise((resolve) => work(connection, resolve));
  assert.equal(order, 'a book');
});

test('an order that comes twice is handled once', async () => {
  await ask('POST', '/faults', { fault: 'duplicate delivery', vhost: vhost.name, queue: 'orders', times: 1 });
  const handled = [];
  await work(connection, (order) => handled.push(order));
  await place(channel, 'a book');

  const { events } = await ask('GET', '/journal?' + new URLSearchParams({ vhost: vhost.name, kind: 'acked', wait: 2 }));
  assert.equal(events.length, 2);
  assert.deepEqual(handled, ['a book']);
});

test('nothing is lost', async () => {
  await work(connection, () => {});
  await place(channel, 'a book');
  await ask('GET', '/journal?' + new URLSearchParams({ vhost: vhost.name, kind: 'acked', wait: 1 }));
  await ask('GET', '/journal/check?vhost=' + encodeURIComponent(vhost.name));
});
