// Charts: a few lines over the last minutes. Each line has a colour and a dash of its own;
// the legend says its value now, or at the moment that the pointer or the arrow keys
// choose.

import { h, s, swap } from './dom.js';
import { span } from './format.js';

const width = 560, height = 180, left = 46, right = 8, top = 10, bottom = 22;
const windowMost = 10 * 60 * 1000;

// chart makes an empty chart. draw shows series: [{name, points: [{at, y}]}].
export function chart({ title, format }) {
  const picture = h('div', { class: 'plot', tabindex: '0', role: 'img' });
  const legend = h('ul', { class: 'legend' });
  const when = h('span', { class: 'soft when' });
  const element = h('figure', { class: 'chart' }, h('figcaption', {}, title, ' ', when), picture, legend);
  let series = [];
  let chosen = null; // an index from the newest, or null for now

  const value = (line) => {
    const points = line.points;
    const i = points.length - 1 - (chosen ?? 0);
    return points[i]?.y ?? null;
  };
  const words = () => {
    swap(legend, series.map((line, i) => h('li', { class: `line-${i}` }, s('svg', { class: 'swatch', viewBox: '0 0 18 4', 'aria-hidden': 'true' },
      s('path', { d: 'M0 2H18' })), `${line.name} `, h('b', {}, value(line) === null ? '–' : format(value(line))))));
    const at = series[0]?.points.at(-1 - (chosen ?? 0))?.at;
    when.textContent = chosen && at ? `${span(Date.now() - at)} ago` : '';
  };
  const choose = (i) => {
    const most = (series[0]?.points.length ?? 1) - 1;
    chosen = i === null || i <= 0 ? null : Math.min(i, most);
    show();
  };
  picture.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowLeft') choose((chosen ?? 0) + 1);
    else if (e.key === 'ArrowRight') choose((chosen ?? 0) - 1);
    else if (e.key === 'Escape') choose(null);
    else return;
    e.preventDefault();
  });
  picture.addEventListener('pointermove', (e) => {
    const points = series[0]?.points ?? [];
    if (points.length < 2) return;
    const box = picture.getBoundingClientRect();
    const x = ((e.clientX - box.left) / box.width) * width;
    const [from, to] = [points[0].at, points.at(-1).at];
    const at = from + ((x - left) / (width - left - right)) * (to - from);
    let best = 0;
    points.forEach((p, i) => { if (Math.abs(p.at - at) < Math.abs(points[best].at - at)) best = i; });
    choose(points.length - 1 - best);
  });
  picture.addEventListener('pointerleave', () => choose(null));

  function show() {
    swap(picture, drawing(series, format, chosen));
    words();
    const most = Math.max(0, ...series.flatMap((l) => l.points.map((p) => p.y ?? 0)));
    picture.setAttribute('aria-label', `${title}: ${series.map((l) => `${l.name} ${value(l) === null ? 'not known yet' : format(value(l))}`).join(', ')}; at most ${format(most)}. Arrow keys go back and forth.`);
  }

  return {
    element,
    draw(next) {
      const begin = Date.now() - windowMost;
      series = next.map((l) => ({ ...l, points: l.points.filter((p) => p.at >= begin) }));
      show();
    },
  };
}

function drawing(series, format, chosen) {
  const points = series[0]?.points ?? [];
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' });
  const most = ceiling(Math.max(0, ...series.flatMap((l) => l.points.map((p) => p.y ?? 0))));
  const y = (v) => top + (1 - v / most) * (height - top - bottom);
  for (const part of [0, 0.5, 1]) {
    svg.append(s('path', { class: 'grid', d: `M${left} ${y(most * part)}H${width - right}` }),
      s('text', { x: left - 6, y: y(most * part) + 3.5, 'text-anchor': 'end' }, format(most * part).replace('/s', '')));
  }
  if (points.length < 2) {
    svg.append(s('text', { x: (width + left) / 2, y: height / 2, 'text-anchor': 'middle' }, 'The lines begin with the next look.'));
    return svg;
  }
  const [from, to] = [points[0].at, points.at(-1).at];
  const x = (at) => left + ((at - from) / (to - from)) * (width - left - right);
  svg.append(s('text', { x: left, y: height - 6 }, `${span(to - from)} ago`), s('text', { x: width - right, y: height - 6, 'text-anchor': 'end' }, 'now'));
  const pause = Math.max(...points.slice(-20).map((p, i, all) => (i ? p.at - all[i - 1].at : 0))) * 3;
  series.forEach((line, i) => {
    let d = '';
    let before = null;
    for (const p of line.points) {
      if (p.y === null) { before = null; continue; }
      d += `${before && p.at - before.at < pause ? 'L' : 'M'}${x(p.at).toFixed(1)} ${y(p.y).toFixed(1)}`;
      before = p;
    }
    svg.append(s('path', { class: `line line-${i}`, d }));
  });
  if (chosen !== null) {
    const at = points[points.length - 1 - chosen]?.at;
    if (at) svg.append(s('path', { class: 'cursor', d: `M${x(at)} ${top}V${height - bottom}` }));
  }
  return svg;
}

// ceiling is the next round number.
function ceiling(n) {
  if (n <= 1) return 1;
  const size = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 4, 6, 8, 10].map((m) => m * size).find((m) => m >= n);
}

// spark is a line without anything around it.
export function spark(samples, name) {
  const points = samples.slice(-40);
  const svg = s('svg', { class: 'spark', viewBox: '0 0 64 16', 'aria-hidden': 'true', preserveAspectRatio: 'none' });
  if (points.length < 2) return svg;
  const most = Math.max(1, ...points.map((p) => p[name]));
  const least = Math.min(...points.map((p) => p[name]));
  const range = Math.max(most - least, 1);
  const [from, to] = [points[0].at, points.at(-1).at];
  const d = points.map((p, i) => `${i ? 'L' : 'M'}${(((p.at - from) / Math.max(to - from, 1)) * 62 + 1).toFixed(1)} ${(14 - ((p[name] - least) / range) * 12).toFixed(1)}`).join('');
  svg.append(s('path', { d }));
  return svg;
}
