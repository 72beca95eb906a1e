// Elements are made here, and nowhere of markup: whatever a name or a message holds, it
// becomes text.

const there = (nodes) => nodes.flat(Infinity).filter((n) => n !== null && n !== undefined && n !== false);

// fill puts nodes into a parent in place of whatever is there.
export const fill = (parent, ...nodes) => parent.replaceChildren(...there(nodes));

function make(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...there(children));
  return node;
}

// h makes an element of HTML: h('a', {href: '#/'}, 'text', otherNode).
export const h = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);

// s makes one of SVG.
export const s = (tag, attributes, ...children) => make(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

// swap puts nodes into a parent in place of what is there. What looks the same stays, so
// that a person who reads, selects or types there is not disturbed; where something else
// takes the place of what has the focus, it gets it.
export function swap(parent, ...nodes) {
  nodes = there(nodes).map((n) => (n instanceof Node ? n : document.createTextNode(n)));
  const old = new Map();
  [...parent.childNodes].forEach((n, i) => old.set(keyOf(n, i), n));
  const focus = mark(parent);
  const next = nodes.map((n, i) => {
    const before = old.get(keyOf(n, i));
    return before && before.isEqualNode(n) ? before : n;
  });
  const wanted = new Set(next);
  for (const n of old.values()) if (!wanted.has(n)) n.remove();
  next.forEach((n, i) => {
    if (parent.childNodes[i] !== n) parent.insertBefore(n, parent.childNodes[i] ?? null);
  });
  if (focus && !parent.contains(document.activeElement)) find(parent, focus)?.focus({ preventScroll: true });
}

const keyOf = (node, i) => node.dataset?.key ?? `#${i}`;

// mark describes what has the focus, so that its successor can be found.
function mark(parent) {
  const at = document.activeElement;
  if (!at || at === parent || !parent.contains(at)) return null;
  return { href: at.getAttribute('href'), id: at.id, label: at.getAttribute('aria-label') ?? at.textContent, tag: at.tagName };
}

function find(parent, { href, id, label, tag }) {
  if (id) return document.getElementById(id);
  return [...parent.querySelectorAll(tag)].find((n) =>
    href ? n.getAttribute('href') === href : (n.getAttribute('aria-label') ?? n.textContent) === label);
}
