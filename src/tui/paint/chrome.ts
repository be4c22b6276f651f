import { formatSize } from '../../base/units.js';
import { pad, textWidth, truncate } from '../../render/width.js';
import { screenPieces, TAB_BORDER, tabPieces } from '../core/bars.js';
import { switchesOf } from '../core/byte-pattern.js';
import { BINDINGS, type KeyBinding, keyName, PROMPT_BINDINGS } from '../core/keymap.js';
import type { ScreenName } from '../core/place.js';
import type { AppState, Job, Overlay, PageSpec, Typing } from '../core/state.js';
import { isOfBytes } from '../core/typing.js';
import { outcomeOf, type Verification } from '../core/verification.js';
import { cell, inverse, paint, sideways, type Theme } from './theme.js';

/** The eight screens, the shown one in brackets. */
export function screenBar(screen: ScreenName, columns: number, theme: Theme): string {
  const parts = screenPieces(screen, columns).map(({ text, shown }) =>
    shown ? paint(theme, 'strong', inverse(text)) : paint(theme, 'dim', text),
  );
  return parts.join(' ');
}

/** What the page is about, and at the right which archive this is. */
export function titleLine(title: string, archive: string, columns: number, theme: Theme): string {
  const right = cell(archive, Math.floor(columns / 2));
  const left = cell(title, columns - textWidth(right) - 2);
  const gap = ' '.repeat(Math.max(1, columns - textWidth(left) - textWidth(right)));
  return paint(theme, 'strong', left) + gap + paint(theme, 'dim', right);
}

/** The page's tabs, the shown one in brackets. */
export function tabLine(page: PageSpec, tab: string, columns: number, theme: Theme): string {
  const parts = tabPieces(page, tab, columns).map(({ text, shown }) =>
    paint(theme, shown ? 'strong' : 'dim', text),
  );
  return parts.join(paint(theme, 'dim', TAB_BORDER));
}

/** What the line at the bottom asks for. */
const QUESTIONS: Readonly<Record<Typing['purpose']['for'], string>> = {
  search: '/',
  'search-all': 'all memory: ',
  goto: ':',
  bookmark: 'note: ',
  extract: 'extract to: ',
  save: 'save bookmarks to (.md or .json): ',
};

/** What the line at the bottom is for, as far as it tells which keys are worth knowing. */
export interface Where {
  readonly screen: ScreenName;
  readonly tabs: number;
  /** Whether bytes are shown. */
  readonly hex: boolean;
  readonly overlay?: Overlay | undefined;
}

/** The line at the bottom: what is being typed, what happened, how far work is, or the keys worth knowing. */
export function statusLine(
  status: Pick<AppState, 'typing' | 'toast' | 'job' | 'verification'>,
  where: Where,
  position: string,
  columns: number,
  theme: Theme,
): string {
  if (status.typing !== undefined) return typingLine(status.typing, columns, theme);
  const background = backgroundText(status.verification);
  const right = cell(
    [background, position].filter((part) => part !== '').join('  '),
    Math.floor(columns / 2),
  );
  const room = columns - textWidth(right) - 1;
  const { toast, job } = status;
  let left: string;
  if (toast !== undefined) {
    const mark = { good: 'done: ', warn: '! ', bad: 'failed: ', plain: '' }[toast.tone];
    left = paint(theme, toast.tone, pad(cell(mark + toast.text, room), room, 'left'));
  } else if (job !== undefined) {
    left = pad(cell(jobText(job), room), room, 'left');
  } else {
    left = paint(theme, 'dim', pad(truncate(hints(room, where), room), room, 'left'));
  }
  return `${left} ${right}`;
}

/** What goes on behind everything else, or must not be overlooked. */
function backgroundText(verification: Verification | undefined): string {
  if (verification === undefined) return '';
  const { running } = verification;
  if (running !== undefined) {
    return `${running.phase} ${Math.floor((running.done * 100) / Math.max(1, running.total))}%`;
  }
  return outcomeOf(verification) === 'failed' ? '! NOT INTACT' : '';
}

