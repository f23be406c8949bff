/**
 * Builds elements from plain calls, and changes an old tree into a new one (`morph`).
 *
 * If a screen rebuilds its nodes, a press that began on one of them is lost. So a view builds the tree that it wants, and
 * `morph` changes only the differences. Listeners are on the page's root (`onAction`), never on nodes that come and go.
 */

/** Attributes that mirror a property that the user changes. The property counts. */
const LIVE_PROPERTIES = new Set(['checked', 'value']);

/**
 * @param {string} tag `p`, `button.button.button--primary`
 * @param {Record<string, any>} [attributes] undefined, null and false leave the attribute out; true makes it empty
 * @param {...any} children nodes, texts, arrays of them; undefined, null and false are skipped
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(key, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {any[]} children */
function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Makes the children of `parent` equal to `children`. An element with a `data-key` keeps its node when it moves.
 *
 * @param {Element} parent
 * @param {...any} children as for `h`
 */
export function render(parent, ...children) {
  const wanted = document.createElement('div');
  append(wanted, children);
  morphChildren(parent, wanted);
}

/** @param {Node} from @param {Node} to @returns {Node} the node that has replaced `from`, or `from` itself */
export function morph(from, to) {
  if (!sameKind(from, to)) {
    from.parentNode?.replaceChild(to, from);
    return to;
  }
  if (from instanceof Element && to instanceof Element) {
    morphAttributes(from, to);
    if (!from.hasAttribute('data-opaque')) morphChildren(from, to);
  } else if (from.nodeValue !== to.nodeValue) {
    from.nodeValue = to.nodeValue;
  }
  return from;
}

/** @param {Node} a @param {Node} b */
function sameKind(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
}

/** @param {Node | null} node */
function key(node) {
  return node instanceof Element ? node.getAttribute('data-key') : null;
}

/** @param {Element} from @param {Element} to */
function morphAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (to.hasAttribute(name) || name.startsWith('data-kept-')) continue;
    // A heading without `tabindex` would lose the focus (keep_focus.js).
    if (name === 'tabindex' && from === document.activeElement) continue;
    from.removeAttribute(name);
    if (name === 'checked') /** @type {any} */ (from).checked = false;
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) === value) continue;
    from.setAttribute(name, value);
    if (LIVE_PROPERTIES.has(name)) /** @type {any} */ (from)[name] = name === 'checked' ? true : value;
  }
}

/** @param {Element} from @param {Element} to */
function morphChildren(from, to) {
  const stays = new Set([...to.children].map(key));
  // Removes nodes first, so that the others need not move: a moved node loses its focus, and a press on it is lost.
  for (const child of [...from.children]) if (key(child) && !stays.has(key(child))) child.remove();
  const keyed = new Map([...from.children].filter(key).map((child) => [key(child), child]));
  let current = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const kept = keyed.get(key(wanted));
    if (kept && kept.nodeName === wanted.nodeName) {
      keyed.delete(key(wanted));
      if (kept === current) current = kept.nextSibling;
      else from.insertBefore(kept, current);
      morph(kept, wanted);
    } else if (current && !key(current) && sameKind(current, wanted)) {
      const next = current.nextSibling;
      morph(current, wanted);
      current = next;
    } else {
      from.insertBefore(wanted, current);
    }
  }
  while (current) {
    const next = current.nextSibling;
    from.removeChild(current);
    current = next;
  }
}

/**
 * Adds one listener for every control below `root` that carries the attribute.
 *
 * @param {Element} root
 * @param {string} attribute `data-action`, `data-do`
 * @param {(name: string, control: HTMLElement, event: Event) => void} handle
 */
export function onAction(root, attribute, handle) {
  root.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest(`[${attribute}]`) : null;
    if (!(target instanceof HTMLElement) || !root.contains(target) || target.matches(':disabled')) return;
    handle(target.getAttribute(attribute) ?? '', target, event);
  });
}

/** Writes a text only if it has changed, since each write causes a layout. @param {Element} element @param {string} words */
export function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * @param {string} selector @param {ParentNode} [within] @returns {HTMLElement} an element that the page's HTML is known to
 * contain
 */
export function find(selector, within = document) {
  const element = within.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return element;
}

/** Whether the notice of a slow page may still exist. Saves a search through the page at each beat. */
let mayBeLate = true;

/** Reports that the page runs: removes the notice of a slow page and satisfies the guard (shared/guard.js). */
export function beat() {
  if (mayBeLate) document.querySelector('.late')?.remove();
  mayBeLate = false;
  dispatchEvent(new Event('beat'));
}

/** @returns {string | undefined} the version of this page; undefined from a server that names none */
export function pageVersion() {
  const content = document.querySelector('meta[name="orderbell-version"]')?.getAttribute('content');
  return content && !content.startsWith('{{') ? content : undefined;
}

/**
 * Installs the service worker of this version of the page: the version is part of its address, so that each version has its
 * own worker and its own copy of the pages. Rejects if the browser refuses the worker.
 *
 * @param {ServiceWorkerContainer} workers @param {string} [parameters] of the worker's address
 * @param {RegistrationOptions} [options]
 */
export async function installWorker(workers, parameters = '', options) {
  await workers.register(`/service-worker.js?version=${encodeURIComponent(pageVersion() ?? '')}${parameters}`, options);
  workers.ready.then(({ active }) => {
    // Chromium leaves out a page that loads while its worker starts. Files that this page loads later would have no copy.
    if (!workers.controller) active?.postMessage('claim');
  });
}
