import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  lchown,
  link,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { decompress } from 'zstd-napi';
import { sealedName } from '../../src/cli/capture/output-place.js';
import { findCopies } from '../../src/cli/checkpoints/copies.js';
import type { ArchiveRow } from '../../src/cli/checkpoints/list.js';
import { prune as pruneRows } from '../../src/cli/checkpoints/prune.js';
import { readKeys } from '../../src/cli/identity-options.js';
import { coldcase, type Finished, NOBODY } from '../support/coldcase.js';
import { emptyHost, hostCopy } from '../support/hosts.js';
import { samplePath } from '../support/samples.js';
import { sha256 } from '../support/sealed.js';

/** Only root can give files to another user, and be root where a receipt is believed. */
const root = process.getuid?.() === 0;
const ARCHIVE = 'checkpoint-payments-node-a_prod-cache-2026-11-20T16:25:48Z.tar';
const SEALED = 'checkpoint-payments-node-a_prod-cache-2026-11-20T162548Z.tar.zst.age';

let recipient: string;
let key: string;
let good: string;

beforeAll(async () => {
  if (!root) return;
  const directory = await emptyHost();
  key = join(directory, 'key.txt');
  const { stdout, stderr } = await coldcase(['keygen', '-o', key]);
  recipient = /age1[a-z0-9]+/.exec(stdout + stderr)?.[0] ?? '';
  good = join(directory, 'good');
  const { host } = await nodeWithArchive();
  const seal = await coldcase([...checkpoints(host), '--seal', '-r', recipient, '-o', `${good}/`]);
  expect(seal.code).toBe(0);
});

async function nodeWithArchive(): Promise<{ host: string; directory: string }> {
  const host = await hostCopy('bare');
  const directory = join(host, 'var/lib/kubelet/checkpoints');
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  await copyFile(samplePath('containerd-redis'), join(directory, ARCHIVE));
  return { host, directory };
}

/** A directory with the good copy in it, mode 0700 and root's until a test makes it worse. */
async function place(): Promise<string> {
  const directory = await emptyHost();
  for (const name of [SEALED, `${SEALED}.json`]) await copyFile(join(good, name), join(directory, name));
  for (const name of [SEALED, `${SEALED}.json`]) await chmod(join(directory, name), 0o600);
  return directory;
}

function checkpoints(host: string): readonly string[] {
  return ['node', 'checkpoints', '--host-root', host, '--json'];
}

/** Prunes everything without asking, and says whether the original is still there. */
async function prune(words: readonly string[], cwd?: string): Promise<Finished & { readonly kept: boolean }> {
  const { host, directory } = await nodeWithArchive();
  const done = await coldcase([...checkpoints(host), '--prune', '--keep', '0', '--yes', ...words], {
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { ...done, kept: (await readdir(directory)).includes(ARCHIVE) };
}

/** What the attacker of the issue did: a manifest that fits the original, and a "copy" of 1,000 random bytes. */
async function forge(directory: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(directory, `${SEALED}.json`), 'utf8'));
  const copy = randomBytes(1000);
  manifest.sealed = { name: SEALED, size: copy.length, sha256: sha256(copy) };
  await writeFile(join(directory, SEALED), copy);
  await writeFile(join(directory, `${SEALED}.json`), JSON.stringify(manifest));
}

test.skipIf(!root)('a manifest that another user wrote removes nothing (as root)', async () => {
  const directory = await place();
  await forge(directory);
  for (const path of [directory, join(directory, SEALED), join(directory, `${SEALED}.json`)])
    await chown(path, NOBODY.uid, NOBODY.gid);
  await chmod(directory, 0o755);
  const forged = await prune(['--sealed', directory]);
  expect(forged).toMatchObject({ code: 6, kept: true });
  expect(forged.stderr).toContain('a manifest proves nothing where others can write');
  expect(forged.stderr).toContain(`belongs to user ${NOBODY.uid}`);
  // with the identity the "copy" is looked into, and is nothing
  const opened = await prune(['--sealed', directory, '-i', key]);
  expect(opened).toMatchObject({ code: 6, kept: true });
});

