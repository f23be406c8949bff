// What pages load: read out of their sources, as a browser would.
import { readFileSync } from 'node:fs';

const STATIC = new URL('../../static/', import.meta.url);

/** @param {string} path below `static/`, with or without a slash before it */
export const read = (path) => readFileSync(new URL(path.replace(/^\//, ''), STATIC), 'utf8');

const STATICALLY = /^(?:import|export)\s[^;]*?from '(\.[^']+)';/gm;
// What is imported for its types alone stands in a comment, and a type is read out of it: `import('./types.js').Link`.
const LATER = /\bimport\('(\.[^']+)'\)(?!\.[A-Z])/g;

/** Every module an entry needs before it runs, by the paths it is served at. */
export function modulesOf(entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const path of named(entry, STATICALLY)) modulesOf(path, seen);
  return seen;
}

/** What a page's modules load while it runs, with what that needs itself. */
export function loadedLater(entry) {
  const now = modulesOf(entry);
  const later = new Set();
  const found = [...now];
  for (const path of found) {
    for (const next of named(path, LATER)) {
      for (const needed of modulesOf(next)) {
        if (now.has(needed) || later.has(needed)) continue;
        later.add(needed);
        found.push(needed);
      }
    }
  }
  return later;
}

function named(path, pattern) {
  return [...read(path).matchAll(pattern)].map(([, specifier]) => new URL(specifier, `http://page${path}`).pathname);
}
