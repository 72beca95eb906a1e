// How a queue is now: charts, who publishes, who consumes, and what holds for it.

import { get, inPath, path, query } from '../api.js';
import { chart } from '../chart.js';
import { fill, h, swap } from '../dom.js';
import { count, exchange, octets, rate, short, span, value } from '../format.js';
import { ages, level, pace, recall, record, recorded } from '../history.js';
import { card, channelLink, growth } from '../parts.js';
import { to } from '../router.js';
import { details, plain } from '../table.js';

export async function show(view) {
  const { content, vhost, name } = view;
  const waiting = chart({ title: 'Messages', format: short });
  const rates = chart({ title: 'Rates', format: rate });
  const numbers = h('div', {});
  const publishers = h('div', {});
  const consumers = h('div', {});
  const rules = h('div', {});
  fill(content, numbers, h('div', { class: 'columns' }, waiting.element, rates.element),
    h('div', { class: 'columns' }, card('Who publishes', publishers), card('Who consumes', consumers)), card('What holds for it', rules));

  view.live(async () => {
    const subject = `queue ${to(vhost, name)}`;
    const at = path`queues/${vhost}/${name}`;
    const q = await get(recorded(subject).length ? at : query(at, ages), view);
    const stats = q.message_stats ?? {};
    recall(subject, {
      ready: q.messages_ready_details, unacked: q.messages_unacknowledged_details,
      publish: stats.publish_details, deliver_get: stats.deliver_get_details, ack: stats.ack_details, redeliver: stats.redeliver_details,
    });
    const samples = record(subject, {
      ready: q.messages_ready, unacked: q.messages_unacknowledged,
      publish: stats.publish ?? 0, deliver_get: stats.deliver_get ?? 0, ack: stats.ack ?? 0, redeliver: stats.redeliver ?? 0,
    });
    waiting.draw([{ name: 'ready', points: level(samples, 'ready') }, { name: 'unacked', points: level(samples, 'unacked') }]);
    rates.draw([{ name: 'published', points: pace(samples, 'publish') }, { name: 'delivered', points: pace(samples, 'deliver_get') },
      { name: 'acked', points: pace(samples, 'ack') }, { name: 'redelivered', points: pace(samples, 'redeliver') }]);
    swap(numbers, h('ul', { class: 'totals' }, h('li', {}, h('b', {}, count(q.messages)), ' messages ', growth(q)), h('li', {}, h('b', {}, count(q.messages_ready)), ' ready'),
      h('li', {}, h('b', {}, count(q.messages_unacknowledged)), ' unacked'), h('li', {}, h('b', {}, octets(q.message_bytes)), ' of bodies'),
      h('li', {}, h('b', {}, octets(q.memory)), ' in memory')));
    swap(consumers, plain(['Channel', 'Tag', 'Takes', { title: 'Gets', number: true }, { title: 'Acks', number: true }], q.consumer_details.map((c) => [
      channelLink(c.channel_details), c.consumer_tag,
      [c.ack_required ? (c.prefetch_count ? `${c.prefetch_count} at once, with acks` : 'any number, with acks') : 'without acks', c.activity_status === 'waiting' && ', waits for its turn'],
      ...taken(q, c.channel_details.name),
    ]), 'Nobody.'));
    swap(rules, holds(q));
    swap(publishers, await incoming(view, q));
  });
}

// taken says how fast a channel gets and acks messages of a queue.
function taken(q, channel) {
  const stats = q.deliveries.find((d) => d.channel_details.name === channel)?.stats;
  return [rate(stats?.deliver_get_details?.rate ?? 0), rate(stats?.ack_details?.rate ?? 0)];
}

const exchangesMost = 20;

// incoming says through which exchanges messages came to a queue, and who publishes there.
async function incoming(view, q) {
  const { vhost } = view;
  if (q.incoming.length === 0) return h('p', { class: 'soft' }, 'Nobody has, as far as is known.');
  const through = q.incoming.map((i) => i.exchange.name);
  const exchanges = await Promise.all(through.slice(0, exchangesMost).map((x) => get(path`exchanges/${vhost}/${inPath(x)}`, view).catch(() => ({ incoming: [] }))));
  const channels = exchanges.flatMap((x) => x.incoming.map((i) => [channelLink(i.channel_details), i.channel_details.user,
    exchange(x.name), rate(i.stats?.publish_details?.rate ?? 0)]));
  return [
    plain(['Through exchange', { title: 'To this queue', number: true }], q.incoming.map((i) => [link(vhost, i.exchange.name), rate(i.stats?.publish_details?.rate ?? 0)])),
    h('h3', {}, through.length === 1 ? 'Channels that publish there' : 'Channels that publish to these'),
    plain(['Channel', 'User', 'Exchange', { title: 'Publishes', number: true }], channels, 'None at the moment.'),
  ];
}

const link = (vhost, name) => h('a', { href: to('exchanges', vhost, inPath(name)) }, exchange(name));

function holds(q) {
  const given = Object.entries(q.arguments).filter(([k]) => !['x-queue-type', 'x-dead-letter-exchange', 'x-dead-letter-routing-key'].includes(k));
  const policy = Object.entries(q.effective_policy_definition ?? {});
  const to = q.arguments['x-dead-letter-exchange'] ?? q.effective_policy_definition?.['dead-letter-exchange'];
  const key = q.arguments['x-dead-letter-routing-key'] ?? q.effective_policy_definition?.['dead-letter-routing-key'];
  return details([
    ['Dead letters', to === undefined ? 'are dropped' : ['go to ', link(q.vhost, to), key !== undefined ? [' with routing key ', h('b', {}, key)] : ', with the keys they have']],
    ['Owner', q.owner_pid_details?.name],
    ...given.map(([k, v]) => [k, told(k, v)]),
    ['Policy', q.policy], ['Operator policy', q.operator_policy],
    ...policy.map(([k, v]) => [h('span', {}, k, h('span', { class: 'soft' }, ' by policy')), told(k, v)]),
  ]);
}

// told adds to milliseconds and octets what people call them.
const told = (k, v) => (/ttl|expires|timeout|delayed-retry-m/.test(k) && typeof v === 'number' ? `${value(v)} (${span(v)})` : /bytes/.test(k) && typeof v === 'number' ? `${value(v)} (${octets(v)})` : value(v));
