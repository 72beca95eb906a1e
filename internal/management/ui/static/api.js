// The API, which is all that these pages know. Whoever logs in is remembered by this tab
// alone, until it is closed.

const base = new URL('api/', document.baseURI);
const key = 'harebell.session';

// A Refusal is an answer of the API that says why not, in words.
class Refusal extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let session = JSON.parse(sessionStorage.getItem(key) ?? 'null');
let ended = () => {};

// onEnd is called when the API no longer knows who asks.
export const onEnd = (f) => { ended = f; };

export const user = () => session;

// The tags include each other as the API sees it.
const has = (...tags) => tags.some((t) => session?.tags.includes(t));
export const may = {
  administer: () => has('administrator'),
  monitor: () => has('administrator', 'monitoring'),
  setPolicies: () => has('administrator', 'policymaker'),
};

// login finds out whether a name and a password are right, and remembers them.
export async function login(name, password) {
  const octets = new TextEncoder().encode(`${name}:${password}`);
  const credentials = `Basic ${btoa(String.fromCharCode(...octets))}`;
  const who = await send('GET', 'whoami', { credentials });
  session = { name: who.name, tags: who.tags, credentials };
  sessionStorage.setItem(key, JSON.stringify(session));
}

export function logout() {
  session = null;
  sessionStorage.removeItem(key);
}

// path makes a path of names, whatever characters they have: path`queues/${vhost}/${name}`.
export const path = (texts, ...names) =>
  texts.reduce((all, text, i) => all + encodeURIComponent(names[i - 1]) + text);

// inPath is how an exchange is called in paths.
export const inPath = (exchange) => (exchange === '' ? 'amq.default' : exchange);

// query makes a path with a query, without what is empty.
export function query(at, values) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '') q.set(name, value);
  }
  const text = q.toString();
  return text ? `${at}?${text}` : at;
}

export const get = (at, options) => call('GET', at, options);
export const put = (at, body) => call('PUT', at, { body });
export const post = (at, body) => call('POST', at, { body });
export const remove = (at, headers) => call('DELETE', at, { headers });

async function call(method, at, options) {
  try {
    return await send(method, at, { credentials: session?.credentials, ...options });
  } catch (e) {
    if (e.status === 401 && (e.code === 'not_authorized' || e.code === '')) ended();
    throw e;
  }
}

// send asks. The browser keeps its own credentials, and its own dialogue, out of it.
async function send(method, at, { credentials, body, signal, headers }) {
  let answer;
  try {
    answer = await fetch(new URL(at, base), {
      method, signal, credentials: 'omit', cache: 'no-store',
      headers: { authorization: credentials, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Refusal(0, 'The broker does not answer.', '');
  }
  const text = await answer.text();
  if (!answer.ok) throw refusal(answer, text);
  return text === '' ? null : JSON.parse(text);
}

function refusal(answer, text) {
  let said = {};
  try { said = JSON.parse(text); } catch { /* not the API's own words */ }
  return new Refusal(answer.status, inWords(answer.status, said), said.error ?? '');
}

function inWords(status, { error, reason }) {
  if (error === 'not_authorized') return 'Name or password is wrong.';
  if (reason === 'Not management user') return 'This user has no tag that allows using these pages: management, monitoring, policymaker or administrator.';
  if (reason === 'Access refused.') return 'You are not allowed to do that here.';
  if (error === 'Object Not Found') return 'It is not there, or no longer.';
  if (Array.isArray(reason)) return sentence(reason.map((r) => (typeof r === 'string' ? r.replaceAll('_', ' ') : JSON.stringify(r))).join(': '));
  if (typeof reason === 'string') return sentence(reason.replace(/\s+/g, ' ').trim());
  return `The broker answered ${status}.`;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
