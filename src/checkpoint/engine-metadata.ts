import { type Archive, readEntry } from '../archive/archive.js';
import { JSON_LIMITS, parseJson } from '../base/json.js';
import { JsonFields } from '../base/json-fields.js';
import { decodeText } from '../base/text.js';

/** An engine's JSON file from the archive's root; undefined when the archive has none. */
export async function readJson(archive: Archive, name: string): Promise<JsonFields | undefined> {
  const text = await readText(archive, name);
  return text === undefined || isJsonNull(text) ? undefined : JsonFields.parse(name, text);
}

/** As {@link readJson} for a file whose value is a list; empty when there is none. */
export async function readJsonList(archive: Archive, name: string): Promise<JsonFields | undefined> {
  const text = await readText(archive, name);
  if (text === undefined || isJsonNull(text)) return undefined;
  return JsonFields.wrap(name, 'items', parseJson(name, text));
}

/** A small text file from the archive; undefined when the archive has none. */
export async function readText(
  archive: Archive,
  name: string,
  limit = JSON_LIMITS.bytes,
): Promise<string | undefined> {
  const entry = await archive.find(name);
  return entry === undefined ? undefined : decodeText(await readEntry(archive, entry, limit));
}

/** Podman writes `null` for a network status or a list that is empty. */
function isJsonNull(text: string): boolean {
  return /^\s*(null\s*)?$/.test(text);
}
