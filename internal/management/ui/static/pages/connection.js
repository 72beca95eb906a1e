// One connection: who it is, what is on it, and its end.

import { get, may, path, remove, user } from '../api.js';
import { chart } from '../chart.js';
import { open } from '../dialog.js';
import { fill, h, swap } from '../dom.js';
import { field, values } from '../form.js';
import { ago, octets, short, time, value } from '../format.js';
import { pace, record } from '../history.js';
import { done } from '../notices.js';
import { action, card, head } from '../parts.js';
import { to } from '../router.js';
import { details, plain } from '../table.js';
import { state } from './connections.js';

export default async function connection(view) {
  const [name] = view.rest;
  view.title(name, 'Connection');
  const at = path`connections/${name}`;
  const first = await get(at, view);
  const rates = chart({ title: 'Octets in a second', format: (n) => `${short(n)} B` });
  const about = h('div', {});
  const channels = h('div', {});
  fill(view.main, head([['Connections', to('connections')]], name, null, [
    (may.administer() || first.user === user().name) && action('Close it', () => close(at, name), 'danger'),
  ]), h('div', { class: 'columns' }, card('About it', about), rates.element), card('Channels', channels),
  card('What the client says of itself', details(Object.entries(first.client_properties ?? {}).map(([k, v]) => [k, value(v)]))));
  view.live(async () => {
    const [c, chs] = await Promise.all([get(at, view), get(`${at}/channels`, view)]);
    const samples = record(`connection ${name}`, { from: c.recv_oct, to: c.send_oct });
    rates.draw([{ name: 'from the client', points: pace(samples, 'from') }, { name: 'to the client', points: pace(samples, 'to') }]);
    swap(about, details([
      ['State', state(c)], ['User', c.user], ['Virtual host', c.vhost], ['Name by its client', c.user_provided_name], ['From', `${c.peer_host}:${c.peer_port}`], ['To', `${c.host}:${c.port}`],
      ['Since', `${time(c.connected_at)}, ${ago(c.connected_at)}`], ['Logged in by', c.auth_mechanism], ['TLS', c.ssl ? `${c.ssl_protocol}, ${c.ssl_cipher}` : 'no'],
      ['Certificate', c.peer_cert_subject], ['Heartbeat', c.timeout ? `every ${c.timeout} s` : 'none'], ['Largest frame', octets(c.frame_max)], ['Channels at most', String(c.channel_max)],
    ]));
    swap(channels, plain(['Channel', 'Consumers', 'Unacked', 'Prefetch'], chs.map((ch) => [h('a', { href: to('channels', ch.name) }, String(ch.number)), String(ch.consumer_count), String(ch.messages_unacknowledged), String(ch.prefetch_count || 'any')]), 'None.'));
  });
}

async function close(at, name) {
  const closed = await open({
    title: 'Close this connection?', button: 'Close the connection', danger: true,
    body: [h('p', {}, `${name} is closed, and what its consumers have unacked goes back to the queues. Most clients connect again by themselves.`),
      field({ name: 'reason', label: 'Reason, which the client is told', value: 'Closed by an operator' })],
    act: async (form) => { await remove(at, { 'x-reason': values(form).reason.replace(/[^\x20-\x7e]/g, '?') }); return true; },
  });
  if (closed) { done('The connection is closed.'); location.hash = to('connections'); }
}
