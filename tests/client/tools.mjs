// npm packages that only tests use, pinned by tools/package-lock.json. `scripts/test` installs them beside cargo's output.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const HERE = fileURLToPath(new URL('../../', import.meta.url));
/** The folder of cargo's output. */
export const TARGET = process.env.CARGO_TARGET_DIR ?? join(HERE, 'target');
const FOLDER = process.env.ORDERBELL_TEST_TOOLS ?? join(TARGET, 'client-tools');

/** @param {string} name a module of such a package @returns {string} its file */
export function toolFile(name) {
  try {
    return createRequire(join(FOLDER, 'package.json')).resolve(name);
  } catch (error) {
    throw new Error(`${name}: not in ${FOLDER}: scripts/test installs it with npm, or ORDERBELL_TEST_TOOLS names the folder`, { cause: error });
  }
}

/** @param {string} name @returns {any} the module's CommonJS exports */
export const tool = (name) => createRequire(import.meta.url)(toolFile(name));
