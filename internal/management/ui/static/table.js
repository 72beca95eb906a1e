// Tables: sorted, filtered and paged by the API for what there may be much of, or here for
// what comes as a whole. What is shown is in the address, and comes back with it.

import { get, query } from './api.js';
import { h, swap } from './dom.js';
import { count, plural } from './format.js';
import { here, note } from './router.js';
import { again } from './live.js';

// paged is a source that the API sorts, filters and cuts into pages.
export const paged = (at, columns) => async ({ sort, reverse, page, size, name }, signal) => {
  const expression = name.match(/^\/(.+)\/$/);
  const ask = (page) => get(query(at(), {
    page, page_size: size, name: expression ? expression[1] : name, use_regex: expression ? 'true' : '',
    sort, sort_reverse: sort && reverse ? 'true' : '', columns: columns.join(','),
  }), { signal });
  try {
    return await ask(page);
  } catch (e) {
    if (e.code !== 'page_out_of_range') throw e;
    return ask(1);
  }
};

// whole is a source that comes at once.
export const whole = (fetch, words) => async ({ sort, reverse, page, size, name }, signal) => {
  const all = await fetch(signal);
  const wanted = all.filter((item) => words(item).toLowerCase().includes(name.toLowerCase()));
  if (sort) wanted.sort((a, b) => compare(a[sort], b[sort]) * (reverse ? -1 : 1));
  const pages = Math.max(1, Math.ceil(wanted.length / size));
  const at = Math.min(page, pages);
  return { items: wanted.slice((at - 1) * size, at * size), page: at, page_count: pages, filtered_count: wanted.length, total_count: all.length };
};

const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a ?? '').localeCompare(String(b ?? '')));

// list makes a table. columns are [{title, cell, sort, number, narrow, desc}]: cell makes
// what is in it of an item, the first has a link; sort is the field to sort by, the largest
// first if desc; narrow says from how much room on it is shown: 1, 2 or 3.
export function list({ what, many = what.endsWith('y') ? `${what.slice(0, -1)}ies` : `${what}s`, source, columns, key, filter = 'Filter by name', empty, own = true, size = 100 }) {
  const asked = own ? here().query : new URLSearchParams();
  const state = {
    sort: asked.get('sort') ?? '', reverse: asked.get('reverse') === 'true', page: Number(asked.get('page')) || 1,
    size: Number(asked.get('size')) || size, name: asked.get('name') ?? '',
  };
  const write = () => own && note({ ...state, page: state.page > 1 ? state.page : '', size: state.size === size ? '' : state.size });

  const body = h('tbody', {});
  const heads = columns.map((c) => head(c));
  const summary = h('p', { class: 'soft', role: 'status' });
  const input = h('input', { type: 'search', value: state.name, placeholder: filter, 'aria-label': filter, class: 'filter', spellcheck: 'false',
    oninput: later(() => { state.name = input.value; state.page = 1; changed(); }, 200) });
  const back = h('button', { type: 'button', onclick: () => { state.page--; changed(); } }, '← Previous');
  const on = h('button', { type: 'button', onclick: () => { state.page++; changed(); } }, 'Next →');
  const sizes = h('select', { 'aria-label': 'Lines on a page', onchange: () => { state.size = Number(sizes.value); state.page = 1; changed(); } },
    [25, 50, 100, 250, 500].map((n) => h('option', { value: n, selected: n === state.size }, `${n} lines`)));
  const pager = h('nav', { class: 'row pager', 'aria-label': `Pages of ${many}` }, back, on, sizes);
  const table = h('table', {}, h('thead', {}, h('tr', {}, heads.map((x) => x.element))), body);
  const element = h('div', { class: 'list' }, h('div', { class: 'row between' }, input, summary), h('div', { class: 'scroll' }, table), pager);

  function head(c) {
    const attributes = { scope: 'col', class: classes(c) };
    if (!c.sort) return { element: h('th', attributes, c.title), show() {} };
    const arrow = h('span', { 'aria-hidden': 'true', class: 'arrow' });
    const button = h('button', { type: 'button', class: 'sort', onclick: () => {
      if (state.sort === c.sort) state.reverse = !state.reverse;
      else Object.assign(state, { sort: c.sort, reverse: Boolean(c.desc) });
      state.page = 1;
      changed();
    } }, c.title, arrow);
    const th = h('th', attributes, button);
    const show = () => {
      const sorted = state.sort === c.sort;
      if (sorted) th.setAttribute('aria-sort', state.reverse ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
      arrow.textContent = sorted ? (state.reverse ? ' ↓' : ' ↑') : '';
    };
    show();
    return { element: th, show };
  }

  function changed() {
    heads.forEach((x) => x.show());
    write();
    again();
  }

  // A click anywhere in a line follows its link, unless there is something else there.
  body.addEventListener('click', (e) => {
    if (e.target.closest('a, button, input, label') || getSelection().toString()) return;
    e.target.closest('tr')?.querySelector('a')?.click();
  });
  // The arrow keys go from line to line.
  body.addEventListener('keydown', (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    const line = e.target.closest('tr');
    if (!step || !line) return;
    e.preventDefault();
    (step > 0 ? line.nextElementSibling : line.previousElementSibling)?.querySelector('a, button')?.focus();
  });

  async function look(signal) {
    const got = await source(state, signal);
    state.page = got.page;
    swap(body, got.items.map((item) => h('tr', { 'data-key': key(item) }, columns.map((c) => h('td', { class: classes(c) }, c.cell(item))))));
    const from = (got.page - 1) * state.size + 1;
    const text = got.filtered_count === 0 ? (state.name ? `None of ${plural(got.total_count, what, many)} has that in its name.` : empty ?? `There are no ${many}.`)
      : `${count(from)}–${count(from + got.items.length - 1)} of ${count(got.filtered_count)}${got.filtered_count < got.total_count ? ` (${count(got.total_count)} in all)` : ''}`;
    if (summary.textContent !== text) summary.textContent = text; // so that it is not read aloud again
    table.hidden = got.items.length === 0;
    input.hidden = got.total_count === 0 && state.name === '';
    back.disabled = got.page <= 1;
    on.disabled = got.page >= got.page_count;
    pager.hidden = got.total_count <= 25;
    return got;
  }
  return { element, look };
}

const classes = (c) => [c.number && 'number', c.narrow && `from-${c.narrow}`].filter(Boolean).join(' ') || null;

function later(f, ms) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(f, ms); };
}

// details makes a list of terms and what they are: [['Type', 'classic'], …]. What is
// undefined is left out.
export const details = (pairs) => h('dl', { class: 'details' },
  pairs.filter(([, v]) => v !== undefined && v !== null && v !== '').map(([term, v]) => [h('dt', {}, term), h('dd', {}, v)]));

// plain makes a small table of rows that are there already.
export const plain = (titles, rows, none) => (rows.length === 0 ? h('p', { class: 'soft' }, none)
  : h('div', { class: 'scroll' }, h('table', {}, h('thead', {}, h('tr', {}, titles.map((t) => h('th', { scope: 'col', class: t.number ? 'number' : null }, t.title ?? t)))),
    h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((c, i) => h('td', { class: titles[i].number ? 'number' : null }, c))))))));

