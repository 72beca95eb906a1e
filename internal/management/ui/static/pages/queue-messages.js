// The messages of a queue, where they are: looked at without a trace, moved, copied or
// removed one by one.

import { get, path, query, remove } from '../api.js';
import { body, headers, preview, properties } from '../body.js';
import { deaths, short, story } from '../death.js';
import { sure } from '../dialog.js';
import { fill, h, swap } from '../dom.js';
import { ago, count, exchange, octets, plural, time } from '../format.js';
import { attempt, done } from '../notices.js';
import { action } from '../parts.js';
import { details } from '../table.js';
import { ask, backAll, sendBack } from '../move.js';

const pageSize = 50;

export async function show(view) {
  const { content, vhost, name, latest } = view;
  const stream = latest.q.type === 'stream';
  const at = (id, then = '') => path`messages/${vhost}/${name}/${id}` + then;
  const before = []; // where the earlier pages began
  let from = 'first';
  let chosen = null;
  let got = { messages: [], next: null };

  const lines = h('div', { class: 'messages', role: 'list', 'aria-label': 'Messages' });
  const one = h('div', { class: 'message', 'aria-live': 'off' });
  const summary = h('p', { class: 'soft', role: 'status' });
  const bulk = h('div', { class: 'row' });
  const back = action('← Earlier', () => go(before.pop() ?? 'first', true));
  const on = action('Later →', () => go(got.next));
  const offset = h('input', { type: 'search', class: 'filter', placeholder: stream ? 'Go to offset' : 'Go to number', 'aria-label': stream ? 'Go to offset' : 'Go to message number' });
  fill(content, 
    h('p', { class: 'soft' }, stream ? 'The messages of this stream, by their offsets.' : 'What is ready, in the order of its coming. Looking changes nothing: no message is taken, marked or counted. What consumers have unacked is not shown.'),
    h('div', { class: 'row between browse-bar' },
      h('div', { class: 'row' }, action('First', () => go('first')), action('Newest', () => go('last')),
        h('form', { class: 'row', onsubmit: (e) => { e.preventDefault(); if (offset.value.trim()) go(offset.value.trim()); } }, offset, h('button', {}, 'Go')),
        action('Look again', () => go(from, true))),
      bulk),
    summary, h('div', { class: 'browse' }, h('div', {}, lines, h('nav', { class: 'row pager', 'aria-label': 'Pages of messages' }, back, on)), one));
  lines.addEventListener('keydown', (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const all = [...lines.querySelectorAll('button')];
    all[all.indexOf(document.activeElement) + step]?.focus();
  });

  async function go(to, stay = false) {
    if (to === null) return;
    if (!stay && to === got.next) before.push(from);
    else if (!stay) before.length = 0;
    from = to;
    await attempt(load);
  }

  async function load() {
    got = await get(query(path`messages/${vhost}/${name}`, { from, count: pageSize, truncate: 2048 }), view);
    const numbers = got.messages.length;
    summary.textContent = numbers === 0 ? (stream ? 'Nothing is there from this offset on.' : 'No message is ready.')
      : stream ? `Offsets ${got.messages[0].id} to ${got.messages.at(-1).id}; there are ${got.first_offset} to ${got.last_offset}.`
        : `${plural(numbers, 'message')}${got.next ? ', and there are more' : ''}.`;
    swap(lines, got.messages.map(line));
    back.disabled = before.length === 0;
    on.disabled = got.next === null;
    const dead = !stream && got.messages.some((m) => deaths(m).length > 0);
    swap(bulk, dead && action('Send all dead letters back…', async () => { if (await backAll(vhost, name)) { chosen = null; swap(one); await go('first'); } }, 'primary'));
    if (chosen && !got.messages.some((m) => m.id === chosen)) { chosen = null; swap(one); }
  }

  const line = (m) => h('div', { role: 'listitem', 'data-key': m.id }, h('button', { type: 'button', class: 'letter', 'aria-pressed': String(m.id === chosen), onclick: () => choose(m) },
    h('span', { class: 'letter-top' }, h('b', {}, `${stream ? 'offset' : '#'} ${m.id}`), h('span', {}, exchange(m.exchange), ' → ', m.routing_key || '(empty key)'), h('span', { class: 'soft' }, octets(m.payload_bytes))),
    h('span', { class: 'letter-text' }, preview(m)),
    deaths(m).length > 0 && h('span', { class: 'death' }, '✝ ', short(m))));

  async function choose(m) {
    chosen = m.id;
    swap(lines, got.messages.map(line));
    const all = await attempt(() => get(query(at(m.id), { truncate: 1 << 20 }), view));
    if (!all.ok || chosen !== m.id) return;
    swap(one, shown(all.result));
    if (window.matchMedia('(max-width: 60rem)').matches) one.scrollIntoView({ block: 'start' });
  }

  // gone shows what comes after a message that has left.
  async function gone(m) {
    const i = got.messages.findIndex((x) => x.id === m.id);
    const next = got.messages[i + 1] ?? got.messages[i - 1];
    chosen = null;
    swap(one);
    await attempt(load);
    const still = next && got.messages.find((x) => x.id === next.id);
    if (still) await choose(still);
    lines.querySelector('[aria-pressed=true]')?.focus();
  }

  function shown(m) {
    const died = deaths(m);
    const place = { vhost, name, at: (then) => at(m.id, then), message: m };
    const actions = [
      !stream && died.length > 0 && action('Send back', async () => { if (await sendBack(place)) await gone(m); }, 'primary'),
      !stream && action('Move…', async () => { if (await ask({ ...place, keep: false })) await gone(m); }),
      action('Copy…', () => ask({ ...place, keep: true })),
      !stream && action('Delete', async () => {
        const removed = await sure('Delete this message?', `Message ${m.id} of ${name} is dropped. It is not dead-lettered, and cannot be got back.`, 'Delete the message', () => remove(at(m.id)));
        if (removed) { done('The message is gone.'); await gone(m); }
      }, 'danger'),
    ];
    return h('article', { class: 'card', 'data-key': m.id, 'aria-label': `Message ${m.id}` },
      h('div', { class: 'row between' }, h('h2', {}, stream ? `Offset ${m.id}` : `Message ${m.id}`), h('div', { class: 'row' }, actions)),
      details([
        ['Published to', [exchange(m.exchange), ' with routing key ', h('b', {}, m.routing_key || '(empty)')]],
        ['Redelivered', m.redelivered ? 'yes: a consumer may have had it' : undefined],
        ['Expires', m.expires ? `${time(m.expires)}, ${ago(m.expires)}` : undefined],
        ['Came', m.published ? `${time(m.published)}, ${ago(m.published)}` : undefined],
        ['Size', `${count(m.payload_bytes)} octets`],
      ]),
      died.length > 0 && [h('h3', {}, 'How it died'), story(m)],
      h('h3', {}, 'Body'), body(m),
      properties(m).length > 0 && [h('h3', {}, 'Properties'), details(properties(m))],
      headers(m).length > 0 && [h('h3', {}, 'Headers'), details(headers(m))]);
  }

  await load();
}
