import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compress } from 'zstd-napi';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { decodeFile } from '../../src/criu/decode.js';
import type { CritObject } from '../../src/criu/json-text.js';
import { IMAGE_KINDS } from '../../src/criu/kinds.js';
import { listImages } from '../../src/criu/read.js';
import { askCrit } from '../support/crit.js';
import { isKindOfCrit, synthesize, VARIANTS } from '../support/crit-synthesis.js';
import { parseExact } from '../support/json.js';
import { hasLab, labCheckpoint, labRun, labTitle } from '../support/lab.js';
import { readEntries } from '../support/read-entries.js';

/** Every file of a tar that pycriu can read, by path; null for the others. */
const DECODE_TAR = `
import json, sys, tarfile
from pycriu import images
out = {}
for member in (tar := tarfile.open(fileobj=sys.stdin.buffer, mode='r|')):
    if not member.isfile() or not member.name.endswith(('.img', 'stats-dump')): continue
    data = tar.extractfile(member).read()
    try: out[member.name] = {'plain': images.loads(data), 'pretty': images.loads(data, True)}
    except Exception: out[member.name] = None
json.dump(out, sys.stdout)
`;

/** Compares every image, both ways; answers how many images there are of each kind. */
async function compareWithCrit(tar: Uint8Array): Promise<Record<string, number>> {
  const answer = parseExact(labRun(['python3', '-c', DECODE_TAR], tar).toString());
  const theirs = new Map(
    Object.entries(answer as Record<string, { plain: unknown; pretty: unknown } | null>),
  );
  const archive = await openArchiveSource(new MemorySource(tar, 'live.tar'), 'live.tar');
  const kinds: Record<string, number> = {};
  for (const [name, entry] of await listImages(archive)) {
    const expected = theirs.get(entry.name);
    expect(expected, `${entry.name} in the tar`).toBeDefined();
    for (const pretty of [false, true]) {
      let text = '';
      for await (const piece of decodeFile(name, archive.open(entry), { pretty })) text += piece;
      const ours = parseExact(text);
      if (expected === null) expect(ours, name).toMatchObject({ magic: null });
      else expect(ours, name).toEqual(pretty ? expected?.pretty : expected?.plain);
      if (!pretty) {
        const { magic } = ours as { magic: string | null };
        kinds[magic ?? 'raw'] = (kinds[magic ?? 'raw'] ?? 0) + 1;
      }
    }
  }
  return kinds;
}

describe.skipIf(!hasLab)(`live, ${labTitle}`, () => {
  it('decodes a fresh checkpoint of podman as crit does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coldcase-lab-'));
    try {
      labCheckpoint(join(folder, 'fresh.tar'), 'INCIDENT=1');
      const kinds = await compareWithCrit(readFileSync(join(folder, 'fresh.tar')));
      expect(kinds).toMatchObject({ FILES: 1, PSTREE: 1, TCP_STREAM: 2, GHOST_FILE: 3, MEMFD_INODE: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('decodes a dump of something of every kind as crit does', async () => {
    const tar = dumpEveryKind();
    const kinds = await compareWithCrit(tar);
    expect(kinds).toMatchObject({
      IPCNS_MSG: 1,
      IPCNS_SEM: 1,
      IPCNS_SHM: 1,
      TTY_INFO: 1,
      TTY_DATA: 1,
      FIFO_DATA: 1,
    });
    expect(kinds).toMatchObject({
      FILE_LOCKS: 1,
      GHOST_FILE: 1,
      SK_QUEUES: 1,
      TCP_STREAM: 2,
      NETDEV: 1,
      SECCOMP: 1,
    });
    const archive = await openArchiveSource(new MemorySource(tar, 'live.tar'), 'live.tar');
    const types = new Set((await readEntries(archive, 'files.img', 'FILES')).map(({ type }) => type));
    expect([...types].sort()).toEqual(
      [
        'EVENTFD',
        'EVENTPOLL',
        'FANOTIFY',
        'FIFO',
        'INETSK',
        'INOTIFY',
        'MEMFD',
        'NETLINKSK',
        'PACKETSK',
        'PIDFD',
      ].concat(['PIPE', 'REG', 'SIGNALFD', 'TIMERFD', 'TTY', 'TUNF', 'UNIXSK']),
    );
  });

  it.runIf(process.env['COLDCASE_WRITE_FIXTURES'])(
    'writes test/fixtures/peers/every-kind.json.zst',
    async () => {
      const images: Record<string, string | CritObject> = {};
      const archive = await openArchiveSource(new MemorySource(dumpEveryKind(), 'live.tar'), 'live.tar');
      for (const [name, entry] of await listImages(archive)) {
        if (/^(pages|ifaddr|rule|route)/.test(name)) continue; // nothing that crit reads
        images[name] = Buffer.from(await archive.open(entry).read(0, entry.size)).toString('base64');
      }
      for (const kind of Object.keys(IMAGE_KINDS).filter(isKindOfCrit)) {
        for (const variant of VARIANTS) images[`${kind} ${variant}`] = synthesize(kind, variant);
      }
      const fixture = new URL('../fixtures/peers/every-kind.json.zst', import.meta.url);
      writeFileSync(fixture, compress(Buffer.from(askCrit(images)), { compressionLevel: 19 }));
    },
  );
});

/** A tar of the images of a process that holds something of every kind. */
function dumpEveryKind(): Buffer {
  const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
  return labRun(['sh', '-c', file('every-kind.sh'), 'every-kind'], file('every-kind.py'));
}
