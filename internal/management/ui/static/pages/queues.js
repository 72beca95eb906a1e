// All queues and streams.

import { get, path, put, remove } from '../api.js';
import { spark } from '../chart.js';
import { open, sure } from '../dialog.js';
import { fill, h } from '../dom.js';
import { field, table as pairs, values } from '../form.js';
import { count, octets, plural, rate } from '../format.js';
import { record, recorded } from '../history.js';
import { again } from '../live.js';
import { done } from '../notices.js';
import { action, features, growth, head, queueArguments } from '../parts.js';
import { to } from '../router.js';
import { list, paged } from '../table.js';

const asked = ['name', 'vhost', 'type', 'durable', 'auto_delete', 'exclusive', 'policy', 'operator_policy', 'messages', 'messages_ready', 'messages_unacknowledged',
  'messages_details.rate', 'message_bytes', 'consumers', 'message_stats.publish_details.rate', 'message_stats.deliver_get_details.rate'];

export default async function queues(view) {
  view.title('Queues');
  const subject = (q) => `queue in list ${to(q.vhost, q.name)}`;
  const columns = [
    { title: 'Queue', sort: 'name', cell: (q) => [h('a', { href: to('queues', q.vhost, q.name) }, q.name), ' ', features(q)] },
    !view.vhost && { title: 'Virtual host', sort: 'vhost', narrow: 2, cell: (q) => q.vhost },
    { title: 'Type', sort: 'type', narrow: 2, cell: (q) => q.type },
    { title: 'Messages', sort: 'messages', desc: true, number: true, cell: (q) => [spark(recorded(subject(q)), 'messages'), count(q.messages)] },
    { title: 'Growing', sort: 'messages_details.rate', desc: true, number: true, cell: growth },
    { title: 'Unacked', sort: 'messages_unacknowledged', desc: true, number: true, narrow: 1, cell: (q) => count(q.messages_unacknowledged) },
    { title: 'Size', sort: 'message_bytes', desc: true, number: true, narrow: 3, cell: (q) => octets(q.message_bytes) },
    { title: 'In', sort: 'message_stats.publish_details.rate', desc: true, number: true, narrow: 2, cell: (q) => rate(q.message_stats?.publish_details?.rate ?? 0) },
    { title: 'Out', sort: 'message_stats.deliver_get_details.rate', desc: true, number: true, narrow: 2, cell: (q) => rate(q.message_stats?.deliver_get_details?.rate ?? 0) },
    { title: 'Consumers', sort: 'consumers', desc: true, number: true, narrow: 1, cell: (q) => count(q.consumers) },
  ].filter(Boolean);
  const source = paged(() => (view.vhost ? path`queues/${view.vhost}` : 'queues'), asked);
  const shown = list({
    what: 'queue', columns, key: (q) => to(q.vhost, q.name),
    source: async (state, signal) => {
      const got = await source(state, signal);
      for (const q of got.items) record(subject(q), { messages: q.messages });
      return got;
    },
  });
  fill(view.main, head(null, 'Queues', null, [action('Add a queue', () => add(view))]), shown.element);
  view.live(() => shown.look(view.signal));
}

async function add(view) {
  const vhosts = (await get('vhosts?columns=name')).map((v) => v.name);
  const args = pairs({ label: 'Arguments', known: queueArguments });
  const made = await open({
    title: 'Add a queue', button: 'Add', wide: true,
    body: [
      field({ name: 'vhost', label: 'Virtual host', options: vhosts, value: view.vhost || vhosts[0] }),
      field({ name: 'name', label: 'Name', required: true }),
      field({ name: 'type', label: 'Type', options: [['', 'as the virtual host has it'], 'classic', 'quorum', ['stream', 'stream: messages stay, and are read by offset']] }),
      field({ name: 'durable', label: 'Durable', type: 'checkbox', value: true, hint: 'It is there after a restart, with its persistent messages.' }),
      field({ name: 'auto_delete', label: 'Delete it when its last consumer has left', type: 'checkbox' }),
      args.element,
    ],
    act: async (form) => {
      const v = values(form);
      await put(path`queues/${v.vhost}/${v.name}`, { durable: v.durable, auto_delete: v.auto_delete, arguments: { ...(v.type && { 'x-queue-type': v.type }), ...args.read() } });
      return v;
    },
  });
  if (!made) return;
  done(`Queue ${made.name} is there.`);
  again();
}

// erase deletes a queue if a person is sure.
export async function erase(q) {
  return sure(`Delete queue ${q.name}?`, `${q.messages > 0 ? `${plural(q.messages, 'message')} ${q.messages === 1 ? 'goes' : 'go'} with it` : 'It is empty'}, and so do its bindings.${q.consumers > 0 ? ` ${plural(q.consumers, 'consumer')} will be cancelled.` : ''}`,
    'Delete the queue', () => remove(path`queues/${q.vhost}/${q.name}`));
}

export async function purge(q) {
  const sureOfIt = await sure(`Drop all ready messages of ${q.name}?`, `${plural(q.messages_ready, 'message')}. They are not dead-lettered, and cannot be got back. What consumers have unacked stays.`,
    'Drop them', () => remove(path`queues/${q.vhost}/${q.name}/contents`));
  if (sureOfIt) { done('The messages are gone.'); again(); }
}

