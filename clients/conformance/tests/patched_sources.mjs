// A loader of modules that replaces parts of the client's sources, for broken_javascript.mjs.
let parts = [];

export function initialize(data) {
  parts = data;
}

export async function load(url, context, next) {
  const loaded = await next(url, context);
  let source = String(loaded.source ?? '');
  for (const [file, text, other] of parts) {
    if (!url.endsWith(`/static/client/${file}`)) continue;
    if (source.split(text).length !== 2) throw new Error(`${file} does not have once: ${text}`);
    source = source.replace(text, () => other);
  }
  return loaded.source ? { ...loaded, source } : loaded;
}
