// Where the pages begin: who it is, what goes around every page, and which page it is.

import { h, swap } from './dom.js';
import * as api from './api.js';
import { choose, setting, theme } from './settings.js';
import { again, live } from './live.js';
import { here } from './router.js';
import { help, listen } from './keys.js';
import { login } from './login.js';

// The pages, by the first parts of their paths. Each is loaded when somebody comes.
const pages = {
  '': () => import('./pages/overview.js'),
  queues: () => import('./pages/queues.js'),
  exchanges: () => import('./pages/exchanges.js'),
  bindings: () => import('./pages/bindings.js'),
  connections: () => import('./pages/connections.js'),
  channels: () => import('./pages/channels.js'),
  policies: () => import('./pages/policies.js'),
  limits: () => import('./pages/limits.js'),
  users: () => import('./pages/users.js'),
  vhosts: () => import('./pages/vhosts.js'),
  definitions: () => import('./pages/definitions.js'),
  'feature-flags': () => import('./pages/features.js'),
};
const details = {
  queues: () => import('./pages/queue.js'),
  exchanges: () => import('./pages/exchange.js'),
  connections: () => import('./pages/connection.js'),
  channels: () => import('./pages/channel.js'),
  users: () => import('./pages/user.js'),
  vhosts: () => import('./pages/vhost.js'),
};

const menu = () => [
  ['', 'Overview'], ['queues', 'Queues'], ['exchanges', 'Exchanges'], ['bindings', 'Bindings'], ['connections', 'Connections'], ['channels', 'Channels'],
  null,
  ['policies', 'Policies'], ['limits', 'Limits'],
  api.may.administer() && ['users', 'Users'], api.may.administer() && ['vhosts', 'Virtual hosts'],
  api.may.administer() && ['definitions', 'Definitions'], api.may.administer() && ['feature-flags', 'Feature flags'],
].filter((x) => x !== false);

const app = document.getElementById('app');
let shell = null;
let leave = new AbortController(); // of the page that is shown

function start() {
  leave.abort();
  if (!api.user()) {
    shell = null;
    swap(app, login(start));
    app.querySelector('input').focus();
    return;
  }
  shell = around();
  app.replaceChildren(shell.element);
  vhosts();
  show();
}

// around makes what is on every page.
function around() {
  const items = menu().map((item) => (item === null ? h('li', { class: 'gap', 'aria-hidden': 'true' })
    : h('li', {}, h('a', { href: `#/${item[0]}`, 'data-page': item[0] }, item[1]))));
  const toggle = h('button', { type: 'button', class: 'menu', 'aria-expanded': 'false', onclick: () => {
    const open = element.classList.toggle('open');
    toggle.setAttribute('aria-expanded', String(open));
  } }, 'Menu');
  const name = h('p', { class: 'cluster' });
  const nav = h('nav', { class: 'side', 'aria-label': 'Pages' },
    h('div', { class: 'brand' }, h('img', { src: 'ui/icon.svg', alt: '', width: 30, height: 30 }), h('div', {}, h('b', {}, 'Harebell'), name), toggle),
    h('ul', {}, items));

  const vhost = h('select', { id: 'vhost', onchange: () => { choose('vhost', vhost.value); show(); } });
  const refresh = h('select', { id: 'refresh', onchange: () => { choose('refresh', Number(refresh.value)); again(); } },
    [[1, 'every second'], [2, 'every 2 s'], [5, 'every 5 s'], [15, 'every 15 s'], [0, 'not by itself']].map(([v, t]) => h('option', { value: v, selected: v === setting('refresh') }, t)));
  const light = h('select', { id: 'theme', onchange: () => choose('theme', light.value) },
    [['system', 'as the system'], ['light', 'light'], ['dark', 'dark']].map(([v, t]) => h('option', { value: v, selected: v === setting('theme') }, t)));
  const bar = h('header', { class: 'top' },
    h('div', { class: 'pick' }, h('label', { for: 'vhost' }, 'Virtual host'), vhost),
    h('div', { class: 'pick rare' }, h('label', { for: 'refresh' }, 'Look again'), refresh),
    h('div', { class: 'pick rare' }, h('label', { for: 'theme' }, 'Colours'), light),
    h('div', { class: 'row who' }, h('span', {}, h('span', { class: 'soft' }, 'as '), api.user().name),
      h('button', { type: 'button', onclick: help, 'aria-label': 'Help with keys' }, '?'),
      h('button', { type: 'button', onclick: () => { api.logout(); start(); } }, 'Log out')));
  const trouble = h('p', { class: 'trouble', role: 'alert', hidden: true });
  const main = h('main', { id: 'main', tabindex: '-1' });
  const element = h('div', { class: 'shell' }, nav, h('div', { class: 'page' }, bar, trouble, main));
  const close = () => { element.classList.remove('open'); toggle.setAttribute('aria-expanded', 'false'); };
  return { element, main, trouble, vhost, name, close, links: [...nav.querySelectorAll('a')] };
}

// vhosts fills in the choice of virtual hosts, and how the broker is called.
async function vhosts() {
  const { vhost, name } = shell;
  try {
    const all = (await api.get('vhosts?columns=name')).map((v) => v.name);
    if (!all.includes(setting('vhost'))) choose('vhost', '');
    vhost.replaceChildren(h('option', { value: '' }, 'all'), ...all.map((v) => h('option', { value: v, selected: v === setting('vhost') }, v)));
    name.textContent = (await api.get('cluster-name')).name;
  } catch { /* the page itself says what is wrong */ }
}

// show shows the page of the hash.
async function show() {
  if (!api.user() || !shell) return;
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const { parts, query } = here();
  const [page = '', ...rest] = parts;
  const { main, trouble, links, close } = shell;
  close();
  for (const link of links) {
    if (link.dataset.page === page) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const load = (rest.length > 0 && details[page]) || pages[page];
  trouble.hidden = true;
  const tell = (e) => {
    if (signal.aborted) return;
    trouble.hidden = !e;
    trouble.textContent = e ? e.message : '';
  };
  const view = {
    main, signal, rest, query, vhost: setting('vhost'),
    title(...words) { document.title = `${words.join(' · ')} – Harebell`; },
    live: (look) => live(look, signal, tell),
    vhostsChanged: vhosts,
  };
  main.replaceChildren(h('p', { class: 'soft' }, 'Looking…'));
  window.scrollTo(0, 0);
  if (!load) {
    main.replaceChildren(h('h1', {}, 'No such page'), h('p', {}, 'There is nothing at ', h('code', {}, location.hash), '. ', h('a', { href: '#/' }, 'Overview')));
    return;
  }
  try {
    const { default: render } = await load();
    if (signal.aborted) return;
    await render(view);
    // Who came by a link that is gone now goes on from the page, not from the top.
    if (!signal.aborted && document.activeElement === document.body) main.focus({ preventScroll: true });
  } catch (e) {
    if (signal.aborted || e.name === 'AbortError') return;
    main.replaceChildren(h('h1', {}, 'This cannot be shown'), h('p', { role: 'alert' }, e.message));
  }
}

api.onEnd(() => { api.logout(); start(); });
theme();
listen();
document.querySelector('.skip').addEventListener('click', (e) => { e.preventDefault(); document.getElementById('main')?.focus(); });
window.addEventListener('hashchange', show);
start();
