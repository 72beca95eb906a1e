// Feature flags, as RabbitMQ calls them. All there are hold, and stay.

import { get } from '../api.js';
import { fill } from '../dom.js';
import { badge, head } from '../parts.js';
import { list, whole } from '../table.js';

export default async function features(view) {
  view.title('Feature flags');
  const shown = list({
    what: 'feature flag', key: (f) => f.name, source: whole((signal) => get('feature-flags', { signal }), (f) => `${f.name} ${f.desc}`),
    columns: [{ title: 'Name', sort: 'name', cell: (f) => f.name }, { title: 'State', sort: 'state', cell: (f) => badge(f.state, '', 'type') }, { title: 'What it means', narrow: 1, cell: (f) => f.desc }],
  });
  fill(view.main, head(null, 'Feature flags', 'What clients may ask for by a name. All of it is always on.'), shown.element);
  view.live(() => shown.look(view.signal));
}
