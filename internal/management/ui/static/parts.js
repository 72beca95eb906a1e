// Small things that several pages show.

import { h } from './dom.js';
import { short } from './format.js';
import { to } from './router.js';

// growth says whether a queue gets longer, in a sign, a colour and words.
export function growth(q) {
  const r = q.messages_details?.rate ?? 0;
  if (r === 0) return h('span', { class: 'steady' }, h('span', { 'aria-hidden': 'true' }, '· '), h('span', { class: 'hidden' }, 'steady'));
  return h('span', { class: r > 0 ? 'grows' : 'shrinks' }, h('span', { 'aria-hidden': 'true' }, r > 0 ? '▲ ' : '▼ '), `${r > 0 ? '+' : '−'}${short(Math.abs(r))}/s`);
}

// features are the letters of what a queue or an exchange is, with their meanings.
export const features = (x) => [
  x.durable === false && badge('transient', 'It is gone when the broker restarts'), x.auto_delete && badge('auto-delete', 'It goes when nobody uses it any more'),
  x.exclusive && badge('exclusive', 'Only its connection may use it'), x.internal && badge('internal', 'Only other exchanges may publish to it'),
  x.policy && badge(x.policy, 'The policy that holds', 'policy'),
  x.operator_policy && badge(x.operator_policy, 'The operator policy that holds', 'policy'),
].filter(Boolean);

export const badge = (text, title, kind = '') => h('span', { class: `badge ${kind}`, title }, text);

// channelLink leads to a channel. What its client calls the connection says more than where that comes from.
export const channelLink = (d) => h('a', { href: to('channels', d.name), title: d.name }, d.user_provided_name ? `${d.user_provided_name} (${d.number})` : d.name);

// action is a button that does something.
export const action = (text, act, kind) => h('button', { type: 'button', class: kind, onclick: act }, text);

// head is the top of a page: where it is, what it is called, and what can be done.
export const head = (crumbs, name, notes, actions) => h('div', { class: 'head' },
  crumbs && h('nav', { 'aria-label': 'Where this is', class: 'crumbs' }, crumbs.map(([text, href]) => [h('a', { href }, text), ' / '])),
  h('div', { class: 'row between' }, h('h1', {}, name), h('div', { class: 'row actions' }, actions)),
  notes && h('p', { class: 'notes' }, notes));

export const card = (title, ...content) => h('section', { class: 'card' }, h('h2', {}, title), content);

// known are the arguments of queues that have a meaning, by the kind of their values.
export const queueArguments = {
  'x-message-ttl': 'number', 'x-expires': 'number', 'x-max-length': 'number', 'x-max-length-bytes': 'number', 'x-overflow': 'string',
  'x-dead-letter-exchange': 'string', 'x-dead-letter-routing-key': 'string', 'x-dead-letter-strategy': 'string', 'x-max-priority': 'number',
  'x-single-active-consumer': 'boolean', 'x-delivery-limit': 'number', 'x-message-deduplication': 'boolean', 'x-consumer-timeout': 'number',
  'x-max-age': 'string', 'x-stream-max-segment-size-bytes': 'number', 'x-delayed-retry-type': 'string', 'x-delayed-retry-min': 'number', 'x-delayed-retry-max': 'number',
};

export const policyKeys = {
  'message-ttl': 'number', expires: 'number', 'max-length': 'number', 'max-length-bytes': 'number', overflow: 'string', 'dead-letter-exchange': 'string',
  'dead-letter-routing-key': 'string', 'dead-letter-strategy': 'string', 'delivery-limit': 'number', 'consumer-timeout': 'number', 'max-age': 'string',
  'stream-max-segment-size-bytes': 'number', 'alternate-exchange': 'string', 'delayed-retry-type': 'string', 'delayed-retry-min': 'number', 'delayed-retry-max': 'number',
};

export const exchangeArguments = { 'alternate-exchange': 'string', 'x-delayed-type': 'string', 'hash-header': 'string', 'hash-property': 'string', 'x-recent-history-length': 'number', 'x-cache-size': 'number', 'x-cache-ttl': 'number', 'x-cache-persistence': 'string' };
