// What a person has chosen, kept by the browser: nothing that others must not see.

const key = 'harebell.settings';
const usual = { theme: 'system', refresh: 5, vhost: '' };

let chosen = { ...usual };
try { chosen = { ...usual, ...JSON.parse(localStorage.getItem(key) ?? '{}') }; } catch { /* somebody else's */ }

export const setting = (name) => chosen[name];

export function choose(name, value) {
  chosen[name] = value;
  try { localStorage.setItem(key, JSON.stringify(chosen)); } catch { /* it holds for this page */ }
  if (name === 'theme') theme();
}

// theme shows what was chosen: what the system says, or light, or dark.
export function theme() {
  if (chosen.theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen.theme;
}
