import type { EntryType } from './entry.js';

const TYPE_LETTERS: Readonly<Record<EntryType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
  other: '?',
};

/** Type and permissions of an entry as ls(1) and tar(1) show them: `-rwsr-xr-x`. */
export function modeText(type: EntryType, mode: number): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = mode >> shift;
    const runs = (bits & 1) !== 0;
    const last = (mode & special) === 0 ? (runs ? 'x' : '-') : runs ? letter : letter.toUpperCase();
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${last}`;
  };
  return TYPE_LETTERS[type] + triple(6, 0o4000, 's') + triple(3, 0o2000, 's') + triple(0, 0o1000, 't');
}
