import { spellings } from '../../base/spelling.js';
import { rawContents } from '../../criu/raw.js';

/** The eight screens, in the order of their number keys. */
export const SCREENS = [
  'overview',
  'processes',
  'memory',
  'files',
  'network',
  'mounts',
  'images',
  'logs',
] as const;
export type ScreenName = (typeof SCREENS)[number];

/** Every kind of page: the eight screens' own, and those that are reached from them. */
export const PAGES = [
  ...SCREENS,
  'process',
  'hex',
  'found',
  'entry',
  'image',
  'object',
  'verification',
] as const;
export type PageName = (typeof PAGES)[number];

/**
 * Somewhere that a key, a finding, a bookmark or `:` can take one: plain data, so that it can be kept and saved.
 * Every string in it may be untrusted text of the archive.
 */
export interface Place {
  readonly page: PageName;
  /** What the page is about: a PID, the name of an entry or image, a pattern; the page knows. */
  readonly subject?: string;
  /** Which of the page's tabs; the first one if absent. */
  readonly tab?: string;
  /** What to put the cursor on: an address, or the id of an item. */
  readonly at?: string;
}

/** Two places with the same key show the same contents, wherever their cursors are. */
export function placeKey(place: Place): string {
  return `${place.page}\0${place.subject ?? ''}`;
}

/** What `:` was told, understood: a place, or why not. */
export type Goto = { readonly place: Place } | { readonly problem: string };

const PID = /^(?:pid )?(\d{1,10})$/;
const ADDRESS = /^(?:(\d{1,10})[: ])?\s*(?:0x)?([0-9a-f]{1,16})$/i;
const HAS_HEX_MARK = /0x|[: ]/i;

/**
 * Understands what is typed after `:`: a screen's name, `verify`, a PID (`4`), an address (`0x7f12...`, in
 * another process `4:0x7f12...`), an image (`core-1.img`) or the name of an entry of the archive.
 *
 * @param pid - the process whose memory an address without a PID means
 * @param entries - names of the archive's entries
 */
export function parseGoto(text: string, pid: number | undefined, entries: readonly string[]): Goto {
  const wanted = text.trim();
  if (wanted === '') return { problem: 'nowhere to go to' };
  const screen = SCREENS.filter((name) => name.startsWith(wanted.toLowerCase()));
  if (screen[0] !== undefined) return { place: { page: screen[0] } };
  if (wanted.length > 2 && 'verification'.startsWith(wanted.replace(/y$/i, 'i').toLowerCase())) {
    return { place: { page: 'verification' } };
  }
  const asPid = PID.exec(wanted);
  if (asPid?.[1] !== undefined) return { place: { page: 'process', subject: asPid[1] } };
  const asAddress = ADDRESS.exec(wanted);
  if (asAddress?.[2] !== undefined && HAS_HEX_MARK.test(wanted)) {
    const subject = asAddress[1] ?? pid?.toString();
    if (subject === undefined) return { problem: 'say in which process: PID:0xADDRESS' };
    return { place: { page: 'hex', subject, at: `0x${asAddress[2].toLowerCase()}` } };
  }
  const find = (test: (name: string, spelling: string) => boolean): string | undefined =>
    spellings(wanted)
      .map((spelling) => entries.find((name) => test(name, spelling)))
      .find((name) => name !== undefined);
  const entry =
    find((name, spelling) => name === spelling) ??
    find((name, spelling) => name.endsWith(`/${spelling}`)) ??
    find((name, spelling) => name.includes(spelling));
  if (entry === undefined) return { problem: `no screen, process, address or entry is called ${wanted}` };
  return { place: entryPlace(entry) };
}

/** Where an entry of the archive is shown: CRIU images decoded, everything else as a file. */
export function entryPlace(name: string): Place {
  const image = /(?:^|\/)checkpoint\/([^/]+\.img)$/.exec(name)?.[1];
  return image !== undefined && rawContents(image) === undefined
    ? { page: 'image', subject: image }
    : { page: 'entry', subject: name };
}
