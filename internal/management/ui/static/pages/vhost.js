// One virtual host: what it holds, and who may enter.

import { get, path, remove } from '../api.js';
import { chart } from '../chart.js';
import { sure } from '../dialog.js';
import { fill, h, swap } from '../dom.js';
import { short } from '../format.js';
import { level, record } from '../history.js';
import { done } from '../notices.js';
import { action, card, head } from '../parts.js';
import { to } from '../router.js';
import { details, plain } from '../table.js';
import { edit, marks } from './vhosts.js';

export default async function vhost(view) {
  const [name] = view.rest;
  view.title(name, 'Virtual host');
  const at = path`vhosts/${name}`;
  let v = await get(at, view);
  const waiting = chart({ title: 'Queued messages', format: short });
  const about = h('div', {});
  const who = h('div', {});
  fill(view.main, head([['Virtual hosts', to('vhosts')]], name, marks(v), [
    action('Change', () => edit(v, view)),
    action('Delete', async () => {
      if (await sure(`Delete virtual host ${name}?`, 'Everything in it goes: queues with their messages, exchanges, bindings, policies and permissions. Connections to it are closed.', 'Delete everything in it', () => remove(at))) {
        done(`Virtual host ${name} is gone.`);
        view.vhostsChanged();
        location.hash = to('vhosts');
      }
    }, 'danger'),
  ]), h('div', { class: 'columns' }, card('About it', about), waiting.element), card('Who may enter', who));
  view.live(async () => {
    const [now, permissions] = await Promise.all([get(at, view), get(`${at}/permissions`, view)]);
    v = now;
    const samples = record(`vhost ${name}`, { ready: v.messages_ready, unacked: v.messages_unacknowledged });
    waiting.draw([{ name: 'ready', points: level(samples, 'ready') }, { name: 'unacked', points: level(samples, 'unacked') }]);
    swap(about, details([['Description', v.description], ['Type of new queues', v.default_queue_type], ['Tags', v.tags.join(', ')], ['Protected from deletion', v.protected_from_deletion ? 'yes' : 'no'], ['Traced', v.tracing ? 'yes' : 'no']]));
    swap(who, plain(['User', 'Configure', 'Write', 'Read'], permissions.map((p) => [h('a', { href: to('users', p.user) }, p.user), ...['configure', 'write', 'read'].map((k) => h('code', {}, p[k] || '(empty)'))]), 'Nobody.'));
  });
}
