import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { HostRoot } from '../../../src/node/host/root.js';
import { type Activity, readActivity, whyUncertain } from '../../../src/node/leftovers/activity.js';
import { type Leftover, lookAt } from '../../../src/node/leftovers/look.js';
import type { LeftoverKind } from '../../../src/node/leftovers/places.js';
import { removeLeftover } from '../../../src/node/leftovers/remove.js';
import { NOBODY } from '../../support/coldcase.js';
import { emptyHost } from '../../support/hosts.js';

/** Leftovers belong to root, and whether anybody has one open is only shown to root. */
const root = process.getuid?.() === 0;
const later = new Date(Date.now() + 3_600_000);
const still: Activity = {
  dumping: [],
  holders: new Map(),
  engines: new Map(),
  blind: undefined,
  wholeMachine: true,
};
const options = { now: later, activity: async () => still };
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** A directory as containerd leaves it, somewhere where only root writes. */
async function leftover(
  kind: LeftoverKind = 'container-state',
): Promise<{ host: HostRoot; it: Leftover; above: string }> {
  const above = await realpath(await emptyHost());
  const path = join(above, 'ctrd-checkpoint2718281828');
  await mkdir(join(path, 'deep/er'), { recursive: true, mode: 0o700 });
  await writeFile(join(path, 'pages-1.img'), 'secret');
  await writeFile(join(path, 'deep/er/\u00e4.img'), 'secret');
  const host = await HostRoot.open('/');
  const it = await lookAt(host, { path, kind });
  if (it === undefined) throw new Error('it is not there');
  return { host, it, above };
}

test('when it is certain that nothing runs in a leftover', () => {
  const changed = new Date('2026-11-23T16:00:00Z');
  const it: Leftover = {
    path: '/tmp/ctrd-checkpoint1',
    kind: 'criu-images',
    engine: 'containerd',
    what: '',
    directory: true,
    owner: 0,
    size: 1,
    allocated: 1,
    changed,
    written: changed.getTime(),
    identity: { device: 1, inode: 1 },
    obstacle: undefined,
  };
  const minutes = (count: number): Date => new Date(changed.getTime() + count * 60_000);
  const engine = (started: Date): Activity => ({
    ...still,
    engines: new Map([['containerd' as const, started]]),
  });
  const why = (activity: Activity, now: Date, leftover = it): string | undefined =>
    whyUncertain(leftover, activity, now);
  // its engine was started after it, or does not run, or has not touched it for ten minutes
  expect(why(engine(minutes(1)), minutes(2))).toBeUndefined();
  expect(why(still, minutes(2))).toBeUndefined();
  expect(why(engine(minutes(-60)), minutes(10))).toBeUndefined();
  expect(why(engine(minutes(-60)), minutes(9))).toContain('containerd runs since before it changed');
  expect(why(still, minutes(0.5))).toContain('within the last minute');
  // a clock that was set back makes nothing certain
  expect(why(engine(minutes(-60)), minutes(-5))).toContain('runs since before');
  // somebody makes a checkpoint, has it open, or cannot be seen
  expect(why({ ...still, dumping: ['criu (PID 7)'] }, later)).toContain(
    'criu (PID 7) is making a checkpoint',
  );
  expect(why({ ...still, holders: new Map([[it.path, 'bash (PID 8)']]) }, later)).toContain(
    'bash (PID 8) has it open',
  );
  expect(why({ ...still, blind: 'what x has open may not be seen' }, later)).toContain('run as root');
  expect(why({ ...still, wholeMachine: false }, later)).toContain('PID namespace');
  expect(why({ ...engine(minutes(1)), wholeMachine: false }, later)).toBeUndefined();
  expect(why(still, later, { ...it, obstacle: 'belongs to user 7' })).toBe('belongs to user 7');
});

test.skipIf(!root)('it goes with all in it, and nothing beside it (as root)', async () => {
  const { host, it, above } = await leftover();
  await symlink('/etc', join(it.path, 'etc'));
  const victim = await emptyHost();
  await writeFile(join(victim, 'kept'), 'x');
  await symlink(victim, join(it.path, 'deep/out'));
  const again = await lookAt(host, { path: it.path, kind: it.kind });
  expect(again).toBeDefined();
  await removeLeftover(host, again ?? it, options);
  expect(await readdir(above)).toEqual([]);
  expect(await readdir(victim)).toEqual(['kept']);
});

