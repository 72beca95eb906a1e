// Pages by their hash, which is RabbitMQ's: #/queues/%2F/orders.

const encode = encodeURIComponent;

// to makes the hash of a page: to('queues', '/', 'orders').
export const to = (...parts) => `#/${parts.map(encode).join('/')}`;

// here reads the hash: the parts of the path, and the query behind it.
export function here() {
  const [at, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const parts = at.split('/').filter((p) => p !== '').map(decode);
  return { parts, query: new URLSearchParams(query) };
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

// note writes what a list shows into the hash, so that it can be come back to. It is no
// step of its own in the browser's history.
export function note(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '' && value !== false) query.set(name, value);
  }
  const [at] = location.hash.split('?');
  const text = query.toString();
  history.replaceState(null, '', text ? `${at || '#/'}?${text}` : at || '#/');
}
