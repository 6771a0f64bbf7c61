// Builds elements. Text from elsewhere only ever becomes text nodes, never markup.

export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (key === "class") {
      node.className = value;
    } else if (key === "value") {
      node.value = value;
    } else {
      node.setAttribute(key, value === true ? "" : value);
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

// Draws again only when something changed, and gives the focus back to the same thing.
export function redraw(place, signature, build) {
  if (place.dataset.signature === signature) return;
  place.dataset.signature = signature;
  const focused = place.contains(document.activeElement)
    ? document.activeElement.dataset.testid
    : undefined;
  place.replaceChildren(...[build()].flat(Infinity).filter(Boolean));
  if (focused) place.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
}

// One node for each item, kept as long as its signature stays.
export function keep(place, items, build) {
  const before = place.keptNodes ?? new Map();
  const now = new Map();
  for (const { key, signature, item } of items) {
    const old = before.get(key);
    const node = old && old.signature === signature ? old.node : build(item);
    now.set(key, { signature, node });
  }
  place.keptNodes = now;
  const nodes = [...now.values()].map((entry) => entry.node);
  nodes.forEach((node, index) => {
    if (place.children[index] !== node) place.insertBefore(node, place.children[index] ?? null);
  });
  while (place.children.length > nodes.length) place.lastElementChild.remove();
}
