// Shared helpers of the page measurements.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, '../..');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png' };

/**
 * Serves the pages of a folder.
 *
 * @param {string} folder @param {(pathname: string) => {status: number, body: any}} api answers its calls
 * @returns {Promise<import('node:http').Server>}
 */
export function serve(folder, api) {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://here');
    const answer = (status, type, body) => response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    if (pathname.startsWith('/api/')) {
      const { status, body } = api(pathname);
      return answer(status, 'application/json', JSON.stringify(body));
    }
    const page = pathname.startsWith('/t/') ? '/table' : pathname;
    const file = normalize(join(folder, extname(page) ? page : `${page}.html`));
    // Serve no service worker, since its cached pages could be those of the other revision.
    if (!file.startsWith(folder) || file.endsWith('service-worker.js')) return answer(404, 'text/plain', '');
    try {
      const text = readFileSync(file);
      answer(200, TYPES[extname(file)] ?? 'application/octet-stream', file.endsWith('.html') ? String(text).replaceAll('{{version}}', 'bench') : text);
    } catch {
      answer(404, 'text/plain', '');
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Returns a token that nobody verifies. @param {any} claims */
export function token(claims) {
  const all = { ...claims, restaurant: 'r1', exp: Math.floor(Date.now() / 1000) + 36_000 };
  return ['{}', JSON.stringify(all), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
