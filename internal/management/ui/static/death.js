// How a message has died, in words, and where it came from.

import { h } from './dom.js';
import { exchange, time } from './format.js';

const reasons = {
  rejected: 'a consumer rejected it', expired: 'its time to live was over',
  maxlen: 'the queue was full', delivery_limit: 'it was delivered too often',
};

// deaths returns the entries of x-death, the newest first.
export function deaths(message) {
  const list = message.properties?.headers?.['x-death'];
  return Array.isArray(list) ? list.filter((d) => d && typeof d === 'object' && typeof d.queue === 'string') : [];
}

// origin returns the queue in which a message has died last, or null.
export const origin = (message) => deaths(message)[0]?.queue ?? null;

// short says it in a few words.
export function short(message) {
  const [last] = deaths(message);
  return last ? `died in ${last.queue}: ${reasons[last.reason] ?? last.reason}` : '';
}

// story tells all of it.
export const story = (message) => h('ol', { class: 'story' }, deaths(message).map((d) => h('li', {},
  'In queue ', h('b', {}, d.queue), ' ', reasons[d.reason] ?? `it died (${d.reason})`,
  d.count > 1 ? `, ${d.count} times` : '', d.time ? `, first on ${time(d.time * 1000)}` : '',
  '. It had come through ', h('b', {}, exchange(d.exchange ?? '')), ' with ', keys(d['routing-keys']), '.')));

function keys(list) {
  const all = Array.isArray(list) ? list : [];
  return [`routing ${all.length === 1 ? 'key' : 'keys'} `, all.map((k, i) => [i ? ', ' : '', h('b', {}, k || '(empty)')])];
}
