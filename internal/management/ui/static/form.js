// Fields of forms, and tables of AMQP as rows of names and values.

import { h } from './dom.js';
import { value as shown } from './format.js';

let numbers = 0;

// field makes a labelled field: {name, label, type, value, options, hint, required}.
export function field({ name, label, type = 'text', value = '', options, hint, required, list, placeholder, rows = 4, autofocus, autocomplete = 'off' }) {
  const id = `field-${++numbers}`;
  const hintId = hint ? `${id}-hint` : undefined;
  const common = { id, name, required, autofocus, 'aria-describedby': hintId };
  let input;
  if (options) {
    input = h('select', common, options.map((o) => {
      const [v, text] = Array.isArray(o) ? o : [o, o];
      return h('option', { value: v, selected: v === value }, text);
    }));
  } else if (type === 'textarea') {
    input = h('textarea', { ...common, rows, placeholder, spellcheck: 'false' }, value);
  } else if (type === 'checkbox') {
    return h('div', { class: 'field check' }, h('input', { ...common, type, checked: Boolean(value) }), h('label', { for: id }, label),
      hint && h('p', { class: 'hint', id: hintId }, hint));
  } else {
    input = h('input', { ...common, type, value, placeholder, autocomplete, spellcheck: 'false' });
  }
  const choices = list && h('datalist', { id: `${id}-list` }, list.map((v) => h('option', { value: v })));
  if (choices) input.setAttribute('list', choices.id);
  return h('div', { class: 'field' }, h('label', { for: id }, label), input, choices, hint && h('p', { class: 'hint', id: hintId }, hint));
}

// values reads a form: texts, and checkboxes as true or false.
export function values(form) {
  const all = {};
  for (const e of form.elements) {
    if (e.name) all[e.name] = e.type === 'checkbox' ? e.checked : e.value;
  }
  return all;
}

const kinds = [['string', 'text'], ['number', 'number'], ['boolean', 'true/false'], ['json', 'JSON']];

// table edits a table of AMQP. known are names with the kind of their values, which are
// offered; read returns the table, or says what is wrong.
export function table({ label, known = {}, value = {} }) {
  const list = h('datalist', { id: `known-${++numbers}` }, Object.keys(known).map((k) => h('option', { value: k })));
  const rows = h('div', { class: 'pairs' });
  const row = (name, v) => {
    const kind = h('select', { 'aria-label': 'Kind of value' }, kinds.map(([k, text]) => h('option', { value: k, selected: k === kindOf(v, known[name]) }, text)));
    const key = h('input', { value: name, list: list.id, placeholder: 'name', 'aria-label': `${label}: name`, autocomplete: 'off', spellcheck: 'false',
      oninput: () => { if (known[key.value]) kind.value = known[key.value]; } });
    const text = h('input', { value: v === undefined ? '' : shown(v), placeholder: 'value', 'aria-label': `${label}: value`, autocomplete: 'off', spellcheck: 'false' });
    const one = h('div', { class: 'pair' }, key, text, kind,
      h('button', { type: 'button', class: 'quiet', 'aria-label': `${label}: remove this line`, onclick: () => one.remove() }, '×'));
    one.read = () => [key.value, parse(key.value, text.value, kind.value)];
    return one;
  };
  for (const [name, v] of Object.entries(value)) rows.append(row(name, v));
  const add = h('button', { type: 'button', class: 'quiet', onclick: () => {
    const one = row('', undefined);
    rows.append(one);
    one.firstElementChild.focus();
  } }, '+ Add a line');
  const element = h('fieldset', {}, h('legend', {}, label), list, rows, add);
  const read = () => Object.fromEntries([...rows.children].map((r) => r.read()).filter(([name]) => name !== ''));
  return { element, read };
}

function kindOf(v, known) {
  if (v === undefined) return known ?? 'string';
  return typeof v === 'object' ? 'json' : typeof v;
}

function parse(name, text, kind) {
  switch (kind) {
    case 'number': {
      const n = Number(text);
      if (text.trim() === '' || Number.isNaN(n)) throw new Error(`${name} is “${text}”: want a number.`);
      return n;
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw new Error(`${name} is “${text}”: want true or false.`);
      return text === 'true';
    case 'json':
      try { return JSON.parse(text); } catch { throw new Error(`${name} is not JSON.`); }
    default:
      return text;
  }
}
