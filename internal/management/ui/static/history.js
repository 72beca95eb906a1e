// What was seen so far, for charts: kept as long as the page is open.

const samplesMost = 720;
const seriesMost = 600;
const all = new Map();

// record notes values of a subject at this moment.
export function record(subject, values) {
  const kept = all.get(subject) ?? [];
  all.delete(subject); // so that the map is in the order of use
  all.set(subject, kept);
  kept.push({ at: Date.now(), ...values });
  if (kept.length > samplesMost) kept.shift();
  if (all.size > seriesMost) all.delete(all.keys().next().value);
  return kept;
}

// ages ask the broker for samples of the last ten minutes, which it has if somebody has asked before.
export const ages = { lengths_age: 600, lengths_incr: 5, msg_rates_age: 600, msg_rates_incr: 5 };

// recall begins with what the broker remembers: details of counts by the names that record has for them.
export function recall(subject, details) {
  if (all.has(subject)) return;
  const kept = new Map();
  for (const [name, d] of Object.entries(details)) {
    for (const { sample, timestamp } of d?.samples ?? []) kept.set(timestamp, { at: timestamp, ...kept.get(timestamp), [name]: sample });
  }
  all.set(subject, [...kept.values()].sort((a, b) => a.at - b.at));
}

export const recorded = (subject) => all.get(subject) ?? [];

// level is a series of values as they were.
export const level = (samples, name) => samples.map((s) => ({ at: s.at, y: s[name] ?? null }));

// pace is a series of how fast a count went up between two looks, in a second.
export function pace(samples, name) {
  return samples.map((s, i) => {
    const before = samples[i - 1];
    if (!before || s[name] === undefined || before[name] === undefined) return { at: s.at, y: null };
    return { at: s.at, y: Math.max(0, (s[name] - before[name]) / Math.max((s.at - before.at) / 1000, 0.001)) };
  });
}
