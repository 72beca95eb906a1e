// One user: what he or she is, and may do where.

import { get, path, put, remove, user as self } from '../api.js';
import { open, sure } from '../dialog.js';
import { fill, h, swap } from '../dom.js';
import { field, values } from '../form.js';
import { value } from '../format.js';
import { attempt, done } from '../notices.js';
import { action, badge, card, head } from '../parts.js';
import { to } from '../router.js';
import { details, plain } from '../table.js';
import { tagFields, tagsOf } from './users.js';

export default async function user(view) {
  const [name] = view.rest;
  view.title(name, 'User');
  const at = path`users/${name}`;
  const about = h('div', {});
  const may = h('div', {});
  const topics = h('div', {});
  let u;
  async function load() {
    const [who, permissions, narrowed] = await Promise.all([get(at, view), get(`${at}/permissions`, view), get(`${at}/topic-permissions`, view)]);
    u = who;
    swap(about, details([['Tags', u.tags.length ? u.tags.map((t) => [badge(t, ''), ' ']) : 'none'], ['Password', u.password_hash ? 'set' : 'none: logs in by certificate or token only'],
      ...Object.entries(u.limits ?? {}).map(([k, v]) => [k, value(v)])]));
    swap(may, plain(['Virtual host', 'Configure', 'Write', 'Read', ''], permissions.map((p) => [p.vhost, code(p.configure), code(p.write), code(p.read),
      erase(`Take away the permissions in ${p.vhost}`, path`permissions/${p.vhost}/${name}`)]), 'None: this user may enter no virtual host.'));
    swap(topics, plain(['Virtual host', 'Exchange', 'Write', 'Read', ''], narrowed.map((p) => [p.vhost, p.exchange, code(p.write), code(p.read),
      erase(`Take away the topic permissions in ${p.vhost}`, path`topic-permissions/${p.vhost}/${name}`)]), 'None: routing keys are not looked at.'));
  }
  const code = (pattern) => h('code', {}, pattern || '(empty)');
  const erase = (label, from) => h('button', { type: 'button', 'aria-label': label, onclick: async () => { await attempt(() => remove(from), 'Taken away.'); await load(); } }, 'Take away');
  const change = async (dialogue) => { if (await open(dialogue)) { done('Changed.'); await load(); } };

  fill(view.main, head([['Users', to('users')]], name, null, [
    action('Change tags', () => change({ title: `Tags of ${name}`, button: 'Change', body: tagFields(u.tags),
      act: async (form) => { const now = await get(at); await put(at, { tags: tagsOf(values(form)), password_hash: now.password_hash, hashing_algorithm: now.hashing_algorithm }); return true; } })),
    action('Change password', () => change({ title: `Password of ${name}`, button: 'Change', body: field({ name: 'password', label: 'New password', type: 'password', required: true, autocomplete: 'new-password' }),
      act: async (form) => { const now = await get(at); await put(at, { tags: now.tags, password: values(form).password }); return true; } })),
    name !== self().name && action('Delete', async () => {
      if (await sure(`Delete user ${name}?`, 'Connections of this user are closed.', 'Delete the user', () => remove(at))) { done(`User ${name} is gone.`); location.hash = to('users'); }
    }, 'danger'),
  ]), card('About', about),
  card('Permissions', may, action('Give permissions', () => give(name, change))), card('Topic permissions', topics, action('Narrow routing keys', () => narrow(name, change))));
  await load();
}

const vhosts = async () => (await get('vhosts?columns=name')).map((v) => v.name);
const pattern = (p) => field({ name: p, label: p, value: '.*', hint: p === 'configure' ? 'regular expressions for the names of queues and exchanges; empty allows none' : undefined });

const give = async (name, change) => change({
  title: `Permissions of ${name}`, button: 'Give', body: [field({ name: 'vhost', label: 'Virtual host', options: await vhosts() }), ['configure', 'write', 'read'].map(pattern)],
  act: async (form) => { const { vhost, ...p } = values(form); await put(path`permissions/${vhost}/${name}`, p); return true; },
});

const narrow = async (name, change) => change({
  title: `Topic permissions of ${name}`, button: 'Narrow',
  body: [field({ name: 'vhost', label: 'Virtual host', options: await vhosts() }), field({ name: 'exchange', label: 'Topic exchange', value: 'amq.topic', required: true }),
    ['write', 'read'].map((p) => field({ name: p, label: p, value: '.*', hint: 'a regular expression for routing keys' }))],
  act: async (form) => { const { vhost, ...p } = values(form); await put(path`topic-permissions/${vhost}/${name}`, p); return true; },
});
