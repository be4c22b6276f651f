import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the kernel tells of a process that is made up below a host root. */
export interface FakeProcess {
  /** The name in /proc/PID/comm, and of its file. */
  readonly comm: string;
  /** Default: its name alone. */
  readonly words?: readonly string[];
  /** All four user IDs, or four; default root. */
  readonly uid?: number | readonly number[];
  /** Its file, made with what is missing on the way; default /usr/bin/NAME. */
  readonly exe?: string;
  /** Inode of its mount or PID namespace; default the node's. */
  readonly mnt?: number;
  readonly pidns?: number;
  /** Default that of a service. */
  readonly cgroup?: string;
  readonly environ?: Readonly<Record<string, string>>;
}

/** The namespaces of the first process. */
const NODE = { mnt: 4026531841, pid: 4026531836 } as const;

/** Puts a process into the /proc of a host root, and the node's first one, whose namespaces are the node's. */
export function fakeProcess(root: string, pid: number, facts: FakeProcess): void {
  namespaces(root, 1, NODE);
  namespaces(root, pid, { mnt: facts.mnt ?? NODE.mnt, pid: facts.pidns ?? NODE.pid });
  const { comm, words = [comm], uid = 0, exe = `/usr/bin/${comm}`, environ = {} } = facts;
  const put = (name: string, text: string): void =>
    writeFileSync(join(root, 'proc', String(pid), name), text);
  const ids = typeof uid === 'number' ? [uid, uid, uid, uid] : uid;
  put('comm', `${comm}\n`);
  put('cmdline', words.map((word) => `${word}\0`).join(''));
  put('status', `Name:\t${comm}\nUid:\t${ids.join('\t')}\n`);
  put('cgroup', facts.cgroup ?? `0::/system.slice/${comm}.service\n`);
  put(
    'environ',
    Object.entries(environ)
      .map(([name, value]) => `${name}=${value}\0`)
      .join(''),
  );
  link(root, `proc/${pid}/exe`, exe);
  if (exe.startsWith('/') && !exe.startsWith('/memfd:') && !exe.endsWith(' (deleted)')) program(root, exe);
}

/** A file that can be run, root's or this user's. */
export function program(root: string, path: string): void {
  if (existsSync(join(root, path))) return;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), '#!/bin/false\n');
  chmodSync(join(root, path), 0o755);
}

function namespaces(root: string, pid: number, its: { readonly mnt: number; readonly pid: number }): void {
  mkdirSync(join(root, 'proc', String(pid), 'ns'), { recursive: true });
  link(root, `proc/${pid}/ns/mnt`, `mnt:[${its.mnt}]`);
  link(root, `proc/${pid}/ns/pid`, `pid:[${its.pid}]`);
}

function link(root: string, path: string, target: string): void {
  rmSync(join(root, path), { force: true });
  symlinkSync(target, join(root, path));
}
