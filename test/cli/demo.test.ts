import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { readIdentityFile } from '../../src/bytes/age-identity.js';
import { BIN, CAN_BE_NOBODY, coldcase, NOBODY } from '../support/coldcase.js';
import { samplePath } from '../support/samples.js';
import { provedSha256, sha256 } from '../support/sealed.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'coldcase-demo-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const sealedIn = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith('.age'));

test('captures a real sample, leaves key, evidence and manifest, and no plaintext', async () => {
  const { code, stdout, stderr } = await coldcase(['demo'], { cwd });
  expect([code, stderr.replace(/age1\w+/, 'age1...')]).toEqual([0, 'Public key: age1...\n']);
  const dir = join(cwd, 'coldcase-demo');
  const [sealed = ''] = sealedIn(dir);
  expect(readdirSync(dir).sort()).toEqual([sealed, `${sealed}.json`, 'key.txt'].sort());
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  const [identity = ''] = await readIdentityFile(join(dir, 'key.txt'));
  const tar = decompress(readFileSync(samplePath('podman-incident')));
  expect(await provedSha256(join(dir, sealed), identity)).toBe(sha256(tar));
  expect(stdout).toContain('intact: everything was checked');
  expect(stdout).toContain('removed ');
  // not a control character anywhere, piped as it is
  expect(stdout).toMatch(/^(?:[^\p{Cc}]|\n)*$/u);

  // a second time: the key is used again, and the evidence of the first run stays
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const again = await coldcase(['demo'], { cwd });
  expect(again.code).toBe(0);
  expect(sealedIn(dir).length).toBe(2);
});

test('works in a directory that everybody may write to, as mounted disks often are', async () => {
  chmodSync(cwd, 0o777);
  const { code, stdout } = await coldcase(['demo'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain(
    `(${cwd} can be changed by everybody, who could swap the sealed file: the original is kept)`,
  );
  expect(stdout).toContain('--keep-original');
  const dir = join(cwd, 'coldcase-demo');
  const [sealed = ''] = sealedIn(dir);
  expect(readdirSync(dir).sort()).toEqual([sealed, `${sealed}.json`, 'key.txt'].sort());
});

test('what it says to try next works as it stands', async () => {
  const { stdout } = await coldcase(['demo', '-o', 'here'], { cwd });
  const lines = stdout.slice(stdout.indexOf('Try on it')).split('\n');
  const settings = lines.filter((line) => /^[EK]=/.test(line)).join('\n');
  const commands = lines.filter((line) => line.startsWith('coldcase ') && !line.includes(' browse '));
  expect(commands.length).toBeGreaterThan(3);
  for (const line of commands) {
    const script = `${settings}\ncoldcase() { "${process.execPath}" "${BIN}" "$@"; }\n${line}\n`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { cwd, encoding: 'utf8' });
    expect([line, status, stderr]).toEqual([line, 0, '']);
    expect(line.length).toBeLessThan(80);
  }
});

test('stopped in the middle, it takes its node and its key away', async () => {
  const { code } = await coldcase(['demo'], {
    cwd,
    started: (child) => {
      const clock = setInterval(() => {
        const dir = join(cwd, 'coldcase-demo');
        if (!existsSync(dir) || !readdirSync(dir).some((name) => name.startsWith('node-'))) return;
        clearInterval(clock);
        child.kill('SIGINT');
      }, 5);
    },
  });
  expect(code).not.toBe(0);
  expect(readdirSync(cwd)).toEqual([]);
});

test.runIf(CAN_BE_NOBODY)('works for an ordinary user (by root, who becomes one)', () => {
  chmodSync(cwd, 0o755);
  chownSync(cwd, NOBODY.uid, NOBODY.gid);
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'demo'], {
    cwd,
    ...NOBODY,
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^Public key: age1\w+\n$/);
  expect(status).toBe(0);
  expect(sealedIn(join(cwd, 'coldcase-demo')).length).toBe(1);
});
