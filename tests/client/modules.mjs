// The modules that pages load, read from the sources.
import { readFileSync } from 'node:fs';

const STATIC = new URL('../../static/', import.meta.url);

/** @param {string} path below `static/`, with or without a slash before it */
export const read = (path) => readFileSync(new URL(path.replace(/^\//, ''), STATIC), 'utf8');

const STATICALLY = /^(?:import|export)\s[^;]*?from '(\.[^']+)';/gm;
// Types are imported in comments, as `import('./types.js').Link`; those are not loaded.
const LATER = /\bimport\('(\.[^']+)'\)(?!\.[A-Z])/g;

/** Returns the served paths of all modules that an entry needs before it runs. */
export function modulesOf(entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const path of named(entry, STATICALLY)) modulesOf(path, seen);
  return seen;
}

/** Returns the modules that a page loads while it runs, with their own imports. */
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
