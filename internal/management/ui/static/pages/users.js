// All users.

import { get, path, put } from '../api.js';
import { open } from '../dialog.js';
import { fill, h } from '../dom.js';
import { field, values } from '../form.js';
import { again } from '../live.js';
import { done } from '../notices.js';
import { action, badge, head } from '../parts.js';
import { to } from '../router.js';
import { list, paged } from '../table.js';

// tags are those that mean something here.
export const tags = { management: 'may use these pages, for what he or she may do', policymaker: 'may set policies besides', monitoring: 'may see everything besides', administrator: 'may do everything' };

export default async function users(view) {
  view.title('Users');
  const without = new Set();
  const source = paged(() => 'users', ['name', 'tags', 'password_hash']);
  const shown = list({
    what: 'user', key: (u) => u.name,
    source: async (state, signal) => {
      without.clear();
      for (const u of await get('users/without-permissions?columns=name', { signal })) without.add(u.name);
      return source(state, signal);
    },
    columns: [
      { title: 'User', sort: 'name', cell: (u) => h('a', { href: to('users', u.name) }, u.name) },
      { title: 'Tags', sort: 'tags', cell: (u) => u.tags.map((t) => [badge(t, tags[t] ?? 'It means nothing here'), ' ']) },
      { title: 'Logs in by', narrow: 1, cell: (u) => (u.password_hash ? 'password' : 'certificate or token only') },
      { title: 'Permissions', cell: (u) => (without.has(u.name) ? badge('none', 'May enter no virtual host', 'bad') : 'some') },
    ],
  });
  fill(view.main, head(null, 'Users', null, [action('Add a user', add)]), shown.element);
  view.live(() => shown.look(view.signal));
}

// tagFields are checkboxes for the tags, and a field for others.
export const tagFields = (has = []) => h('fieldset', {}, h('legend', {}, 'Tags'),
  Object.entries(tags).map(([t, meaning]) => field({ name: `tag-${t}`, label: t, type: 'checkbox', value: has.includes(t), hint: meaning })),
  field({ name: 'other-tags', label: 'Others, with commas between', value: has.filter((t) => !tags[t]).join(',') }));

export const tagsOf = (v) => [...Object.keys(tags).filter((t) => v[`tag-${t}`]), ...v['other-tags'].split(',').map((t) => t.trim()).filter(Boolean)];

async function add() {
  const vhosts = (await get('vhosts?columns=name')).map((v) => v.name);
  const made = await open({
    title: 'Add a user', button: 'Add', wide: true,
    body: [
      field({ name: 'name', label: 'Name', required: true }),
      field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password', hint: 'empty: cannot log in by password' }),
      tagFields(),
      h('fieldset', {}, h('legend', {}, 'Permissions'), field({ name: 'vhost', label: 'Virtual host', options: [['', 'none yet'], ...vhosts] }),
        ['configure', 'write', 'read'].map((p) => field({ name: p, label: p, value: '.*' }))),
    ],
    act: async (form) => {
      const v = values(form);
      await put(path`users/${v.name}`, { tags: tagsOf(v), ...(v.password ? { password: v.password } : { password_hash: '' }) });
      if (v.vhost) await put(path`permissions/${v.vhost}/${v.name}`, { configure: v.configure, write: v.write, read: v.read });
      return v;
    },
  });
  if (made) { done(`User ${made.name} is there.`); again(); }
}
