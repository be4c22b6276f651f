import type { PatternSwitch } from './byte-pattern.js';

/** Everything a key can ask for. */
export type Command =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'page-up'
  | 'page-down'
  | 'half-up'
  | 'half-down'
  | 'top'
  | 'bottom'
  | 'enter'
  | 'back'
  | 'toggle'
  | 'open-all'
  | 'close-all'
  | 'next-screen'
  | 'previous-screen'
  | 'next-tab'
  | 'previous-tab'
  | 'search'
  | 'search-all'
  | 'next-match'
  | 'previous-match'
  | 'goto'
  | 'select'
  | 'copy'
  | 'extract'
  | 'bookmark'
  | 'bookmarks'
  | 'save'
  | 'delete'
  | 'verify'
  | 'help'
  | 'redraw'
  | 'suspend'
  | 'quit';

export interface KeyBinding {
  readonly command: Command;
  readonly keys: readonly string[];
  readonly help: string;
  readonly group: 'Move' | 'Look' | 'Find' | 'Keep' | 'Other';
  /** A word for the bottom line, where the binding is worth one there. */
  readonly hint?: string;
  /** Only there: where several tabs, bytes, or the memory or overview screen is shown. */
  readonly hintIn?: 'tabs' | 'hex' | 'memory' | 'overview';
}

/** The one table of keys: what they do, and what `?` says of them. Number keys choose a screen. */
export const BINDINGS: readonly KeyBinding[] = [
  { command: 'up', keys: ['up', 'k'], help: 'one row up', group: 'Move' },
  { command: 'down', keys: ['down', 'j'], help: 'one row down', group: 'Move' },
  { command: 'left', keys: ['left', 'h'], help: 'fold, to the parent, or to the left', group: 'Move' },
  { command: 'right', keys: ['right', 'l'], help: 'unfold, or to the right', group: 'Move' },
  { command: 'page-up', keys: ['pageup', 'ctrl-b'], help: 'a page up', group: 'Move' },
  { command: 'page-down', keys: ['pagedown', 'ctrl-f'], help: 'a page down', group: 'Move' },
  { command: 'half-up', keys: ['ctrl-u'], help: 'half a page up', group: 'Move' },
  { command: 'half-down', keys: ['ctrl-d'], help: 'half a page down', group: 'Move' },
  { command: 'top', keys: ['g', 'home'], help: 'to the first row', group: 'Move' },
  { command: 'bottom', keys: ['G', 'end'], help: 'to the last row', group: 'Move' },
  { command: 'enter', keys: ['enter'], help: 'into what is under the cursor', group: 'Look', hint: 'in' },
  { command: 'back', keys: ['escape'], help: 'out again; stops long work', group: 'Look', hint: 'out' },
  { command: 'toggle', keys: ['space'], help: 'fold or unfold', group: 'Look' },
  { command: 'open-all', keys: ['*', '+'], help: 'unfold everything below', group: 'Look' },
  { command: 'close-all', keys: ['-'], help: 'fold everything', group: 'Look' },
  {
    command: 'next-tab',
    keys: [']'],
    help: 'next tab of the page',
    group: 'Look',
    hint: 'tab',
    hintIn: 'tabs',
  },
  { command: 'previous-tab', keys: ['['], help: 'previous tab of the page', group: 'Look' },
  { command: 'next-screen', keys: ['tab'], help: 'next screen', group: 'Look' },
  { command: 'previous-screen', keys: ['shift-tab'], help: 'previous screen', group: 'Look' },
  {
    command: 'search',
    keys: ['/'],
    help: 'filter a list; find in text; in hex: bytes, see While typing',
    group: 'Find',
    hint: 'find',
  },
  {
    command: 'search-all',
    keys: ['s'],
    help: 'search the memory of all processes',
    group: 'Find',
    hint: 'search all',
    hintIn: 'memory',
  },
  { command: 'next-match', keys: ['n'], help: 'next match', group: 'Find' },
  { command: 'previous-match', keys: ['N'], help: 'previous match', group: 'Find' },
  {
    command: 'goto',
    keys: [':'],
    help: 'go to a screen, PID, [PID:]0xADDRESS, image, entry or verify',
    group: 'Find',
    hint: 'go',
  },
  {
    command: 'select',
    keys: ['v'],
    help: 'in hex: start or end a selection',
    group: 'Keep',
    hint: 'select',
    hintIn: 'hex',
  },
  { command: 'copy', keys: ['y'], help: 'copy to the clipboard (OSC 52)', group: 'Keep', hint: 'copy' },
  {
    command: 'extract',
    keys: ['e'],
    help: 'extract to a file; asks for its path',
    group: 'Keep',
    hint: 'extract',
  },
  { command: 'bookmark', keys: ['b'], help: 'bookmark this place, with a note', group: 'Keep' },
  { command: 'bookmarks', keys: ['B'], help: 'the bookmarks', group: 'Keep' },
  { command: 'save', keys: ['w'], help: 'in the bookmarks: save a case note, .md or .json', group: 'Keep' },
  { command: 'delete', keys: ['d', 'delete'], help: 'in the bookmarks: remove one', group: 'Keep' },
  {
    command: 'verify',
    keys: ['V'],
    help: 'verify the whole archive in the background; Esc on the overview stops it',
    group: 'Other',
    hint: 'verify',
    hintIn: 'overview',
  },
  { command: 'help', keys: ['?'], help: 'this help', group: 'Other', hint: 'help' },
  { command: 'redraw', keys: ['ctrl-l'], help: 'draw the screen anew', group: 'Other' },
  { command: 'suspend', keys: ['ctrl-z'], help: 'to the shell; fg comes back', group: 'Other' },
  { command: 'quit', keys: ['q', 'ctrl-c'], help: 'quit', group: 'Other', hint: 'quit' },
];

