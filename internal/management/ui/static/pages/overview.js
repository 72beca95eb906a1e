// The overview: how much is waiting, how fast it comes and goes, what grows, and whether
// the broker is well.

import { get, may, path, query } from '../api.js';
import { chart } from '../chart.js';
import { fill, h, swap } from '../dom.js';
import { count, octets, rate, short, span } from '../format.js';
import { ages, level, pace, recall, record, recorded } from '../history.js';
import { details, plain } from '../table.js';
import { to } from '../router.js';
import { card, growth } from '../parts.js';

const counted = ['publish', 'confirm', 'deliver_get', 'ack', 'redeliver', 'return_unroutable', 'drop_unroutable'];

export default async function overview(view) {
  view.title('Overview');
  const waiting = chart({ title: 'Queued messages', format: short });
  const rates = chart({ title: 'Message rates', format: rate });
  const totals = h('ul', { class: 'totals' });
  const alarms = h('div', {});
  const growing = h('div', {});
  const node = h('div', {});
  const listeners = h('div', {});
  fill(view.main, 
    h('h1', {}, 'Overview'), alarms, totals,
    h('div', { class: 'columns' }, waiting.element, may.monitor() && rates.element),
    card('What grows', growing),
    may.monitor() && h('div', { class: 'columns' }, card('The broker', node), card('Where it listens', listeners)));

  const look = async () => {
    const [o, queues, nodes] = await Promise.all([
      get(recorded('overview').length ? 'overview' : query('overview', ages), view),
      get(query(view.vhost ? path`queues/${view.vhost}` : 'queues', { page: 1, page_size: 5, sort: 'messages_details.rate', sort_reverse: true,
        columns: 'name,vhost,messages,messages_details.rate' }), view),
      may.monitor() ? get('nodes', view) : [],
    ]);
    const sample = { ready: o.queue_totals.messages_ready, unacked: o.queue_totals.messages_unacknowledged };
    for (const name of counted) sample[name] = o.message_stats?.[name];
    const details = { ready: o.queue_totals.messages_ready_details, unacked: o.queue_totals.messages_unacknowledged_details };
    for (const name of counted) details[name] = o.message_stats?.[`${name}_details`];
    recall('overview', details);
    const samples = record('overview', sample);
    waiting.draw([{ name: 'ready', points: level(samples, 'ready') }, { name: 'unacked', points: level(samples, 'unacked') }]);
    rates.draw([
      { name: 'published', points: pace(samples, 'publish') }, { name: 'delivered', points: pace(samples, 'deliver_get') },
      { name: 'acked', points: pace(samples, 'ack') }, { name: 'unroutable', points: unroutable(samples) },
    ]);
    const t = o.object_totals;
    swap(totals, [['Queues', t.queues, 'queues'], ['Exchanges', t.exchanges, 'exchanges'], ['Connections', t.connections, 'connections'],
      ['Channels', t.channels, 'channels'], ['Consumers', t.consumers, 'queues']].map(([name, n, at]) =>
      h('li', {}, h('a', { href: to(at) }, h('b', {}, count(n)), ' ', n === 1 ? name.slice(0, -1) : name))));
    swap(growing, grows(queues.items));
    if (may.monitor()) {
      swap(alarms, alarm(nodes));
      swap(node, broker(o, nodes[0]));
      swap(listeners, plain(['Protocol', 'Address', { title: 'Port', number: true }], o.listeners.map((l) => [l.protocol, l.ip_address, String(l.port)]), 'It listens nowhere.'));
    }
  };
  view.live(look);
}

function unroutable(samples) {
  return pace(samples.map((s) => ({ at: s.at, n: s.return_unroutable === undefined ? undefined : s.return_unroutable + s.drop_unroutable })), 'n');
}

function grows(queues) {
  const those = queues.filter((q) => (q.messages_details?.rate ?? 0) > 0);
  if (those.length === 0) return h('p', { class: 'soft' }, 'No queue grows at the moment. ', h('a', { href: to('queues') }, 'All queues'));
  return [plain(['Queue', 'Virtual host', { title: 'Messages', number: true }, { title: 'Growing', number: true }],
    those.map((q) => [h('a', { href: to('queues', q.vhost, q.name) }, q.name), q.vhost, count(q.messages), growth(q)])),
  h('p', {}, h('a', { href: '#/queues?sort=messages_details.rate&reverse=true' }, 'All queues, the fastest growing first'))];
}

function alarm(nodes) {
  const low = nodes.flatMap((n) => [n.mem_alarm && 'memory', n.disk_free_alarm && 'disk space']).filter(Boolean);
  if (low.length === 0) return null;
  return h('p', { class: 'alarm', role: 'alert' }, h('b', {}, `The broker is short of ${low.join(' and ')}. `), 'Publishers are blocked until there is more; consumers go on.');
}

function broker(o, n) {
  return details([
    ['Version', o.harebell_version ? `Harebell ${o.harebell_version}` : undefined], ['Presents itself as', `${o.product_name} ${o.product_version}`],
    ['Node', o.node], ['Name', o.cluster_name === o.node ? undefined : o.cluster_name],
    ['Runs for', n && span(n.uptime)],
    ['Memory', n && h('span', {}, meter(n.mem_used, n.mem_limit, n.mem_alarm), octets(n.mem_used), n.mem_limit ? ` of ${octets(n.mem_limit)} before publishers are blocked` : '')],
    ['Disk', n?.disk_free === undefined ? undefined : `${octets(n.disk_free)} free; publishers are blocked below ${octets(n.disk_free_limit)}`],
    ['Files open', n && count(n.fd_used)], ['Processors', n && count(n.processors)],
    ['Data', n?.db_dir || 'in memory only'],
  ]);
}

const meter = (used, limit, alarm) => (limit ? h('meter', { min: 0, max: limit, value: used, high: alarm ? 0 : limit * 0.9, 'aria-label': 'Memory' }) : null);
