import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { coldcase, type Finished, NOBODY } from '../support/coldcase.js';
import { captureScene, NAME, recipient, SEALED, TARGET } from '../support/kubelet/capture-scene.js';
import { rawHeader } from '../support/raw-tar.js';

const scene = captureScene();
const ROOT = process.getuid?.() === 0;

/** A directory in the one of this test, with these permissions. */
function directory(name: string, mode: number): string {
  const path = join(scene.out, name);
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode); // whatever the umask is
  return path;
}

function captureTo(output: string, words: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const into = ['-r', recipient, '-o', output, ...words];
  return coldcase(['capture', TARGET, ...scene.connection(), ...into], { env: { SUDO_UID: '', ...env } });
}

const said = (what: string): string =>
  `coldcase: ${what}, who could swap the sealed file: keep the receipt's hash elsewhere\n`;
const sealed = [SEALED('cache'), `${SEALED('cache')}.json`];

describe('a directory where others could swap the sealed file', () => {
  test('that everybody may write to is refused, and nothing is asked of the kubelet', async () => {
    const open = directory('open', 0o777);
    const asked = scene.kubelet.requests.length;
    for (const output of [open, `${open}/`, join(open, 'file.age'), `${open}/new/`]) {
      const { code, stdout, stderr } = await captureTo(output);
      expect([code, stdout]).toEqual([ExitCode.unsafe, '']);
      expect(stderr).toBe(
        `coldcase: ${open} can be changed by everybody, who could swap the sealed file\n` +
          '  name a directory of your own, or keep the archive on the node with --keep-original\n',
      );
    }
    expect(readdirSync(open)).toEqual([]);
    expect(scene.kubelet.requests.length).toBe(asked);
  });

  test('is refused when it is above the one that is named', async () => {
    directory('open', 0o777);
    const within = directory('open/own', 0o700);
    const { code, stderr } = await captureTo(within);
    expect(code).toBe(ExitCode.unsafe);
    expect(stderr).toContain(`${join(scene.out, 'open')} can be changed by everybody`);
  });

  test.runIf(ROOT)(
    'is taken when it belongs to somebody else, and that is said; whoever ran sudo is nobody else',
    async () => {
      const theirs = directory('theirs', 0o755);
      chownSync(theirs, NOBODY.uid, NOBODY.gid);
      const { code, stderr } = await captureTo(theirs);
      expect(code).toBe(0);
      expect(stderr).toContain(
        `coldcase: ${theirs} belongs to user ${NOBODY.uid}, who could swap the sealed file: keep the receipt's hash elsewhere\n`,
      );
      const own = directory('own', 0o755);
      chownSync(own, NOBODY.uid, NOBODY.gid);
      const sudo = await captureTo(own, [], { SUDO_UID: String(NOBODY.uid) });
      expect([sudo.code, sudo.stderr]).toEqual([0, expect.not.stringContaining('belongs')]);
    },
  );

  test('is taken with --keep-original, and that is said', async () => {
    const open = directory('open', 0o777);
    const { code, stderr } = await captureTo(open, ['--keep-original']);
    expect([code, stderr]).toEqual([0, expect.stringContaining(said(`${open} can be changed by everybody`))]);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('is taken when it is sticky, and when a group may write, which is said', async () => {
    for (const [name, mode] of [
      ['sticky', 0o1777],
      ['sticky-team', 0o1770],
      ['team', 0o2770],
    ] as const) {
      const path = directory(name, mode);
      const { code, stderr } = await captureTo(path);
      expect(code).toBe(0);
      const { gid } = statSync(path);
      expect(stderr).toBe(name === 'team' ? said(`${path} can be changed by group ${gid}`) : '');
      expect(readdirSync(path).sort()).toEqual(sealed);
    }
  });

  test('is named by seal and by node checkpoints --seal as well', async () => {
    const team = directory('team', 0o770);
    writeFileSync(
      join(scene.out, 'x.tar'),
      Buffer.concat([rawHeader({ name: 'x', size: 0 }), Buffer.alloc(1024)]),
    );
    const wanted = said(`${team} can be changed by group ${statSync(team).gid}`);
    const seal = ['seal', join(scene.out, 'x.tar'), '-r', recipient, '-o', `${team}/`];
    expect(await coldcase(seal)).toMatchObject({ code: 0, stderr: wanted });
    expect(await coldcase([...seal, '--force', '-q'])).toMatchObject({ code: 0, stderr: '' });
    copyFileSync(join(scene.out, 'x.tar'), join(scene.kubelet.checkpoints, NAME('cache')));
    const words = [
      'node',
      'checkpoints',
      '--checkpoint-dir',
      scene.kubelet.checkpoints,
      '--seal',
      '-r',
      recipient,
    ];
    const all = await coldcase([...words, '-o', team]);
    expect([all.code, all.stderr]).toEqual([0, expect.stringContaining(wanted)]);
  });
});

test('a link to a directory is followed once, and told as what it leads to', async () => {
  const real = directory('real', 0o700);
  symlinkSync(real, join(scene.out, 'link'));
  const { code, stdout } = await captureTo(`${join(scene.out, 'link')}/`, ['--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).captured[0].path).toBe(join(real, SEALED('cache')));
  const file = await captureTo(join(scene.out, 'link/file.age'), ['--json']);
  expect([file.code, JSON.parse(file.stdout).captured?.[0]?.path]).toEqual([0, join(real, 'file.age')]);
  symlinkSync(directory('open', 0o777), join(scene.out, 'bad'));
  expect((await captureTo(join(scene.out, 'bad'))).code).toBe(ExitCode.unsafe);
  symlinkSync(join(scene.out, 'nowhere'), join(scene.out, 'dangling'));
  expect((await captureTo(`${join(scene.out, 'dangling')}/`)).code).not.toBe(0);
});

test('what is made is 0700 and 0600, whatever the umask; a file is no directory', async () => {
  const { code } = await captureTo(`${join(scene.out, 'a/b')}/`);
  expect(code).toBe(0);
  expect(statSync(join(scene.out, 'a')).mode & 0o777).toBe(0o700);
  for (const name of sealed) expect(statSync(join(scene.out, 'a/b', name)).mode & 0o777).toBe(0o600);
  writeFileSync(join(scene.out, 'file'), '');
  const { code: refused, stderr } = await captureTo(`${join(scene.out, 'file')}/`);
  expect(refused).not.toBe(0);
  expect(stderr).toContain('is not a directory');
});
