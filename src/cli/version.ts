import { readFileSync } from 'node:fs';
import { parseJson } from '../base/json.js';
import { text } from '../base/json-fields.js';

/** The version of this tool, from package.json. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const version = text(parseJson('package.json', file), 'version');
  if (version === undefined) throw new Error('package.json holds no version');
  return version;
}
