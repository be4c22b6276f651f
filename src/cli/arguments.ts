import { readFileSync } from 'node:fs';
import { decodeText } from '../base/text.js';

/**
 * The words of the command line with every byte of them. Node makes U+FFFD of bytes that are no UTF-8, with which
 * another file would be meant; Linux shows what was given, and elsewhere node's words have to do.
 */
export function commandLine(): readonly string[] {
  const words = process.argv.slice(2);
  if (!words.some((word) => word.includes('\ufffd'))) return words;
  const given = givenBytes().slice(-words.length);
  return words.map((word, at) => {
    const bytes = given[at];
    return bytes?.toString('utf8') === word ? decodeText(bytes) : word;
  });
}

/** All words that the process was started with, node and the script among them; none where the system does not say. */
function givenBytes(): readonly Buffer[] {
  let all: Buffer;
  try {
    all = readFileSync('/proc/self/cmdline');
  } catch {
    return [];
  }
  const words: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const end = all.indexOf(0, at);
    words.push(all.subarray(at, end < 0 ? all.length : end));
    at = end < 0 ? all.length : end + 1;
  }
  return words;
}
