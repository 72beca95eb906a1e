// Where the messages of a queue come from, and where its dead letters go.

import { get, inPath, path, post, remove } from '../api.js';
import { open } from '../dialog.js';
import { fill, h, swap } from '../dom.js';
import { field, table as pairs, values } from '../form.js';
import { exchange, value } from '../format.js';
import { draw, legend, more, words } from '../graph.js';
import { attempt, done } from '../notices.js';
import { action } from '../parts.js';
import { to } from '../router.js';
import { plain } from '../table.js';
import { dead, near } from '../topology.js';

const most = 60;

export async function show(view) {
  const { content, vhost, name } = view;
  const picture = h('div', {});
  const table = h('div', {});
  fill(content, legend(), picture, h('div', { class: 'row between' }, h('h2', {}, 'Bindings to this queue'), action('Bind it to an exchange', () => bind(vhost, { kind: 'q', name }, load))), table);

  async function load() {
    const [q, { graph, into }] = await Promise.all([get(path`queues/${vhost}/${name}`, view), near(vhost, 'queue', name, most, view.signal)]);
    dead(graph, [q]);
    swap(picture, draw(graph, vhost, `queue ${name}`), words(graph), more(graph));
    swap(table, bindingsTable(vhost, into, load));
  }
  await load();
}

// bindingsTable shows bindings, and removes them.
export const bindingsTable = (vhost, bindings, then) => plain(['From', 'To', 'Routing key', 'Arguments', ''], bindings.map((b) => [
  h('a', { href: to('exchanges', vhost, inPath(b.source)) }, exchange(b.source)),
  h('a', { href: to(b.destination_type === 'queue' ? 'queues' : 'exchanges', vhost, inPath(b.destination)) }, b.destination),
  b.routing_key || h('i', { class: 'soft' }, 'empty'),
  Object.entries(b.arguments).map(([k, v]) => h('div', {}, `${k} = ${value(v)}`)),
  b.source === '' ? h('span', { class: 'soft' }, 'always there') : h('button', { type: 'button', 'aria-label': `Unbind ${b.destination} from ${b.source}, ${b.routing_key}`, onclick: async () => {
    const { ok } = await attempt(() => remove(path`bindings/${vhost}/e/${inPath(b.source)}/${b.destination_type === 'queue' ? 'q' : 'e'}/${inPath(b.destination)}/${b.properties_key}`), 'The binding is gone.');
    if (ok) await then();
  } }, 'Unbind'),
]), 'None.');

// bind asks for the other end of a new binding: from an exchange to what is given, or from
// what is given.
export async function bind(vhost, destination, then, source) {
  const args = pairs({ label: 'Arguments' });
  const made = await open({
    title: source === undefined ? `Bind ${destination.name} to an exchange` : `Bind something to ${exchange(source)}`, button: 'Bind', wide: true,
    body: [
      source === undefined ? field({ name: 'source', label: 'Exchange', required: true, list: (await get(path`exchanges/${vhost}`)).map((x) => x.name).filter(Boolean) })
        : [field({ name: 'kind', label: 'What', options: [['q', 'a queue'], ['e', 'an exchange']] }), field({ name: 'name', label: 'Its name', required: true })],
      field({ name: 'key', label: 'Routing key', hint: 'for a topic exchange a pattern: * is one word, # any number' }), args.element,
    ],
    act: async (form) => {
      const v = values(form);
      await post(path`bindings/${vhost}/e/${source ?? v.source}/${destination?.kind ?? v.kind}/${destination?.name ?? v.name}`, { routing_key: v.key, arguments: args.read() });
      return true;
    },
  });
  if (made) { done('It is bound.'); await then(); }
}
