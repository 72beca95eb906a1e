// All virtual hosts.

import { path, put } from '../api.js';
import { open } from '../dialog.js';
import { fill, h } from '../dom.js';
import { field, values } from '../form.js';
import { count } from '../format.js';
import { again } from '../live.js';
import { done } from '../notices.js';
import { action, badge, head } from '../parts.js';
import { to } from '../router.js';
import { list, paged } from '../table.js';

export default async function vhosts(view) {
  view.title('Virtual hosts');
  const shown = list({
    what: 'virtual host', key: (v) => v.name, source: paged(() => 'vhosts', ['name', 'description', 'tags', 'default_queue_type', 'protected_from_deletion', 'tracing', 'messages']),
    columns: [
      { title: 'Virtual host', sort: 'name', cell: (v) => [h('a', { href: to('vhosts', v.name) }, v.name), ' ', marks(v)] },
      { title: 'Description', sort: 'description', narrow: 1, cell: (v) => v.description },
      { title: 'Type of new queues', sort: 'default_queue_type', narrow: 2, cell: (v) => v.default_queue_type },
      { title: 'Messages', sort: 'messages', desc: true, number: true, cell: (v) => count(v.messages) },
    ],
  });
  fill(view.main, head(null, 'Virtual hosts', null, [action('Add a virtual host', () => edit(null, view))]), shown.element);
  view.live(() => shown.look(view.signal));
}

export const marks = (v) => [v.protected_from_deletion && badge('protected', 'It cannot be deleted'), v.tracing && badge('traced', 'amq.rabbitmq.trace gets a copy of every message', 'bad'),
  ...v.tags.map((t) => badge(t, 'A tag'))].filter(Boolean);

// edit makes or changes a virtual host.
export async function edit(v, view) {
  const saved = await open({
    title: v ? `Change virtual host ${v.name}` : 'Add a virtual host', button: v ? 'Change' : 'Add',
    body: [
      !v && field({ name: 'name', label: 'Name', required: true }),
      field({ name: 'description', label: 'Description', value: v?.description ?? '' }),
      field({ name: 'tags', label: 'Tags, with commas between', value: v?.tags.join(',') ?? '' }),
      field({ name: 'type', label: 'Type of new queues', options: ['classic', 'quorum', 'stream'], value: v?.default_queue_type ?? 'classic' }),
      field({ name: 'guard', label: 'Protect it from deletion', type: 'checkbox', value: v?.protected_from_deletion }),
      field({ name: 'tracing', label: 'Trace it', type: 'checkbox', value: v?.tracing, hint: 'amq.rabbitmq.trace gets a copy of every message that comes and goes.' }),
    ],
    act: async (form) => {
      const x = values(form);
      await put(path`vhosts/${v?.name ?? x.name}`, { description: x.description, tags: x.tags, default_queue_type: x.type, protected_from_deletion: x.guard, tracing: x.tracing });
      return x;
    },
  });
  if (!saved) return false;
  done(v ? 'Changed.' : `Virtual host ${saved.name} is there.`);
  view.vhostsChanged();
  again();
  return true;
}