function typingLine(typing: Typing, columns: number, theme: Theme): string {
  const question = QUESTIONS[typing.purpose.for];
  // the switches have their place at the right where that leaves enough for the text
  const switches = isOfBytes(typing) ? switchLine(typing, theme) : { text: '', width: 0 };
  const beside = columns - question.length - switches.width >= SWITCHES_LEAVE ? switches : undefined;
  const room = columns - question.length - 1 - (beside?.width ?? 0);
  // the cursor stays in sight: what is far before it is moved out to the left
  const ahead = cell(typing.text.slice(0, typing.at), 1e5);
  const left = Math.max(0, textWidth(ahead) - room + 1);
  const shown = sideways(typing.text, left, room);
  const under = cell(typing.text.slice(typing.at), 1);
  const before = sideways(typing.text.slice(0, typing.at), left, room);
  const after = shown.slice(before.length + under.length);
  const line = question + before + inverse(under === '' ? ' ' : under) + after;
  if (beside === undefined) return line;
  const used = question.length + textWidth(before + under + after) + (under === '' ? 1 : 0);
  return line + ' '.repeat(Math.max(0, columns - used - beside.width)) + beside.text;
}

const SWITCHES_LEAVE = 24;

/** What can be switched while a pattern is typed, what is on in brackets: ` ^O any case  [^T UTF-16] `. */
function switchLine(typing: Typing, theme: Theme): { text: string; width: number } {
  const on = switchesOf(typing.text);
  const parts = PROMPT_BINDINGS.flatMap(({ command, keys, hint }) => {
    if (hint === undefined) return [];
    const text = `${keyName(keys[0] ?? '')} ${hint}`;
    const set = [...on].some((each) => each === command);
    return [{ plain: set ? `[${text}]` : ` ${text} `, tone: set ? ('strong' as const) : ('dim' as const) }];
  });
  const width = parts.reduce((sum, { plain }) => sum + textWidth(plain), 0);
  return { text: parts.map(({ plain, tone }) => paint(theme, tone, plain)).join(''), width };
}

function jobText(job: Job): string {
  const amount = (value: number): string => (job.unit === 'bytes' ? formatSize(value) : String(value));
  const total = job.total === undefined ? '' : ` of ${amount(job.total)}`;
  const share =
    job.total === undefined || job.total === 0 ? '' : ` ${Math.floor((job.done * 100) / job.total)}%`;
  return `${job.label} ${amount(job.done)}${total}${share}, Esc stops`;
}

/** As many of the keys worth knowing here as fit. */
function hints(room: number, where: Where): string {
  if (where.overlay !== undefined) return truncate(OVERLAY_HINTS[where.overlay.kind], room);
  const all = BINDINGS.filter(({ hint, hintIn }) => hint !== undefined && isHere(hintIn, where)).map(
    ({ keys, hint }) => `${keyName(keys[0] ?? '')} ${hint}`,
  );
  // the last two, help and quit, matter most to who is lost
  let text = '';
  const last = all.slice(-2).join('  ');
  for (const hint of all.slice(0, -2)) {
    if (textWidth(`${text}${hint}  ${last}`) > room) break;
    text += `${hint}  `;
  }
  return text + last;
}

const OVERLAY_HINTS: Readonly<Record<Overlay['kind'], string>> = {
  help: '↑ ↓ scroll  Esc closes',
  item: '↑ ↓ scroll  Esc closes',
  bookmarks: 'Enter goes there  d removes  w saves a case note  Esc closes',
};

function isHere(hintIn: KeyBinding['hintIn'], { screen, tabs, hex }: Where): boolean {
  if (hintIn === 'tabs') return tabs > 1;
  return hintIn === undefined || (hintIn === 'hex' ? hex : hintIn === screen);
}
