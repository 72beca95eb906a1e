// All channels that one may see.

import { path } from '../api.js';
import { fill, h } from '../dom.js';
import { count, rate } from '../format.js';
import { badge, head } from '../parts.js';
import { to } from '../router.js';
import { list, paged } from '../table.js';

const asked = ['name', 'connection_details.user_provided_name', 'vhost', 'user', 'confirm', 'transactional', 'prefetch_count', 'consumer_count', 'messages_unacknowledged', 'messages_unconfirmed',
  'message_stats.publish_details.rate', 'message_stats.deliver_get_details.rate', 'message_stats.ack_details.rate'];

export const mode = (ch) => [ch.confirm && badge('confirms', 'Its publishes are confirmed'), ch.transactional && badge('tx', 'It is transactional')].filter(Boolean);

export default async function channels(view) {
  view.title('Channels');
  const r = (field) => (ch) => rate(ch.message_stats?.[`${field}_details`]?.rate ?? 0);
  const columns = [
    { title: 'Channel', sort: 'name', cell: (ch) => [h('a', { href: to('channels', ch.name) }, ch.name), ' ', mode(ch), ch.connection_details?.user_provided_name && h('div', { class: 'soft' }, ch.connection_details.user_provided_name)] },
    !view.vhost && { title: 'Virtual host', sort: 'vhost', narrow: 2, cell: (ch) => ch.vhost },
    { title: 'User', sort: 'user', narrow: 2, cell: (ch) => ch.user },
    { title: 'Consumers', sort: 'consumer_count', desc: true, number: true, narrow: 2, cell: (ch) => count(ch.consumer_count) },
    { title: 'Prefetch', sort: 'prefetch_count', desc: true, number: true, narrow: 3, cell: (ch) => ch.prefetch_count || 'any' },
    { title: 'Unacked', sort: 'messages_unacknowledged', desc: true, number: true, cell: (ch) => count(ch.messages_unacknowledged) },
    { title: 'Unconfirmed', sort: 'messages_unconfirmed', desc: true, number: true, narrow: 3, cell: (ch) => count(ch.messages_unconfirmed) },
    { title: 'Publishes', sort: 'message_stats.publish_details.rate', desc: true, number: true, cell: r('publish') },
    { title: 'Gets', sort: 'message_stats.deliver_get_details.rate', desc: true, number: true, narrow: 1, cell: r('deliver_get') },
    { title: 'Acks', sort: 'message_stats.ack_details.rate', desc: true, number: true, narrow: 3, cell: r('ack') },
  ].filter(Boolean);
  const shown = list({ what: 'channel', columns, key: (ch) => ch.name, source: paged(() => (view.vhost ? path`vhosts/${view.vhost}/channels` : 'channels'), asked) });
  fill(view.main, head(null, 'Channels'), shown.element);
  view.live(() => shown.look(view.signal));
}
