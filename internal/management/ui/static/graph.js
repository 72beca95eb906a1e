// A picture of bindings: from left to right, each exchange before what is bound to it.
//
// Nodes are put into layers by the longest way to them. A line over several layers has a
// bend in each, which stands in the layer as a node would, so that no line runs behind a
// node. In each layer nodes and bends come in the order of their neighbours, so that few
// lines cross. Lines back, of dead letters and circles, go around the bottom.

import { inPath } from './api.js';
import { h, s } from './dom.js';
import { to } from './router.js';

const boxWidth = 160, boxHeight = 30, gapX = 172, gapY = 14, margin = 12, portHeight = 16, letter = 6.7, lettersMost = 20;

export function draw(graph, vhost, start) {
  const nodes = [...graph.nodes.values()].map((n) => ({ ...n, size: boxHeight }));
  const at = new Map(nodes.map((n) => [n.id, n]));
  const edges = [...graph.edges.values()].filter((e) => at.has(e.from) && at.has(e.to));
  layer(nodes, edges, at);
  const forward = edges.filter((e) => at.get(e.to).layer > at.get(e.from).layer);
  const back = edges.filter((e) => at.get(e.to).layer <= at.get(e.from).layer);
  for (const [id, into] of Map.groupBy(forward, (e) => e.to)) at.get(id).size = Math.max(boxHeight, into.length * portHeight + 8);
  const ways = forward.map((e) => bend(e, at));
  const layers = order([...nodes, ...ways.flatMap((w) => w.points.slice(1, -1))], ways);

  const tall = (l) => l.reduce((sum, n) => sum + n.size + gapY, -gapY);
  const tallest = Math.max(...layers.map(tall));
  const side = back.length > 0 ? 24 : 0;
  layers.forEach((l, x) => {
    let y = margin + (tallest - tall(l)) / 2;
    for (const n of l) {
      n.x = margin + side + x * (boxWidth + gapX);
      n.y = y;
      y += n.size + gapY;
    }
  });
  ports(ways);
  const width = 2 * (margin + side) + layers.length * boxWidth + (layers.length - 1) * gapX;
  const height = 2 * margin + tallest + (back.length > 0 ? 12 + 20 * back.length : 0);

  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'graph', role: 'group', 'aria-label': 'What is bound to what' });
  svg.append(s('defs', {}, s('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: 'userSpaceOnUse', orient: 'auto' }, s('path', { d: 'M0 0.500L7 4L0 7.500Z' }))));
  const lines = [...ways.map((w) => onward(w)), ...back.map((e, i) => backward(e, at, margin + tallest + 16 + 20 * i, i))];
  svg.append(...lines.map((l) => l.path), ...lines.map((l) => l.label), ...nodes.map((n) => box(n, vhost, n.id === start, lines)));
  const region = h('div', { class: 'scroll picture', tabindex: '0', role: 'region', 'aria-label': 'Picture of the bindings, which may be wider than the page' }, svg);
  requestAnimationFrame(() => { region.scrollTop = (region.scrollHeight - region.clientHeight) / 2; }); // where the lines come from
  return region;
}

// bend gives a line its points: its ends, and one in each layer between.
function bend(edge, at) {
  const from = at.get(edge.from), to = at.get(edge.to);
  const points = [from];
  for (let l = from.layer + 1; l < to.layer; l++) points.push({ layer: l, size: 6, name: edge.keys[0] ?? '' });
  points.push(to);
  return { edge, points };
}

// layer gives each node its layer: one behind the last that leads to it. Of a circle one
// edge does not count.
function layer(nodes, edges, at) {
  const out = Map.groupBy(edges.filter((e) => !e.dead), (e) => e.from);
  for (const n of nodes) n.layer = undefined;
  const depth = new Map();
  const into = Map.groupBy(edges.filter((e) => !e.dead), (e) => e.to);
  const walking = new Set();
  const deep = (id) => {
    if (depth.has(id)) return depth.get(id);
    walking.add(id);
    let d = 0;
    for (const e of into.get(id) ?? []) if (!walking.has(e.from)) d = Math.max(d, deep(e.from) + 1);
    walking.delete(id);
    depth.set(id, d);
    return d;
  };
  for (const n of nodes) n.layer = deep(n.id);
  // What nothing leads to stands right before what it leads to.
  for (const n of nodes) {
    const next = (out.get(n.id) ?? []).map((e) => at.get(e.to).layer);
    if (n.layer === 0 && next.length > 0) n.layer = Math.max(0, Math.min(...next) - 1);
  }
  // Queues stand at the end.
  const last = Math.max(0, ...nodes.map((n) => n.layer));
  for (const n of nodes) if (n.kind === 'queue') n.layer = Math.max(n.layer, nodes.some((m) => m.kind === 'exchange' && m.layer >= last) ? last + 1 : last);
}

function order(nodes, ways) {
  const full = Object.values(Object.groupBy(nodes, (n) => n.layer));
  const place = () => full.forEach((l) => l.forEach((n, i) => { n.place = (i + 0.5) / l.length; }));
  place();
  const near = new Map(nodes.map((n) => [n, []]));
  for (const { points } of ways) {
    points.slice(1).forEach((p, i) => { near.get(p).push(points[i]); near.get(points[i]).push(p); });
  }
  for (let i = 0; i < 12; i++) {
    for (const l of i % 2 ? [...full].reverse() : full) {
      for (const n of l) {
        const all = near.get(n);
        n.middle = all.length ? all.reduce((sum, m) => sum + m.place, 0) / all.length : n.place;
      }
      l.sort((a, b) => a.middle - b.middle || a.name.localeCompare(b.name));
      place();
    }
  }
  return full;
}

// ports gives each line its own height at its end, in the order in which they come, so
// that there is room for its keys above it.
function ports(ways) {
  for (const into of Map.groupBy(ways, (w) => w.points.at(-1)).values()) {
    const end = into[0].points.at(-1);
    into.sort((a, b) => middle(a.points.at(-2)) - middle(b.points.at(-2)));
    into.forEach((w, i) => { w.port = middle(end) + (i - (into.length - 1) / 2) * portHeight + (into.length > 1 ? 3 : 0); });
  }
}

const middle = (n) => n.y + n.size / 2;

function onward({ edge, points, port }) {
  const text = shown(edge, lettersMost);
  let d = `M${points[0].x + boxWidth} ${middle(points[0])}`;
  const end = points.at(-1);
  points.slice(1).forEach((p, i) => {
    const x1 = points[i].x + boxWidth, y1 = middle(points[i]);
    const x2 = p === end ? p.x - text.length * letter - 18 : p.x, y2 = p === end ? port : middle(p);
    const half = (x2 - x1) / 2;
    d += `C${x1 + half} ${y1} ${x2 - half} ${y2} ${x2} ${y2}H${p === end ? p.x : p.x + boxWidth}`;
  });
  return drawn(edge, d, end.x - 11, port - 4, 'end', text);
}

// backward leads a line around the bottom.
function backward(edge, at, bottom, i) {
  const a = at.get(edge.from), b = at.get(edge.to);
  const out = a.x + boxWidth + 10 + (i % 3) * 4, into = b.x - 10 - (i % 3) * 4, y1 = a.y + a.size - 8, y2 = b.y + b.size - 8;
  const d = `M${a.x + boxWidth} ${y1}H${out - 5}q5 0 5 5V${bottom - 5}q0 5 -5 5H${into + 5}q-5 0 -5 -5V${y2 + 5}q0 -5 5 -5H${b.x}`;
  return drawn(edge, d, out - 12, bottom - 4, 'end', shown(edge, 60));
}

// shown is what is written at a line.
function shown(edge, most) {
  const keys = edge.keys.map(quiet);
  const text = keys.length > 2 ? `${keys.slice(0, 2).join(', ')} +${keys.length - 2}` : keys.join(', ');
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

const drawn = (edge, d, x, y, anchor, text) => ({
  edge,
  path: s('path', { class: `edge${edge.dead ? ' dead' : ''}`, d, 'marker-end': 'url(#arrow)' }),
  label: s('text', { class: 'key', x, y, 'text-anchor': anchor }, text, s('title', {}, edge.keys.map(quiet).join('\n'))),
});

const quiet = (key) => (key === '' ? '(empty)' : key);

// box is a node: a link, which shows its own lines when it has the pointer or the focus.
function box(n, vhost, here, lines) {
  const own = lines.filter((l) => l.edge.from === n.id || l.edge.to === n.id);
  const light = (on) => () => { for (const l of own) { l.path.classList.toggle('lit', on); l.label.classList.toggle('lit', on); } };
  const name = n.name === '' ? '(default)' : n.name;
  return s('a', {
    href: n.kind === 'queue' ? to('queues', vhost, n.name) : to('exchanges', vhost, inPath(n.name)), class: `node ${n.kind}${here ? ' here' : ''}`,
    'aria-label': `${n.kind} ${name}: ${own.filter((l) => l.edge.to === n.id).length} in, ${own.filter((l) => l.edge.from === n.id).length} out`,
    onpointerenter: light(true), onpointerleave: light(false), onfocus: light(true), onblur: light(false),
  }, s('rect', { x: n.x, y: n.y, width: boxWidth, height: n.size, rx: n.kind === 'queue' ? 4 : 15 }),
  s('text', { x: n.x + 14, y: n.y + n.size / 2 + 4.5 }, name.length > 19 ? `${name.slice(0, 18)}…` : name), s('title', {}, `${n.kind} ${name}`));
}

// words says the same as a list, for those who would rather read.
export const words = (graph) => h('details', {}, h('summary', {}, 'The same as a list'), h('ul', {}, [...graph.edges.values()].map((e) => {
  const [a, b] = [graph.nodes.get(e.from), graph.nodes.get(e.to)];
  return a && b && h('li', {}, `${a.kind} `, h('b', {}, a.name || '(default)'), ` → ${b.kind} `, h('b', {}, b.name), e.dead ? ': dead letters' : [' with ', e.keys.map(quiet).join(', ')]);
})));

// more says that a graph is only a part.
export const more = (graph) => graph.cut && h('p', { class: 'soft' }, 'There is more than can be shown here. Go on to one of these to see what is around it.');

export const legend = () => h('p', { class: 'soft legend-line' }, h('span', { class: 'key-exchange' }), ' exchange ', h('span', { class: 'key-queue' }), ' queue ', h('span', { class: 'key-dead' }), ' dead letters. Put the pointer or the focus on one to see its own lines.');
