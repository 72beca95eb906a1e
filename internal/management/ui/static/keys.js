// Keys for those who leave the mouse alone.

import { h } from './dom.js';
import { sheet } from './dialog.js';

const places = { o: '#/', q: '#/queues', e: '#/exchanges', b: '#/bindings', c: '#/connections', h: '#/channels', p: '#/policies', u: '#/users' };
const names = { o: 'overview', q: 'queues', e: 'exchanges', b: 'bindings', c: 'connections', h: 'channels', p: 'policies', u: 'users' };

let going = false;

export function listen() {
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest('input, select, textarea') || document.querySelector('dialog[open]')) return;
    if (going && places[e.key]) {
      going = false;
      location.hash = places[e.key];
      return;
    }
    going = e.key === 'g';
    if (e.key === '/') {
      const filter = document.querySelector('.filter');
      if (filter) { e.preventDefault(); filter.focus(); filter.select(); }
    } else if (e.key === '?') help();
  });
}

export function help() {
  const line = (keys, text) => [h('dt', {}, keys.map((k) => h('kbd', {}, k))), h('dd', {}, text)];
  sheet('Keys', h('dl', { class: 'details keys' },
    line(['/'], 'the filter of the list'),
    line(['↑', '↓'], 'from line to line of a list'),
    line(['↵'], 'open what has the focus'),
    line(['←', '→'], 'through the time of a chart that has the focus'),
    line(['Esc'], 'close a dialogue'),
    Object.entries(names).map(([key, name]) => line(['g', key], name)),
    line(['?'], 'this sheet')));
}
