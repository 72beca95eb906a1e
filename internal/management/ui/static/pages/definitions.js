// Definitions: everything that was declared, as a file to keep, and to bring back.

import { get, path, post } from '../api.js';
import { fill, h } from '../dom.js';
import { field, values } from '../form.js';
import { attempt } from '../notices.js';
import { card, head } from '../parts.js';

export default async function definitions(view) {
  view.title('Definitions');
  const vhosts = [['', 'the whole broker, with users and virtual hosts'], ...(await get('vhosts?columns=name', view)).map((v) => v.name)];
  const file = h('input', { type: 'file', name: 'file', id: 'definitions-file', accept: '.json,application/json', required: true, onchange: () => look() });
  const what = h('p', { role: 'status', class: 'soft' });
  let text = '';

  async function look() {
    text = file.files[0] ? await file.files[0].text() : '';
    try {
      const found = Object.entries(JSON.parse(text)).filter(([, v]) => Array.isArray(v) && v.length > 0).map(([k, v]) => `${v.length} ${k.replaceAll('_', ' ')}`);
      what.textContent = found.length ? `The file has ${found.join(', ')}.` : 'The file has nothing in it.';
    } catch { what.textContent = text ? 'This is not JSON.' : ''; }
  }

  fill(view.main, head(null, 'Definitions', 'Users, virtual hosts, exchanges, queues, bindings, policies and limits, but no messages.'),
    h('div', { class: 'columns' },
      card('Export', h('form', { onsubmit: (e) => { e.preventDefault(); save(values(e.target).from); } }, field({ name: 'from', label: 'What', options: vhosts }), h('button', { class: 'primary' }, 'Save as a file'))),
      card('Import', h('form', { onsubmit: async (e) => {
        e.preventDefault();
        const into = values(e.target).into;
        const { ok } = await attempt(() => post(into ? path`definitions/${into}` : 'definitions', text), 'Everything in the file is there.');
        if (ok) view.vhostsChanged();
      } }, h('div', { class: 'field' }, h('label', { for: 'definitions-file' }, 'File'), file), what,
      field({ name: 'into', label: 'Into', options: vhosts, hint: 'Users, permissions, policies and parameters in the file replace those that are there; queues and exchanges that are there stay as they are.' }), h('button', { class: 'primary' }, 'Import')))));
}

async function save(vhost) {
  const { ok, result } = await attempt(() => get(vhost ? path`definitions/${vhost}` : 'definitions'));
  if (!ok) return;
  const url = URL.createObjectURL(new Blob([JSON.stringify(result, null, 2)], { type: 'application/json' }));
  const day = new Date().toISOString().slice(0, 10);
  h('a', { href: url, download: `definitions-${vhost ? `${vhost.replace(/[^\w.-]+/g, '_')}-` : ''}${day}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

