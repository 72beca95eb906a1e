// Dialogues. The browser keeps the focus inside, gives it back, and closes on Escape.

import { h } from './dom.js';

let numbers = 0;

// open shows a dialogue and returns a promise of what act returns, or null if a person
// has thought better of it. act gets the form; its error is shown, and nothing closed.
export function open({ title, body, button = 'OK', danger = false, act = () => true, wide = false }) {
  return new Promise((resolve) => {
    const id = `dialogue-${++numbers}`;
    let result = null;
    const wrong = h('p', { class: 'wrong', role: 'alert' });
    const go = h('button', { class: danger ? 'danger' : 'primary' }, button);
    const cancel = h('button', { type: 'button', onclick: () => box.close() }, 'Cancel');
    const form = h('form', {
      novalidate: false,
      onsubmit: async (e) => {
        e.preventDefault();
        go.disabled = true;
        wrong.textContent = '';
        try {
          result = await act(form);
          box.close();
        } catch (problem) {
          wrong.textContent = problem.message;
        } finally {
          go.disabled = false;
        }
      },
    }, h('h2', { id }, title), body, wrong, h('div', { class: 'row end' }, cancel, go));
    const box = h('dialog', { class: wide ? 'wide' : '', 'aria-labelledby': id, onclose: () => { box.remove(); resolve(result); } }, form);
    document.body.append(box);
    box.showModal();
    form.querySelector('[autofocus], input:not([type=hidden]), select, textarea')?.focus();
  });
}

// sure asks before something is done that cannot be undone, and does it.
export const sure = (title, text, button, act) =>
  open({ title, body: h('p', {}, text), button, danger: true, act: async () => { await act(); return true; } });

// sheet shows something to read.
export function sheet(title, body) {
  const id = `dialogue-${++numbers}`;
  const box = h('dialog', { class: 'wide', 'aria-labelledby': id, onclose: () => box.remove() },
    h('h2', { id }, title), body,
    h('form', { method: 'dialog', class: 'row end' }, h('button', { class: 'primary', autofocus: true }, 'Close')));
  document.body.append(box);
  box.showModal();
}
