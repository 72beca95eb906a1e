// One queue or stream: how it is now, its messages, and where they come from.

import { get, path } from '../api.js';
import { fill, h } from '../dom.js';
import { done } from '../notices.js';
import { action, badge, features, head } from '../parts.js';
import { to } from '../router.js';
import { erase, purge } from './queues.js';
import { publish } from '../publish.js';

const tabs = [['', 'Now'], ['messages', 'Messages'], ['routes', 'Routes']];

export default async function queue(view) {
  const [vhost, name, tab = ''] = view.rest;
  view.title(name, 'Queue');
  const q = await get(path`queues/${vhost}/${name}`, view);
  const latest = { q };
  const content = h('div', {});
  fill(view.main, 
    head([['Queues', to('queues')]], name, [badge(q.type, 'Its type', 'type'), ' ', features(q), ' in virtual host ', h('b', {}, vhost)], [
      action('Publish a message', () => publish({ vhost, exchange: '', key: name, fixed: true })),
      q.type !== 'stream' && action('Purge', async () => purge(await get(path`queues/${vhost}/${name}`))),
      action('Delete', async () => {
        if (await erase(await get(path`queues/${vhost}/${name}`))) { done(`Queue ${name} is gone.`); location.hash = to('queues'); }
      }, 'danger'),
    ]),
    h('nav', { class: 'tabs', 'aria-label': 'Of this queue' }, tabs.map(([id, text]) =>
      h('a', { href: to('queues', vhost, name, ...(id ? [id] : [])), 'aria-current': id === tab ? 'page' : undefined }, text))),
    content);
  const { show } = await (tab === 'messages' ? import('./queue-messages.js') : tab === 'routes' ? import('./queue-routes.js') : import('./queue-now.js'));
  await show({ ...view, content, vhost, name, latest });
}
