// All connections that one may see.

import { path } from '../api.js';
import { fill, h } from '../dom.js';
import { count, rate } from '../format.js';
import { badge, head } from '../parts.js';
import { to } from '../router.js';
import { list, paged } from '../table.js';

const asked = ['name', 'user_provided_name', 'vhost', 'user', 'state', 'channels', 'ssl', 'recv_oct_details.rate', 'send_oct_details.rate', 'client_properties'];

export const state = (c) => (c.state === 'running' ? 'running' : badge(c.state, 'Its state', 'bad'));

export default async function connections(view) {
  view.title('Connections');
  const columns = [
    { title: 'Connection', sort: 'name', cell: (c) => [h('a', { href: to('connections', c.name) }, c.name), c.user_provided_name && h('div', { class: 'soft' }, c.user_provided_name)] },
    !view.vhost && { title: 'Virtual host', sort: 'vhost', narrow: 2, cell: (c) => c.vhost },
    { title: 'User', sort: 'user', narrow: 1, cell: (c) => c.user },
    { title: 'State', sort: 'state', cell: state },
    { title: 'TLS', sort: 'ssl', narrow: 3, cell: (c) => (c.ssl ? 'yes' : 'no') },
    { title: 'Client', narrow: 3, cell: (c) => [c.client_properties?.product, c.client_properties?.version].filter((x) => typeof x === 'string').join(' ') },
    { title: 'Channels', sort: 'channels', desc: true, number: true, cell: (c) => count(c.channels) },
    { title: 'From client', sort: 'recv_oct_details.rate', desc: true, number: true, narrow: 2, cell: (c) => `${rate(c.recv_oct_details?.rate ?? 0).replace('/s', '')} B/s` },
    { title: 'To client', sort: 'send_oct_details.rate', desc: true, number: true, narrow: 2, cell: (c) => `${rate(c.send_oct_details?.rate ?? 0).replace('/s', '')} B/s` },
  ].filter(Boolean);
  const shown = list({ what: 'connection', columns, key: (c) => c.name, source: paged(() => (view.vhost ? path`vhosts/${view.vhost}/connections` : 'connections'), asked) });
  fill(view.main, head(null, 'Connections'), shown.element);
  view.live(() => shown.look(view.signal));
}
