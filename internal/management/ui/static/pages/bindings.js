// All bindings of a virtual host as a picture; or, if there are too many, those around one
// exchange or queue.

import { get, path, query } from '../api.js';
import { fill, h, swap } from '../dom.js';
import { field } from '../form.js';
import { plural } from '../format.js';
import { draw, legend, words } from '../graph.js';
import { note } from '../router.js';
import { head } from '../parts.js';
import { around, dead, whole } from '../topology.js';

const most = 60;

export default async function bindings(view) {
  view.title('Bindings');
  const vhosts = (await get('vhosts?columns=name', view)).map((v) => v.name);
  const vhost = view.vhost || view.query.get('vhost') || (vhosts.includes('/') ? '/' : vhosts[0]);
  const [all, queues] = await Promise.all([
    get(query(path`bindings/${vhost}`, { columns: 'source,destination,destination_type,routing_key,arguments' }), view),
    get(query(path`queues/${vhost}`, { columns: 'name,arguments,effective_policy_definition' }), view),
  ]);
  const graph = whole(all);
  dead(graph, queues);
  const picture = h('div', {});
  const names = [...graph.nodes.values()].map((n) => `${n.kind} ${n.name}`).sort();
  const choice = field({ name: 'start', label: 'Around', list: names.slice(0, 5000), value: view.query.get('start') ?? '', placeholder: 'exchange orders' });
  const input = choice.querySelector('input');
  input.classList.add('filter');
  input.addEventListener('change', () => show());
  fill(view.main, head(null, 'Bindings', ['in virtual host ', h('b', {}, vhost)]), h('div', { class: 'row between' }, choice), legend(), picture);

  function show() {
    const start = input.value.trim();
    note({ start });
    if (graph.nodes.size === 0) return swap(picture, h('p', {}, 'Nothing is bound to anything here, but queues to the default exchange.'));
    if (start === '' && graph.nodes.size <= most) return swap(picture, draw(graph, vhost), words(graph));
    const begin = start || busiest(graph);
    if (!graph.nodes.has(begin)) return swap(picture, h('p', {}, `There is no ${begin} that is bound to anything.`));
    const part = around(graph, begin, most);
    return swap(picture, h('p', { class: 'soft', role: 'status' }, `What is around ${begin}${part.cut ? `: the nearest ${most}` : ''}, of ${plural(graph.nodes.size, 'exchange or queue', 'exchanges and queues')} in all.`),
      draw(part, vhost, begin), words(part));
  }
  show();
}

// busiest is the exchange with the most bindings.
function busiest(graph) {
  const degree = new Map();
  for (const e of graph.edges.values()) degree.set(e.from, (degree.get(e.from) ?? 0) + 1);
  return [...degree].sort((a, b) => b[1] - a[1])[0]?.[0] ?? graph.nodes.keys().next().value;
}
