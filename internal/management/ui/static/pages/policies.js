// Policies of users and operators: what holds for queues and exchanges by their names.

import { get, may, path, put, remove } from '../api.js';
import { open, sure } from '../dialog.js';
import { fill, h } from '../dom.js';
import { field, table as pairs, values } from '../form.js';
import { value } from '../format.js';
import { again } from '../live.js';
import { done } from '../notices.js';
import { action, head, policyKeys } from '../parts.js';
import { to } from '../router.js';
import { list, whole } from '../table.js';

const kinds = [['all', 'queues and exchanges'], ['queues', 'queues of all types'], 'classic_queues', 'quorum_queues', 'streams', 'exchanges'];

export default async function policies(view) {
  view.title('Policies');
  const users = part(view, 'policies', 'policy', may.setPolicies());
  const operators = part(view, 'operator-policies', 'operator policy', may.administer());
  fill(view.main, 
    head(null, 'Policies', 'Of those whose pattern matches a name, the one with the highest priority holds.', [may.setPolicies() && action('Add a policy', () => edit(view, 'policies'))]), users.element,
    h('div', { class: 'row between' }, h('h2', {}, 'Operator policies'), may.administer() && action('Add an operator policy', () => edit(view, 'operator-policies'))),
    h('p', { class: 'soft' }, 'They hold besides: of two limits the lower one counts.'), operators.element);
  view.live(() => Promise.all([users.look(view.signal), operators.look(view.signal)]));
}

function part(view, at, what, mayChange) {
  return list({
    what, own: false, size: 50, key: (p) => to(p.vhost, p.name),
    source: whole((signal) => get(view.vhost ? `${at}/${encodeURIComponent(view.vhost)}` : at, { signal }), (p) => `${p.name} ${p.pattern}`),
    columns: [
      { title: 'Name', sort: 'name', cell: (p) => (mayChange ? h('button', { type: 'button', class: 'link', onclick: () => edit(view, at, p) }, p.name) : p.name) },
      { title: 'Virtual host', sort: 'vhost', narrow: 1, cell: (p) => p.vhost },
      { title: 'Pattern', sort: 'pattern', cell: (p) => h('code', {}, p.pattern) },
      { title: 'For', sort: 'apply-to', narrow: 2, cell: (p) => p['apply-to'] },
      { title: 'What holds', cell: (p) => Object.entries(p.definition).map(([k, v]) => h('div', {}, `${k} = ${value(v)}`)) },
      { title: 'Priority', sort: 'priority', number: true, narrow: 1, cell: (p) => String(p.priority) },
      mayChange && { title: '', cell: (p) => h('button', { type: 'button', 'aria-label': `Delete policy ${p.name}`, onclick: async () => {
        if (await sure(`Delete policy ${p.name}?`, 'What it says no longer holds, at once.', 'Delete the policy', () => remove(`${at}/${path`${p.vhost}/${p.name}`}`))) { done('The policy is gone.'); again(); }
      } }, 'Delete') },
    ].filter(Boolean),
  });
}

async function edit(view, at, p) {
  const vhosts = (await get('vhosts?columns=name')).map((v) => v.name);
  const definition = pairs({ label: 'What holds', known: policyKeys, value: p?.definition ?? {} });
  const saved = await open({
    title: p ? `Change policy ${p.name}` : 'Add a policy', button: p ? 'Change' : 'Add', wide: true,
    body: [
      field({ name: 'vhost', label: 'Virtual host', options: p ? [p.vhost] : vhosts, value: p?.vhost ?? (view.vhost || vhosts[0]) }),
      field({ name: 'name', label: 'Name', required: true, value: p?.name ?? '' }),
      field({ name: 'pattern', label: 'Pattern', required: true, value: p?.pattern ?? '', hint: 'a regular expression: ^orders\\. is every name that begins with “orders.”' }),
      field({ name: 'apply', label: 'For', options: kinds, value: p?.['apply-to'] ?? 'all' }),
      field({ name: 'priority', label: 'Priority', type: 'number', value: String(p?.priority ?? 0) }), definition.element,
    ],
    act: async (form) => {
      const v = values(form);
      await put(`${at}/${path`${v.vhost}/${v.name}`}`, { pattern: v.pattern, 'apply-to': v.apply, priority: Number(v.priority), definition: definition.read() });
      return v;
    },
  });
  if (saved) { done(`Policy ${saved.name} holds.`); again(); }
}
