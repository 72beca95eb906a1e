// A page looks again every few seconds, as long as somebody sees it.

import { setting } from './settings.js';

const waiting = new Set();
let asked = 0; // how often somebody wanted to look at once

// again has whoever waits look at once, and whoever is looking once more.
export function again() {
  asked++;
  for (const wake of [...waiting]) wake();
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) again(); });

// live calls look now, and again and again until the signal says stop. What goes wrong is
// told, and the next time may be better.
export async function live(look, signal, tell) {
  while (!signal.aborted) {
    const before = asked;
    try {
      await look();
      if (!signal.aborted) tell(null);
    } catch (e) {
      if (signal.aborted || e.name === 'AbortError') return;
      tell(e);
    }
    if (asked === before) await pause(signal);
  }
}

function pause(signal) {
  return new Promise((resolve) => {
    let timer;
    const wake = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    waiting.add(wake);
    signal.addEventListener('abort', wake);
    const arm = () => {
      if (document.hidden || setting('refresh') === 0) timer = setTimeout(arm, 1000);
      else wake();
    };
    timer = setTimeout(arm, (setting('refresh') || 1) * 1000);
  });
}