/** Everything a key can ask for while a line is typed; every other key is a character of it. */
export type PromptCommand =
  | 'accept'
  | 'cancel'
  | 'erase'
  | 'erase-next'
  | 'erase-word'
  | 'erase-line'
  | 'left'
  | 'right'
  | 'begin'
  | 'end'
  | PatternSwitch;

export interface PromptBinding {
  readonly command: PromptCommand;
  readonly keys: readonly string[];
  readonly help: string;
  /** What the prompt calls what the key switches. */
  readonly hint?: string;
}

/** The keys while a line is typed. */
export const PROMPT_BINDINGS: readonly PromptBinding[] = [
  { command: 'any-case', keys: ['ctrl-o'], help: 'in bytes: letters of any case (i:TEXT)', hint: 'any case' },
  {
    command: 'utf16',
    keys: ['ctrl-t'],
    help: 'in bytes: also as UTF-16LE (u:TEXT, iu:TEXT)',
    hint: 'UTF-16LE',
  },
  { command: 'regex', keys: ['ctrl-r'], help: 'in bytes: a regular expression (re:, rei:)', hint: 'regex' },
  { command: 'hex', keys: ['ctrl-x'], help: 'in bytes: hex digits (hex:48 8b ?? 05)', hint: 'hex' },
  { command: 'accept', keys: ['enter'], help: 'done' },
  { command: 'cancel', keys: ['escape', 'ctrl-c'], help: 'never mind' },
  { command: 'erase-line', keys: ['ctrl-u'], help: 'erase the line' },
  { command: 'erase-word', keys: ['ctrl-w'], help: 'erase the word before' },
  { command: 'erase', keys: ['backspace'], help: 'erase the character before' },
  { command: 'erase-next', keys: ['delete'], help: 'erase the character under the cursor' },
  { command: 'left', keys: ['left'], help: 'a character back' },
  { command: 'right', keys: ['right'], help: 'a character on' },
  { command: 'begin', keys: ['home', 'ctrl-a'], help: 'to the beginning' },
  { command: 'end', keys: ['end', 'ctrl-e'], help: 'to the end' },
];

const PROMPT_BY_KEY: ReadonlyMap<string, PromptCommand> = new Map(
  PROMPT_BINDINGS.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)),
);

/** What a key asks for while a line is typed, if it is no character of the line. */
export function promptCommandOf(key: string): PromptCommand | undefined {
  return PROMPT_BY_KEY.get(key);
}

const BY_KEY: ReadonlyMap<string, Command> = new Map(
  BINDINGS.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)),
);

/** The command of a key, if it has one. */
export function commandOf(key: string): Command | undefined {
  return BY_KEY.get(key);
}

const NAMES: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  escape: 'Esc',
  space: 'Space',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  delete: 'Del',
  backspace: 'Bksp',
};

/** How a key is called in the help: `↑`, `Enter`, `^D`. */
export function keyName(key: string): string {
  if (key.startsWith('ctrl-')) return `^${key.slice(5).toUpperCase()}`;
  return NAMES[key] ?? key;
}
