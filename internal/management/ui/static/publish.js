// The form by which a message is published.

import { inPath, path, post } from './api.js';
import { open } from './dialog.js';
import { h } from './dom.js';
import { field, table as pairs, values } from './form.js';
import { exchange as called } from './format.js';
import { again } from './live.js';
import { done, failed } from './notices.js';

const texts = ['content_type', 'correlation_id', 'reply_to', 'expiration', 'message_id', 'type', 'app_id'];

export async function publish({ vhost, exchange, key = '', fixed = false }) {
  const headers = pairs({ label: 'Headers' });
  const answer = await open({
    title: fixed ? `Publish a message to ${key}` : `Publish a message to ${called(exchange)}`, button: 'Publish', wide: true,
    body: [
      !fixed && field({ name: 'routing_key', label: 'Routing key', value: key }),
      field({ name: 'payload', label: 'Body', type: 'textarea', rows: 6 }),
      field({ name: 'payload_encoding', label: 'The body is', options: [['string', 'text, as it is'], ['base64', 'octets in base64']] }),
      field({ name: 'persistent', label: 'Persistent', type: 'checkbox', value: true, hint: 'Durable queues keep it on disk.' }),
      headers.element,
      h('details', {}, h('summary', {}, 'Other properties'), texts.map((name) => field({ name, label: name.replaceAll('_', ' '),
        hint: name === 'expiration' ? 'milliseconds' : undefined })), field({ name: 'priority', label: 'priority', type: 'number' })),
    ],
    act: async (form) => {
      const v = values(form);
      const properties = { delivery_mode: v.persistent ? 2 : 1 };
      for (const name of texts) if (v[name]) properties[name] = v[name];
      if (v.priority) properties.priority = Number(v.priority);
      const h = headers.read();
      if (Object.keys(h).length > 0) properties.headers = h;
      return post(path`exchanges/${vhost}/${inPath(exchange)}/publish`, {
        routing_key: fixed ? key : v.routing_key, payload: v.payload, payload_encoding: v.payload_encoding, properties });
    },
  });
  if (!answer) return;
  if (answer.routed) done('The message is published.');
  else failed(new Error('No queue wants this message: it was dropped. Nothing is bound there with such a routing key.'));
  again();
}
