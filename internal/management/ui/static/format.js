// Numbers, octets and times as people read them.

const whole = new Intl.NumberFormat('en');
const part = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export const count = (n) => (n === undefined || n === null ? '–' : whole.format(n));

// short is count with few digits: 12.3k.
export function short(n) {
  const size = Math.abs(n);
  if (size >= 1e9) return `${part.format(n / 1e9)}G`;
  if (size >= 1e6) return `${part.format(n / 1e6)}M`;
  if (size >= 1e4) return `${part.format(n / 1e3)}k`;
  return size >= 100 ? whole.format(Math.round(n)) : part.format(n);
}

export const rate = (n) => (n === undefined || n === null ? '–' : `${short(n)}/s`);

export function octets(n) {
  if (n === undefined || n === null) return '–';
  for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]]) {
    if (n >= size) return `${part.format(n / size)} ${unit}`;
  }
  return `${whole.format(n)} B`;
}

// span writes milliseconds as one or two units.
export function span(ms) {
  let s = Math.round(ms / 1000);
  if (s < 1) return `${Math.round(ms)} ms`;
  const parts = [];
  for (const [unit, size] of [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]) {
    const n = Math.floor(s / size);
    s -= n * size;
    if (n > 0) parts.push(`${n} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export const time = (ms) => clock.format(new Date(ms));
export const ago = (ms) => {
  const passed = Date.now() - ms;
  return passed < 0 ? `in ${span(-passed)}` : `${span(passed)} ago`;
};

// plural writes a number with its noun.
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

// value writes what a table of AMQP holds.
export const value = (v) => (typeof v === 'string' ? v : JSON.stringify(v));

// exchange is how an exchange is called for people.
export const exchange = (name) => (name === '' ? '(default)' : name);
