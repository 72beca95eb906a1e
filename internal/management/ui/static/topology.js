// What is bound to what: nodes and edges, of a whole virtual host or around one exchange
// or queue.

import { get, inPath, path } from './api.js';

const idOf = (kind, name) => `${kind} ${name}`;

// add puts bindings into a graph; those between the same ends are one edge with several
// keys.
function add(graph, bindings) {
  for (const b of bindings) {
    const from = node(graph, 'exchange', b.source);
    const to = node(graph, b.destination_type, b.destination);
    const id = `${from.id} → ${to.id}`;
    let edge = graph.edges.get(id);
    if (!edge) graph.edges.set(id, edge = { id, from: from.id, to: to.id, keys: [], bindings: [] });
    const named = Object.keys(b.arguments ?? {}).length > 0 ? `${b.routing_key} ${JSON.stringify(b.arguments)}`.trim() : b.routing_key;
    if (!edge.keys.includes(named)) { edge.keys.push(named); edge.bindings.push(b); }
  }
}

function node(graph, kind, name) {
  const id = idOf(kind, name);
  let n = graph.nodes.get(id);
  if (!n) graph.nodes.set(id, n = { id, kind, name });
  return n;
}

const empty = () => ({ nodes: new Map(), edges: new Map(), cut: false });

// whole makes the graph of all bindings that somebody has made.
export function whole(bindings) {
  const graph = empty();
  add(graph, bindings.filter((b) => b.source !== ''));
  return graph;
}

// around leaves of a graph what leads to a node, and where it leads: nearest first, at
// most so many nodes.
export function around(graph, start, most) {
  const part = empty();
  const edges = [...graph.edges.values()];
  const into = Map.groupBy(edges, (e) => e.to);
  const outOf = Map.groupBy(edges, (e) => e.from);
  if (graph.nodes.has(start)) part.nodes.set(start, graph.nodes.get(start));
  const walk = (by, end) => {
    const queue = [start];
    const seen = new Set(queue);
    while (queue.length > 0) {
      for (const e of by.get(queue.shift()) ?? []) {
        const next = e[end];
        if (!part.nodes.has(next)) {
          if (part.nodes.size >= most) { part.cut = true; continue; }
          part.nodes.set(next, graph.nodes.get(next));
        }
        part.edges.set(e.id, e);
        if (!seen.has(next)) { seen.add(next); queue.push(next); }
      }
    }
  };
  walk(into, 'from');
  walk(outOf, 'to');
  return part;
}

// near asks the API for what is around one exchange or queue, for where there are too many
// bindings to ask for all; and returns the bindings of its own, into it and from it, too.
export async function near(vhost, kind, name, most, signal) {
  const graph = empty();
  node(graph, kind, name);
  const exchanges = (x, end) => get(path`exchanges/${vhost}/${inPath(x)}/bindings/${end}`, { signal });
  const into = kind === 'queue' ? await get(path`queues/${vhost}/${name}/bindings`, { signal }) : await exchanges(name, 'destination');
  add(graph, kind === 'queue' ? into : into.slice(0, most));
  const up = [...new Set(into.map((b) => b.source))].filter((x) => x !== '');
  for (const seen = new Set(up); up.length > 0;) {
    if (graph.nodes.size >= most) { graph.cut = true; break; }
    const more = await exchanges(up.shift(), 'destination');
    add(graph, more);
    for (const b of more) if (!seen.has(b.source)) { seen.add(b.source); up.push(b.source); }
  }
  let from = [];
  if (kind === 'exchange' && name !== '') {
    const down = [name];
    for (const seen = new Set(down); down.length > 0;) {
      const x = down.shift();
      const more = await exchanges(x, 'source');
      if (x === name) from = more;
      const room = Math.max(0, most - graph.nodes.size);
      if (more.length > room) graph.cut = true;
      add(graph, more.slice(0, room));
      for (const b of more.slice(0, room)) {
        if (b.destination_type === 'exchange' && !seen.has(b.destination)) { seen.add(b.destination); down.push(b.destination); }
      }
    }
  }
  return { graph, into, from };
}

// dead adds where the dead letters of queues go.
export function dead(graph, queues) {
  for (const q of queues) {
    const to = q.arguments?.['x-dead-letter-exchange'] ?? q.effective_policy_definition?.['dead-letter-exchange'];
    const from = idOf('queue', q.name);
    if (to === undefined || !graph.nodes.has(from)) continue;
    const key = q.arguments?.['x-dead-letter-routing-key'] ?? q.effective_policy_definition?.['dead-letter-routing-key'];
    const end = node(graph, to === '' && key !== undefined ? 'queue' : 'exchange', to === '' && key !== undefined ? key : to);
    graph.edges.set(`${from} ✝ ${end.id}`, { id: `${from} ✝ ${end.id}`, from, to: end.id, keys: [to === '' ? 'dead letters' : `dead letters${key === undefined ? '' : ` as ${key}`}`], bindings: [], dead: true });
  }
}
