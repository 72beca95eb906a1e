// One channel: what it publishes, gets and acks, and its consumers.

import { get, inPath, path } from '../api.js';
import { chart } from '../chart.js';
import { fill, h, swap } from '../dom.js';
import { count, exchange, rate } from '../format.js';
import { pace, record } from '../history.js';
import { card, head } from '../parts.js';
import { to } from '../router.js';
import { details, plain } from '../table.js';
import { mode } from './channels.js';

export default async function channel(view) {
  const [name] = view.rest;
  view.title(name, 'Channel');
  const at = path`channels/${name}`;
  const first = await get(at, view);
  const rates = chart({ title: 'Rates', format: rate });
  const about = h('div', {});
  const consumers = h('div', {});
  const publishes = h('div', {});
  fill(view.main, head([['Channels', to('channels')]], name, mode(first)), h('div', { class: 'columns' }, card('About it', about), rates.element),
    card('Its consumers', consumers), publishes);
  view.live(async () => {
    const ch = await get(at, view);
    const stats = ch.message_stats ?? {};
    const samples = record(`channel ${name}`, { publish: stats.publish ?? 0, deliver_get: stats.deliver_get ?? 0, ack: stats.ack ?? 0, unroutable: (stats.return_unroutable ?? 0) + (stats.drop_unroutable ?? 0) });
    rates.draw([{ name: 'published', points: pace(samples, 'publish') }, { name: 'delivered', points: pace(samples, 'deliver_get') }, { name: 'acked', points: pace(samples, 'ack') }, { name: 'unroutable', points: pace(samples, 'unroutable') }]);
    swap(about, details([
      ['Connection', h('a', { href: to('connections', ch.connection_details.name) }, ch.connection_details.name)], ['Name by its client', ch.connection_details.user_provided_name], ['User', ch.user], ['Virtual host', ch.vhost],
      ['Published', count(stats.publish ?? 0)], ['Of these unroutable', count((stats.return_unroutable ?? 0) + (stats.drop_unroutable ?? 0))], ['Delivered', count(stats.deliver_get ?? 0)],
      ['Unacked', count(ch.messages_unacknowledged)], ['Unconfirmed', count(ch.messages_unconfirmed)], ['Uncommitted', ch.transactional ? count(ch.messages_uncommitted) : undefined],
      ['Prefetch', ch.prefetch_count ? String(ch.prefetch_count) : 'any number'], ['Prefetch of all consumers', ch.global_prefetch_count ? String(ch.global_prefetch_count) : undefined],
    ]));
    swap(consumers, plain(['Queue', 'Tag', 'Acks', 'State'], ch.consumer_details.map((c) => [
      h('a', { href: to('queues', c.queue.vhost, c.queue.name) }, c.queue.name), c.consumer_tag, c.ack_required ? 'yes' : 'no', c.activity_status === 'waiting' ? 'waits for its turn' : 'active',
    ]), 'None.'));
    swap(publishes, ch.publishes?.length ? card('Where it publishes', plain(['Exchange', { title: 'Publishes', number: true }],
      ch.publishes.map((p) => [h('a', { href: to('exchanges', p.exchange.vhost, inPath(p.exchange.name)) }, exchange(p.exchange.name)), rate(p.stats?.publish_details?.rate ?? 0)]))) : null);
  });
}
