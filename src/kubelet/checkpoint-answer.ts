import { FailedError } from '../base/errors.js';
import { tryJson } from '../base/json.js';
import { field, isList } from '../base/json-fields.js';
import type { Answer } from './transport.js';

const MOST_ITEMS = 64;
const LONGEST_PATH = 4095;

/**
 * The paths in the kubelet's answer to a checkpoint that succeeded: `{"items":["/var/lib/kubelet/..."]}`. Whether
 * a path may be touched is decided where it is opened.
 *
 * @throws FailedError when the answer is anything else
 */
export function parseCheckpointAnswer(answer: Answer, where: string): readonly string[] {
  const broken = (problem: string): FailedError =>
    new FailedError(`${where} says that it made a checkpoint, but its answer ${problem}`, {
      remedy: "nothing was taken or removed; look into the kubelet's checkpoint directory for what it wrote",
      more: [`answer: ${excerpt(answer.body)}`],
    });
  const parsed = tryJson(answer.body);
  if (parsed === undefined) throw broken('is not JSON');
  const items = field(parsed, 'items');
  if (!isList(items)) throw broken('names no archives');
  if (items.length === 0) throw broken('names no archive');
  if (items.length > MOST_ITEMS) throw broken(`names ${items.length} archives`);
  const paths: string[] = [];
  for (const item of items) {
    if (typeof item !== 'string') throw broken('names something that is no path');
    if (item.length > LONGEST_PATH || !item.startsWith('/') || item.includes('\0')) {
      throw broken('names something that is no absolute path');
    }
    if (!paths.includes(item)) paths.push(item);
  }
  return paths;
}

/** The beginning of an answer's body, for an error. */
export function excerpt(body: string, length = 300): string {
  const trimmed = body.trim();
  return trimmed.length > length ? `${trimmed.slice(0, length)}...` : trimmed;
}
