// The options of a measurement.
import { parseArgs } from 'node:util';

/** Reads options with values (`--name value`), each with its default. */
export function readOptions(defaults) {
  const options = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }]));
  return parseArgs({ options }).values;
}
