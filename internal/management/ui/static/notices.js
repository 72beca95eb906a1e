// Notices: what has been done, and what has gone wrong, for a few seconds or until a
// person has read it.

import { h } from './dom.js';

function notice(kind, text, stays) {
  const box = document.getElementById('notices');
  const item = h('div', { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : undefined }, h('p', {}, text),
    h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close this notice', onclick: () => item.remove() }, '×'));
  while (box.childElementCount >= 4) box.firstElementChild.remove();
  box.append(item);
  if (!stays) setTimeout(() => item.remove(), 6000);
}

export const done = (text) => notice('good', text, false);
export const failed = (e) => notice('bad', e.message ?? String(e), true);

// attempt does something for a person, and says how it went.
export async function attempt(what, text) {
  try {
    const result = await what();
    if (text) done(text);
    return { ok: true, result };
  } catch (e) {
    failed(e);
    return { ok: false };
  }
}
