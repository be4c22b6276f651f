import { shownUrl } from '../base/shown-url.js';
import { formatDuration, formatSize } from '../base/units.js';
import { escapeText } from '../render/escape.js';
import type { SealedFile } from '../seal/seal-file.js';

/** Label and value of a line; values are raw text. */
export type Field = readonly [label: string, value: string];

/** Lines of `label  value`, aligned, safe for a terminal. */
export function formatFields(fields: readonly Field[]): string {
  const width = Math.max(...fields.map(([label]) => label.length));
  return fields.map(([label, value]) => `${label.padEnd(width)}  ${escapeText(value)}\n`).join('');
}

/** What was sealed, for people: files, sizes, hashes, for whom, how long it took. */
export function sealReceipt({ path, manifestPath, manifest }: SealedFile): Field[] {
  const { sealed, tar, input, recipients, proved, durations } = manifest;
  const total = Object.values(durations).reduce((sum, each) => sum + each, 0);
  const compressed: Field[] =
    input.compression === 'none'
      ? []
      : [
          ['input', `${input.name}, ${formatSize(input.size)}, ${input.compression}`],
          ['  sha256', input.sha256],
        ];
  return [
    ...compressed,
    ['tar', `${formatSize(tar.size)}, ${tar.entries} entries`],
    ['  sha256', tar.sha256],
    ['sealed', `${shownUrl(path)}, ${formatSize(sealed.size)}`],
    ['  sha256', sealed.sha256],
    ['manifest', shownUrl(manifestPath)],
    ...recipientFields(recipients),
    ['proved', proved ? 'read back from the file: the same tar' : 'no: not read back'],
    ['took', formatDuration(total)],
  ];
}

function recipientFields(recipients: readonly string[] | 'passphrase'): Field[] {
  if (recipients === 'passphrase') return [['locked by', 'a passphrase']];
  const short = (text: string): string =>
    text.length > 80 ? `${text.slice(0, 60)}...${text.slice(-8)}` : text;
  return recipients.map((recipient) => ['recipient', short(recipient)]);
}
