// Limits of virtual hosts and users.

import { get, may, path, put, remove } from '../api.js';
import { open } from '../dialog.js';
import { fill, h } from '../dom.js';
import { field, values } from '../form.js';
import { count } from '../format.js';
import { again } from '../live.js';
import { attempt, done } from '../notices.js';
import { action, head } from '../parts.js';
import { list, whole } from '../table.js';

const of = {
  vhost: { at: 'vhost-limits', title: 'Of virtual hosts', called: 'Virtual host', names: () => get('vhosts?columns=name'), limits: ['max-connections', 'max-queues'] },
  user: { at: 'user-limits', title: 'Of users', called: 'User', names: () => get('users?columns=name'), limits: ['max-connections', 'max-channels'] },
};

export default async function limits(view) {
  view.title('Limits');
  const lists = Object.keys(of).map((kind) => ({ kind, shown: part(kind) }));
  fill(view.main, head(null, 'Limits', 'What is more than that is refused.'), ...lists.flatMap(({ kind, shown }) => [
    h('div', { class: 'row between' }, h('h2', {}, of[kind].title), may.administer() && action(`Set a limit of a ${of[kind].called.toLowerCase()}`, () => set(kind))), shown.element]));
  view.live(() => Promise.all(lists.map(({ shown }) => shown.look(view.signal))));
}

function part(kind) {
  const { at, called } = of[kind];
  const rows = async (signal) => (await get(at, { signal })).flatMap((l) => Object.entries(l.value).map(([limit, most]) => ({ name: l[kind], limit, most })));
  return list({
    what: 'limit', own: false, size: 50, key: (l) => `${l.name} ${l.limit}`, source: whole(rows, (l) => l.name),
    columns: [
      { title: called, sort: 'name', cell: (l) => l.name }, { title: 'Limit', sort: 'limit', cell: (l) => l.limit },
      { title: 'At most', sort: 'most', number: true, cell: (l) => (l.most < 0 ? 'any number' : count(l.most)) },
      may.administer() && { title: '', cell: (l) => h('button', { type: 'button', 'aria-label': `Lift ${l.limit} of ${l.name}`, onclick: async () => {
        await attempt(() => remove(path`${at}/${l.name}/${l.limit}`), 'The limit is lifted.');
        again();
      } }, 'Lift') },
    ].filter(Boolean),
  });
}

async function set(kind) {
  const { at, called, limits: known, names } = of[kind];
  const set = await open({
    title: 'Set a limit', button: 'Set',
    body: [field({ name: 'name', label: called, options: (await names()).map((x) => x.name) }), field({ name: 'limit', label: 'Limit', options: known }), field({ name: 'value', label: 'At most', type: 'number', required: true })],
    act: async (form) => { const v = values(form); await put(path`${at}/${v.name}/${v.limit}`, { value: Number(v.value) }); return true; },
  });
  if (set) { done('The limit holds.'); again(); }
}
