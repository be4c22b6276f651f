import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, readlink, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UnsafeError } from './errors.js';
import { errorCode, fileError } from './file-errors.js';

/** Another process that has a lock, or is about to. */
export interface Holder {
  readonly pid: number;
  readonly since: Date;
}

export interface LockOptions {
  /** How long another is waited for, in milliseconds. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when there is somebody to be waited for. */
  readonly onWait?: (holder: Holder) => void;
}

export type Lock = { readonly release: () => Promise<void> } | { readonly heldBy: Holder };

const PAUSE = 100;
/** A holder in another PID namespace cannot be looked up; it touches its ticket that often, and is gone after that, in milliseconds. */
const TOUCH = 10_000;
const SILENT = 60_000;

/**
 * A lock that only living processes have: each who wants it puts a ticket of its own into the directory, and has it once
 * there is no other. A ticket is named after the process (PID, its start, its PID namespace, this boot), so that one of
 * a process that was killed is known for what it is, and can be removed by anybody: nobody else will ever be called so.
 *
 * @param directory - as `lockDirectory` gives it
 * @param name - letters, digits and dashes
 * @returns `heldBy` when the patience ends; the signal's reason is thrown
 */
export async function takeLock(directory: string, name: string, options: LockOptions): Promise<Lock> {
  const ticket = await ticketFor(name);
  const path = join(directory, ticket);
  const until = performance.now() + options.patience;
  let own = false;
  let told = false;
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const others = (await liveTickets(directory, name)).filter((one) => one.ticket !== ticket);
      const [first] = others;
      if (first === undefined && own) {
        own = false; // it is the lock now, and no more ours to take back
        return { release: holding(path) };
      }
      if (first === undefined) {
        await createTicket(path);
        own = true;
        continue; // whoever came at the same time sees this one now, and is seen
      }
      // of several that want it the first by name keeps its ticket; one that has it keeps it anyway
      if (own && others.some((one) => one.ticket < ticket)) {
        await unlink(path);
        own = false;
      }
      if (!told) options.onWait?.(first);
      told = true;
      if (performance.now() >= until) return { heldBy: first };
      await wait(PAUSE + Math.random() * PAUSE, undefined, { signal: options.signal }).catch(() => undefined);
    }
  } finally {
    if (own) await unlink(path).catch(ignoreMissing);
  }
}

/** Keeps a ticket fresh until it is given back. */
function holding(path: string): () => Promise<void> {
  const clock = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // who removed it will be seen by those who look
  }, TOUCH);
  clock.unref();
  return async () => {
    clearInterval(clock);
    await unlink(path).catch(ignoreMissing);
  };
}

async function createTicket(path: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await (await open(path, flags, 0o600)).close();
}

let tickets = 0;

async function ticketFor(name: string): Promise<string> {
  tickets += 1;
  const number = tickets;
  const whose = [process.pid, await startOf(process.pid), await pidNamespace(), await boot()];
  return [name, ...whose, number, Date.now()].join('.');
}

interface Ticket extends Holder {
  readonly ticket: string;
}

/** The tickets of processes that live; those of others are removed. */
async function liveTickets(directory: string, name: string): Promise<readonly Ticket[]> {
  const found: Ticket[] = [];
  for (const ticket of (await readdir(directory)).sort()) {
    const [which, pid = '', start, namespace, of, , since] = ticket.split('.');
    if (which !== name || !/^\d{1,10}$/.test(pid)) continue;
    const facts = await stat(join(directory, ticket)).catch(() => undefined); // given back meanwhile
    if (facts === undefined) continue;
    const here = namespace === (await pidNamespace());
    const lives =
      of === (await boot()) &&
      (here ? start === (await startOf(Number(pid))) : Date.now() - facts.mtimeMs < SILENT);
    if (lives) found.push({ ticket, pid: Number(pid), since: new Date(Number(since)) });
    else await unlink(join(directory, ticket)).catch(ignoreMissing);
  }
  return found;
}

/** When a process began, in clock ticks after the boot (field 22 of proc_pid_stat(5)); `none` when there is no such process. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // the name in parentheses may hold spaces and parentheses; a zombie has ended
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? 'none' : (fields[19] ?? 'none');
}

async function pidNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(link)?.[0] ?? 'none';
}

async function boot(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim().slice(0, 8) || 'none';
}

/**
 * Makes a directory for locks, if it is not there, that only this user can write to.
 *
 * @throws UnsafeError when others can, so that they could hold or break every lock; as `fileError` when it cannot be made
 */
export async function lockDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const facts = await lstat(path);
    const self = process.getuid?.() ?? 0;
    if (!facts.isDirectory() || facts.uid !== self || (facts.mode & 0o022) !== 0) {
      throw new UnsafeError(`${path} is not a directory that only this user can write to`);
    }
    return path;
  } catch (error) {
    throw error instanceof UnsafeError ? error : fileError(error, path, 'write to directory');
  }
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}