test.skipIf(!root)('a receipt is believed only where nobody but root can write (as root)', async () => {
  const trusted = await prune(['--sealed', await place()]);
  expect(trusted).toMatchObject({ code: 0, kept: false });
  expect(trusted.stderr).toContain('sealed and proven by its receipt');
  const cases: readonly (readonly [string, (directory: string) => Promise<void>])[] = [
    ['manifest of another user', (at) => chown(join(at, `${SEALED}.json`), NOBODY.uid, NOBODY.gid)],
    ['manifest that a group writes', (at) => chmod(join(at, `${SEALED}.json`), 0o660)],
    ['sealed file of another user', (at) => chown(join(at, SEALED), NOBODY.uid, NOBODY.gid)],
    ['sealed file that all write', (at) => chmod(join(at, SEALED), 0o666)],
    ['directory of another user', (at) => chown(at, NOBODY.uid, NOBODY.gid)],
    ['directory that a group writes', (at) => chmod(at, 0o770)],
    ['directory that all write, sticky', (at) => chmod(at, 0o1777)],
    [
      'sealed file that is a link',
      async (at) => {
        await rm(join(at, SEALED));
        await symlink(join(good, SEALED), join(at, SEALED));
        await lchown(join(at, SEALED), 0, 0);
      },
    ],
    ['manifest without its file', (at) => rm(join(at, SEALED))],
    ['file without its manifest', (at) => rm(join(at, `${SEALED}.json`))],
    [
      'manifest that names a file elsewhere',
      async (at) => {
        const text = await readFile(join(at, `${SEALED}.json`), 'utf8');
        const manifest = JSON.parse(text);
        manifest.sealed.name = `../${SEALED}`;
        await writeFile(join(at, `${SEALED}.json`), JSON.stringify(manifest));
      },
    ],
  ];
  for (const [what, spoil] of cases) {
    const above = await emptyHost();
    const at = join(above, 'evidence');
    await mkdir(at, { mode: 0o700 });
    const source = await place();
    for (const name of [SEALED, `${SEALED}.json`]) {
      await copyFile(join(source, name), join(at, name));
      await chmod(join(at, name), 0o600);
    }
    await spoil(at);
    expect(await prune(['--sealed', at]), what).toMatchObject({ code: 6, kept: true });
  }
});

test.skipIf(!root)('a directory above that others can write spoils a receipt (as root)', async () => {
  const above = await place();
  const inside = join(above, 'inside');
  await mkdir(inside, { mode: 0o700 });
  for (const name of [SEALED, `${SEALED}.json`]) {
    await copyFile(join(above, name), join(inside, name));
    await chmod(join(inside, name), 0o600);
  }
  await chmod(above, 0o777);
  expect(await prune(['--sealed', inside])).toMatchObject({ code: 6, kept: true });
});

test.skipIf(!root)('the current directory is not looked in unless it is named (as root)', async () => {
  const cwd = await place();
  const unnamed = await prune([], cwd);
  expect(unnamed).toMatchObject({ code: 6, kept: true });
  expect(unnamed.stderr).toContain('no sealed copy is known');
  expect(await prune(['--sealed', '.'], cwd)).toMatchObject({ code: 0, kept: false });
});

test.skipIf(!root)('with the identity the copy is opened, wherever it lies (as root)', async () => {
  const theirs = await place();
  for (const path of [theirs, join(theirs, SEALED), join(theirs, `${SEALED}.json`)])
    await chown(path, NOBODY.uid, NOBODY.gid);
  const opened = await prune(['--sealed', theirs, '-i', key]);
  expect(opened).toMatchObject({ code: 0, kept: false });
  expect(opened.stderr).toContain('sealed and proven by opening it');
  expect(opened.stderr).toContain(`belongs to user ${NOBODY.uid}, who could swap the sealed file`);
  // no manifest is needed then: the name tells which it is
  const bare = await place();
  await rm(join(bare, `${SEALED}.json`));
  expect(await prune(['--sealed', bare, '-i', key])).toMatchObject({ code: 0, kept: false });
  // but what everybody can remove again is no place for the only copy
  const everybodys = await place();
  await chmod(everybodys, 0o777);
  const refused = await prune(['--sealed', everybodys, '-i', key]);
  expect(refused).toMatchObject({ code: 6, kept: true });
  expect(refused.stderr).toContain('can be changed by everybody');
});

test.skipIf(!root)("the copy's own rights count too, with the identity (as root)", async () => {
  const sealed = (at: string): string => join(at, SEALED);
  const cases: readonly (readonly [string, (at: string) => Promise<unknown>, string, boolean])[] = [
    ['that all write', (at) => chmod(sealed(at), 0o666), 'can be written by everybody', true],
    [
      "another user's where everybody can write, sticky as it is",
      async (at) => {
        await chown(sealed(at), NOBODY.uid, NOBODY.gid);
        await chmod(at, 0o1777);
      },
      `belongs to user ${NOBODY.uid}, in a directory that everybody can write to`,
      true,
    ],
    [
      "another user's",
      (at) => chown(sealed(at), NOBODY.uid, NOBODY.gid),
      `belongs to user ${NOBODY.uid}`,
      false,
    ],
    ['that a group writes', (at) => chmod(sealed(at), 0o660), 'can be written by group 0', false],
    ['with another name', (at) => link(sealed(at), join(at, 'other')), 'has 1 other names', false],
    ["root's, sticky", (at) => chmod(at, 0o1777), 'sealed and proven by opening it', false],
  ];
  for (const [what, spoil, told, kept] of cases) {
    const at = await place();
    await spoil(at);
    const done = await prune(['--sealed', at, '-i', key]);
    expect(done, what).toMatchObject({ code: kept ? 6 : 0, kept });
    expect(done.stderr, what).toContain(told);
  }
});

