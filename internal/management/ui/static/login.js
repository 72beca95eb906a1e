// The form by which a person logs in.

import * as api from './api.js';
import { h } from './dom.js';
import { field, values } from './form.js';

export function login(then) {
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const button = h('button', { class: 'primary' }, 'Log in');
  const form = h('form', { class: 'card login', 'data-key': 'login', onsubmit: async (e) => {
    e.preventDefault();
    button.disabled = true;
    wrong.textContent = '';
    const { name, password } = values(form);
    try {
      await api.login(name, password);
      then();
    } catch (problem) {
      wrong.textContent = problem.message;
      button.disabled = false;
    }
  } },
  h('img', { src: 'ui/icon.svg', alt: '', width: 56, height: 56 }),
  h('h1', {}, 'Harebell'),
  h('p', { class: 'soft' }, 'Log in as a user of the broker. A token goes in place of the password.'),
  field({ name: 'name', label: 'User', required: true, autocomplete: 'username' }),
  field({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' }),
  wrong, button);
  return h('main', { id: 'main', class: 'gate', tabindex: '-1' }, form);
}