test.skipIf(!root)('what a process has open, or works in, is seen and stays (as root)', async () => {
  const { host, it, above } = await leftover();
  const child = spawn('/bin/sh', ['-c', 'exec 9<pages-1.img; cd /; echo ready; read x'], {
    cwd: it.path,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  const activity = await readActivity(host, [it]);
  expect(activity.holders.get(it.path)).toBe(`sh (PID ${child.pid})`);
  const seen = async (_: HostRoot, all: readonly Leftover[]): Promise<Activity> => ({
    ...still,
    holders: (await readActivity(host, all)).holders,
  });
  await expect(removeLeftover(host, it, { now: later, activity: seen })).rejects.toThrow('has it open');
  expect(await readdir(above)).toEqual(['ctrd-checkpoint2718281828']);
  child.stdin.end();
  await once(child, 'exit');
  await removeLeftover(host, it, { now: later, activity: seen });
  expect(await readdir(above)).toEqual([]);
});

test.skipIf(!root)('a checkpoint that is being made is seen by its program (as root)', async () => {
  const directory = await emptyHost();
  const host = await HostRoot.open('/');
  await copyFile(await realpath('/bin/sleep'), join(directory, 'criu'));
  await chmod(join(directory, 'criu'), 0o755);
  await chmod(directory, 0o755);
  const stranger = spawn(join(directory, 'criu'), ['600'], NOBODY);
  children.push(stranger);
  const running = [
    spawn(join(directory, 'criu'), ['600']),
    // a shell that is called as runc is, with runc's command among its arguments
    spawn('/bin/sh', ['-c', 'read x', 'checkpoint'], { argv0: '/usr/sbin/runc' }),
  ];
  children.push(...running);
  for (const child of running) {
    const mine = async (): Promise<number> => {
      const { dumping } = await readActivity(host, []);
      return dumping.filter((line) => line.includes(`PID ${child.pid})`)).length;
    };
    await expect.poll(mine).toBe(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await mine()).toBe(0);
  }
  // another user's keeps nothing from being removed
  expect(stranger.exitCode).toBeNull();
  const { dumping } = await readActivity(host, []);
  expect(dumping.filter((line) => line.includes(`PID ${stranger.pid})`))).toEqual([]);
});

test.skipIf(!root)(
  'a checkpoint that begins after the first look gets its directory back (as root)',
  async () => {
    const { host, it, above } = await leftover();
    let asked = 0;
    const begins = async (): Promise<Activity> => {
      asked += 1;
      return asked === 1 ? still : { ...still, dumping: ['criu (PID 7)'] };
    };
    await expect(removeLeftover(host, it, { now: later, activity: begins })).rejects.toThrow(
      'is making a checkpoint',
    );
    expect(asked).toBe(2);
    expect(await readdir(above)).toEqual(['ctrd-checkpoint2718281828']);
    // something was written between the two looks
    const writes = async (_: HostRoot, [one]: readonly Leftover[]): Promise<Activity> => {
      await writeFile(join(one?.path ?? '', 'new.img'), '');
      return still;
    };
    await expect(removeLeftover(host, it, { now: later, activity: writes })).rejects.toThrow('changed while');
    expect(await readdir(above)).toEqual(['ctrd-checkpoint2718281828']);
  },
);

test.skipIf(!root)('what was swapped, and what others could swap, is not removed (as root)', async () => {
  const { host, it, above } = await leftover();
  await rename(it.path, `${it.path}-before`);
  await mkdir(it.path);
  await expect(removeLeftover(host, it, options)).rejects.toThrow('not what was looked at');
  await rm(it.path, { recursive: true });
  await symlink(`${it.path}-before`, it.path);
  await expect(removeLeftover(host, it, options)).rejects.toThrow('not what was looked at');
  await rm(it.path);
  await rename(`${it.path}-before`, it.path);
  await chown(above, NOBODY.uid, NOBODY.gid);
  await expect(removeLeftover(host, it, options)).rejects.toThrow(`belongs to user ${NOBODY.uid}`);
  await chown(above, 0, 0);
  await chmod(above, 0o777);
  await expect(removeLeftover(host, it, options)).rejects.toThrow('may be written by others');
  // as in /tmp: there others cannot rename what is root's
  await chmod(above, 0o1777);
  await removeLeftover(host, it, options);
  expect(await readdir(above)).toEqual([]);
});

test.skipIf(!root)(
  'below another root processes cannot be told, so nothing is removed (as root)',
  async () => {
    const { it, above } = await leftover();
    const other = await HostRoot.open(above);
    await expect(removeLeftover(other, it, options)).rejects.toThrow('cannot be told below --host-root');
  },
);

test.skipIf(!root)(
  'a piece that was being removed when coldcase was killed is found again (as root)',
  async () => {
    const { host, it, above } = await leftover('container-state');
    const directory = await mkdtemp(join(above, 'x'));
    await utimes(directory, 1, 1);
    const aside = `${it.path}.coldcase-0123456789ab`;
    await rename(it.path, aside);
    const again = await lookAt(host, { path: aside, kind: it.kind });
    await removeLeftover(host, again ?? it, options);
    expect(await readdir(above)).toHaveLength(1);
  },
);