test.skipIf(!root)(
  'what was removed is named, and what changed meanwhile keeps itself only (as root)',
  async () => {
    const { directory } = await nodeWithArchive();
    const names = ['a', 'b', 'c'].map((pod) => ARCHIVE.replace('payments-node-a', pod));
    for (const name of names) await copyFile(join(directory, ARCHIVE), join(directory, name));
    const at = await place();
    for (const name of names) await copyFile(join(at, SEALED), join(at, sealedName(name)));
    const rows = names.map(
      (file): ArchiveRow => ({
        ...{ what: 'archive', file, path: join(directory, file), size: 0, mode: '0600', state: 'whole' },
        ...{ namespace: 'prod', pod: file, container: 'cache', from: 'name', time: '2026-11-20T16:25:48Z' },
        ...{ age: 0, sealed: null, problem: null, kind: 'file' },
      }),
    );
    const lines: string[] = [];
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      lines.push(String(text).trim());
      // somebody writes to the copy of the second, once the first is gone
      if (lines.at(-1) === `removed ${names[0]}`) writeFileSync(join(at, sealedName(names[1] ?? '')), 'x');
      return true;
    });
    try {
      const keys = await readKeys('test', { identity: [key] });
      const options = { yes: true, keys, signal: new AbortController().signal, clear: () => undefined };
      await expect(pruneRows(directory, rows, await findCopies([at]), options)).rejects.toThrow(
        '1 were kept',
      );
    } finally {
      write.mockRestore();
    }
    expect(lines.slice(-3)).toEqual([
      `removed ${names[0]}`,
      expect.stringMatching(`^kept ${names[1]}: .* is not the file any more that was proved$`),
      `removed ${names[2]}`,
    ]);
    expect((await readdir(directory)).sort()).toEqual([names[1], ARCHIVE].sort());
  },
);

test.skipIf(!root)('an archive as kubelets write it, a plain tar, by both ways (as root)', async () => {
  const evidence = await emptyHost();
  for (const proof of [[], ['-i', key]]) {
    const host = await hostCopy('bare');
    const directory = join(host, 'var/lib/kubelet/checkpoints');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, ARCHIVE), decompress(await readFile(samplePath('crio-looper'))));
    const seal = ['--seal', '-r', recipient, '-o', join(evidence, `${proof.length}/`)];
    expect((await coldcase([...checkpoints(host), ...seal])).code).toBe(0);
    const sealed = ['--sealed', join(evidence, `${proof.length}`)];
    const pruned = await coldcase([
      ...checkpoints(host),
      ...['--prune', '--keep', '0', '--yes'],
      ...sealed,
      ...proof,
    ]);
    expect(pruned).toMatchObject({ code: 0 });
    expect(await readdir(directory)).toEqual([]);
  }
});

test.skipIf(!root)('a copy of something else, and the wrong identity, prove nothing (as root)', async () => {
  const directory = await place();
  const other = await emptyHost();
  await coldcase(['seal', samplePath('crio-looper'), '-r', recipient, '-o', join(other, SEALED)]);
  await copyFile(join(other, SEALED), join(directory, SEALED));
  const another = await prune(['--sealed', directory, '-i', key]);
  expect(another).toMatchObject({ code: 6, kept: true });
  expect(another.stderr).toContain('holds another archive');
  const wrong = join(other, 'wrong.txt');
  await coldcase(['keygen', '-o', wrong]);
  expect(await prune(['--sealed', await place(), '-i', wrong])).toMatchObject({ code: 6, kept: true });
  const cut = await place();
  const bytes = await readFile(join(cut, SEALED));
  await writeFile(join(cut, SEALED), bytes.subarray(0, bytes.length - 1000));
  expect(await prune(['--sealed', cut, '-i', key])).toMatchObject({ code: 6, kept: true });
});

test.skipIf(!root)(
  'a manifest of others does not silently keep an archive from being sealed (as root)',
  async () => {
    const directory = await place();
    await forge(directory);
    await chown(directory, NOBODY.uid, NOBODY.gid);
    const { host } = await nodeWithArchive();
    const out = await emptyHost();
    const sealing = [...checkpoints(host), '--seal', '-r', recipient, '-o', out, '--sealed', directory];
    const { stderr } = await coldcase(sealing);
    expect(stderr).toContain('was not sealed again');
  },
);
