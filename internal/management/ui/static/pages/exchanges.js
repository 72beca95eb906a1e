// All exchanges.

import { get, inPath, path, put } from '../api.js';
import { open } from '../dialog.js';
import { fill, h } from '../dom.js';
import { field, table as pairs, values } from '../form.js';
import { exchange, rate } from '../format.js';
import { again } from '../live.js';
import { done } from '../notices.js';
import { action, exchangeArguments, features, head } from '../parts.js';
import { to } from '../router.js';
import { list, paged } from '../table.js';

const asked = ['name', 'vhost', 'type', 'durable', 'auto_delete', 'internal', 'policy', 'message_stats.publish_in_details.rate', 'message_stats.publish_out_details.rate'];

export default async function exchanges(view) {
  view.title('Exchanges');
  const columns = [
    { title: 'Exchange', sort: 'name', cell: (x) => [h('a', { href: to('exchanges', x.vhost, inPath(x.name)) }, exchange(x.name)), ' ', features(x)] },
    !view.vhost && { title: 'Virtual host', sort: 'vhost', narrow: 2, cell: (x) => x.vhost },
    { title: 'Type', sort: 'type', cell: (x) => x.type },
    { title: 'In', sort: 'message_stats.publish_in_details.rate', desc: true, number: true, cell: (x) => rate(x.message_stats?.publish_in_details?.rate ?? 0) },
    { title: 'Out', sort: 'message_stats.publish_out_details.rate', desc: true, number: true, cell: (x) => rate(x.message_stats?.publish_out_details?.rate ?? 0) },
  ].filter(Boolean);
  const shown = list({ what: 'exchange', columns, key: (x) => to(x.vhost, x.name), source: paged(() => (view.vhost ? path`exchanges/${view.vhost}` : 'exchanges'), asked) });
  fill(view.main, head(null, 'Exchanges', null, [action('Add an exchange', () => add(view))]), shown.element);
  view.live(() => shown.look(view.signal));
}

async function add(view) {
  const [vhosts, o] = await Promise.all([get('vhosts?columns=name'), get('overview?columns=exchange_types')]);
  const args = pairs({ label: 'Arguments', known: exchangeArguments });
  const made = await open({
    title: 'Add an exchange', button: 'Add', wide: true,
    body: [
      field({ name: 'vhost', label: 'Virtual host', options: vhosts.map((v) => v.name), value: view.vhost || vhosts[0].name }),
      field({ name: 'name', label: 'Name', required: true }),
      field({ name: 'type', label: 'Type', options: o.exchange_types.map((t) => t.name), value: 'topic' }),
      field({ name: 'durable', label: 'Durable', type: 'checkbox', value: true }),
      field({ name: 'auto_delete', label: 'Delete it when nothing is bound to it any more', type: 'checkbox' }),
      field({ name: 'internal', label: 'Internal', type: 'checkbox', hint: 'Only other exchanges may publish to it.' }),
      args.element,
    ],
    act: async (form) => {
      const v = values(form);
      await put(path`exchanges/${v.vhost}/${v.name}`, { type: v.type, durable: v.durable, auto_delete: v.auto_delete, internal: v.internal, arguments: args.read() });
      return v;
    },
  });
  if (made) { done(`Exchange ${made.name} is there.`); again(); }
}
