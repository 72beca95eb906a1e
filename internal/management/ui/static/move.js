// Messages on their way: back where they died, or anywhere else. The broker removes one
// only when it has arrived.

import { get, inPath, path, post, query } from './api.js';
import { origin } from './death.js';
import { open } from './dialog.js';
import { h } from './dom.js';
import { field, values } from './form.js';
import { exchange as called, plural } from './format.js';
import { done } from './notices.js';

const forget = (value = false) => field({ name: 'forget', label: 'Forget how it died', type: 'checkbox', value,
  hint: 'Removes x-death and its like, for consumers that give up on what has died before.' });

// sendBack sends a dead letter to the queue that it died in.
export async function sendBack({ at, message }) {
  const queue = origin(message);
  const sent = await open({
    title: `Send it back to ${queue}?`, button: 'Send it back',
    body: [h('p', {}, 'It goes into that queue alone, behind what is there.'), forget()],
    act: (form) => post(at('/move'), { queue, forget_deaths: values(form).forget }).then(() => true),
  });
  if (sent) done(`The message is in ${queue}.`);
  return sent;
}

// ask asks where a message is to go, and moves or copies it there.
export async function ask({ vhost, name, at, message, keep }) {
  const [queues, exchanges] = await Promise.all([
    get(query(path`queues/${vhost}`, { page: 1, page_size: 500, columns: 'name' })).then((p) => p.items.map((q) => q.name)),
    get(query(path`exchanges/${vhost}`, { page: 1, page_size: 500, columns: 'name' })).then((p) => p.items.map((x) => inPath(x.name))),
  ]);
  const toQueue = h('div', {}, field({ name: 'queue', label: 'Queue', list: queues.filter((q) => q !== name || keep), value: origin(message) ?? '' }));
  const toExchange = h('div', { hidden: true }, field({ name: 'exchange', label: 'Exchange', list: exchanges, value: inPath(message.exchange) }),
    field({ name: 'key', label: 'Routing key', value: message.routing_key }));
  const where = field({ name: 'where', label: 'Where to', options: [['queue', 'one queue'], ['exchange', 'an exchange, which routes it']] });
  where.addEventListener('change', (e) => { toQueue.hidden = e.target.value !== 'queue'; toExchange.hidden = !toQueue.hidden; });
  const moved = await open({
    title: keep ? 'Copy this message' : 'Move this message', button: keep ? 'Copy' : 'Move',
    body: [where, toQueue, toExchange, forget()],
    act: async (form) => {
      const v = values(form);
      const to = v.where === 'queue' ? { queue: v.queue } : { exchange: v.exchange, routing_key: v.key };
      await post(at(keep ? '/copy' : '/move'), { ...to, forget_deaths: v.forget });
      return v.where === 'queue' ? v.queue : called(v.exchange);
    },
  });
  if (moved) done(keep ? `A copy is on its way to ${moved}; this one stays.` : `The message has arrived at ${moved}.`);
  return moved;
}

// backAll sends every dead letter of a queue back to the queue that it died in, the oldest
// first. What cannot be sent stays, and is told.
export async function backAll(vhost, name) {
  const at = path`messages/${vhost}/${name}`;
  const progress = h('progress', { 'aria-label': 'Progress', hidden: true });
  const told = h('p', { role: 'status' });
  let stopped = false;
  let sent = 0;
  const result = open({
    title: 'Send all dead letters back', button: 'Send them back',
    body: [h('p', {}, 'Each goes to the queue that it died in, the oldest first. What comes meanwhile goes too. Messages that have not died stay here.'), forget(), progress, told],
    act: async (form) => {
      const { forget: forget_deaths } = values(form);
      progress.hidden = false;
      const stayed = new Map();
      for (let from = 'first'; from !== null && !stopped;) {
        const page = await get(query(at, { from, count: 100, truncate: 0 }));
        for (const m of page.messages) {
          const queue = origin(m);
          if (stopped) break;
          if (queue === null || queue === name) continue;
          try {
            await post(`${at}/${encodeURIComponent(m.id)}/move`, { queue, forget_deaths });
            sent++;
            told.textContent = `${plural(sent, 'message')} sent back`;
          } catch (e) {
            if (e.status === 0 || e.code === 'not_authorized') throw e;
            if (e.message !== 'It is not there, or no longer.') stayed.set(e.message, (stayed.get(e.message) ?? 0) + 1);
          }
        }
        from = page.next;
      }
      progress.hidden = true;
      if (stayed.size > 0) throw new Error([...stayed].map(([why, n]) => `${plural(n, 'message')} stayed: ${why}`).join(' '));
      return true;
    },
  });
  await result.finally(() => { stopped = true; });
  if (sent > 0) done(`${plural(sent, 'message')} sent back.`);
  return sent > 0;
}

