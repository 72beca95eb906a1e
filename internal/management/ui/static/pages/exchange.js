// One exchange: what comes and goes, what is bound to it, and what it holds back.

import { get, inPath, path, remove } from '../api.js';
import { chart } from '../chart.js';
import { preview } from '../body.js';
import { sure } from '../dialog.js';
import { fill, h, swap } from '../dom.js';
import { ago, exchange as called, rate, time, value } from '../format.js';
import { draw, legend, more, words } from '../graph.js';
import { pace, record } from '../history.js';
import { again } from '../live.js';
import { attempt, done } from '../notices.js';
import { action, badge, card, channelLink, features, head } from '../parts.js';
import { publish } from '../publish.js';
import { to } from '../router.js';
import { details, plain } from '../table.js';
import { near } from '../topology.js';
import { bind, bindingsTable } from './queue-routes.js';

const most = 60; // of the exchanges and queues in the picture
const bindingsShown = 500;
const queuesShown = 50;

// first says of a list that only its beginning is shown.
const first = (n, all) => all.length > n && h('p', { class: 'soft' }, `These are the first ${n} of ${all.length}.`);

export default async function exchange(view) {
  const [vhost, segment] = view.rest;
  const name = segment === 'amq.default' ? '' : segment;
  view.title(called(name), 'Exchange');
  const at = path`exchanges/${vhost}/${inPath(name)}`;
  const x = await get(at, view);
  const rates = chart({ title: 'Rates', format: rate });
  const senders = h('div', {});
  const held = h('div', {});
  const went = h('div', {});
  const routes = h('div', {});
  const builtIn = name === '' || name.startsWith('amq.');
  const load = () => attempt(async () => swap(routes, await bound(view, vhost, name, load)));
  fill(view.main, 
    head([['Exchanges', to('exchanges')]], called(name), [badge(x.type, 'Its type', 'type'), ' ', features(x), ' in virtual host ', h('b', {}, vhost)], [
      !x.internal && action('Publish a message', () => publish({ vhost, exchange: name })),
      name !== '' && action('Bind something to it', () => bind(vhost, undefined, load, name)),
      !builtIn && action('Delete', async () => {
        if (await sure(`Delete exchange ${name}?`, 'Its bindings go with it. Publishers that still use it will be refused.', 'Delete the exchange', () => remove(at))) {
          done(`Exchange ${name} is gone.`);
          location.hash = to('exchanges');
        }
      }, 'danger'),
    ]),
    h('div', { class: 'columns' }, rates.element, card('About it', details([
      ['Messages', x.name === '' ? 'go to the queue that their routing key names' : undefined],
      ['After a restart', x.durable ? 'it is there' : 'it is gone'], ['When nothing is bound to it any more', x.auto_delete ? 'it goes' : 'it stays'],
      ['Who may publish', x.internal ? 'other exchanges only' : 'whoever has the permission'],
      ...Object.entries(x.arguments).map(([k, v]) => [k, value(v)]), ['Policy', x.policy],
    ]), senders)), held, routes, went);
  await load();
  view.live(async () => {
    const now = await get(at, view);
    const samples = record(`exchange ${to(vhost, name)}`, { in: now.message_stats?.publish_in ?? 0, out: now.message_stats?.publish_out ?? 0 });
    rates.draw([{ name: 'came in', points: pace(samples, 'in') }, { name: 'went on to queues', points: pace(samples, 'out') }]);
    swap(senders, now.incoming?.length ? [h('h3', {}, 'Who publishes'), plain(['Channel', { title: 'Publishes', number: true }],
      now.incoming.filter((c) => c.channel_details?.name).map((c) => [channelLink(c.channel_details), rate(c.stats?.publish_details?.rate ?? 0)]))] : null);
    swap(went, now.outgoing?.length ? card('Where they went', plain(['Queue', { title: 'Messages', number: true }], now.outgoing.slice(0, queuesShown).map((q) =>
      [h('a', { href: to('queues', vhost, q.queue.name) }, q.queue.name), rate(q.stats?.publish_details?.rate ?? 0)])), first(queuesShown, now.outgoing)) : null);
    if (x.type === 'x-delayed-message') swap(held, delayed(vhost, name, await get(`${at}/delayed`, view)));
  });
}

async function bound(view, vhost, name, then) {
  if (name === '') return h('p', { class: 'soft' }, 'Every queue is bound to this exchange with its own name; nobody can change that.');
  const { graph, from, into } = await near(vhost, 'exchange', name, most, view.signal);
  return [h('h2', {}, 'Routes'), legend(), draw(graph, vhost, `exchange ${name}`), words(graph),
    more(graph),
    h('h2', {}, 'Bound to it'), bindingsTable(vhost, from.slice(0, bindingsShown), then), first(bindingsShown, from), into.length > 0 && [h('h2', {}, 'What it is bound to'), bindingsTable(vhost, into, then)]];
}

// delayed shows the messages that an exchange holds back.
function delayed(vhost, name, messages) {
  return card('Messages held back', plain(['Goes', 'Routing key', 'Body', ''], messages.map((m) => [
    h('span', { title: time(m.due) }, ago(m.due)), m.routing_key, preview(m),
    h('button', { type: 'button', 'aria-label': `Cancel message ${m.id}`, onclick: async () => {
      if (await sure('Cancel this message?', 'It will not be delivered.', 'Cancel the message', () => remove(path`exchanges/${vhost}/${name}/delayed/${m.id}`))) again();
    } }, 'Cancel'),
  ]), 'None.'));
}
