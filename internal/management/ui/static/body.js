// The body of a message: JSON with its colours, text, or octets.

import { h } from './dom.js';
import { octets as size, value } from './format.js';

const tokens = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

// body shows what came of a body, and how much of it that is.
export function body(message) {
  const octets = bytes(message);
  const text = message.payload_encoding === 'string' ? message.payload : null;
  const pretty = text === null ? null : json(text);
  const views = [
    pretty !== null && ['JSON', () => coloured(pretty)],
    text !== null && ['Text', () => text],
    ['Octets', () => dump(octets)],
  ].filter(Boolean);
  const shown = h('pre', { class: 'body', tabindex: '0', 'aria-label': 'Body' });
  const show = (i) => {
    shown.replaceChildren(...[views[i][1]()].flat());
    buttons.forEach((b, j) => b.setAttribute('aria-pressed', String(i === j)));
  };
  const buttons = views.map(([name], i) => h('button', { type: 'button', class: 'tab', onclick: () => show(i) }, name));
  show(0);
  const cut = octets.length < message.payload_bytes;
  return h('div', { class: 'body-view' }, h('div', { class: 'row between' }, h('div', { class: 'row', role: 'group', 'aria-label': 'Show the body as' }, buttons),
    h('span', { class: 'soft' }, cut ? `the first ${size(octets.length)} of ${size(message.payload_bytes)}` : size(message.payload_bytes))), shown);
}

function bytes(message) {
  if (message.payload_encoding === 'string') return new TextEncoder().encode(message.payload);
  return Uint8Array.from(atob(message.payload), (c) => c.charCodeAt(0));
}

function json(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return null; }
}

// coloured takes JSON apart into spans.
function coloured(text) {
  const nodes = [];
  let at = 0;
  for (const m of text.matchAll(tokens)) {
    nodes.push(text.slice(at, m.index));
    const kind = m[2] !== undefined ? 'key' : m[1] !== undefined ? 'text' : m[3] !== undefined ? 'word' : 'digits';
    nodes.push(h('span', { class: `json-${kind}` }, m[1] ?? m[0]), m[2] ?? '');
    at = m.index + m[0].length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

const dumpMost = 16 << 10;

// dump writes octets as lines of sixteen, and the characters that they would be.
function dump(octets) {
  const lines = [];
  for (let i = 0; i < Math.min(octets.length, dumpMost); i += 16) {
    const line = [...octets.slice(i, i + 16)];
    const hex = line.map((b) => b.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '·')).join('');
    lines.push(`${i.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  if (octets.length > dumpMost) lines.push('…');
  return lines.join('\n');
}

// preview is the begin of a body, in one line.
export function preview(message) {
  if (message.payload_bytes === 0) return h('i', { class: 'soft' }, 'empty');
  if (message.payload_encoding !== 'string') return h('i', { class: 'soft' }, `${size(message.payload_bytes)} of octets`);
  return message.payload.slice(0, 160).replace(/\s+/g, ' ');
}

// properties shows the properties of a message, but for its headers.
export const properties = (message) => Object.entries(message.properties ?? {}).filter(([name]) => name !== 'headers')
  .map(([name, v]) => [name.replaceAll('_', ' '), name === 'delivery_mode' ? (v === 2 ? '2, persistent' : `${v}, transient`) : value(v)]);

// headers shows them, but for those that death.js tells of.
export const headers = (message) => Object.entries(message.properties?.headers ?? {}).filter(([name]) => !/^x-(death$|(first|last)-death-)/.test(name))
  .map(([name, v]) => [name, value(v)]);
