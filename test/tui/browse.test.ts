import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Encrypter } from 'age-encryption';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { samplePath } from '../support/samples.js';
import {
  CLI,
  pause,
  type TerminalOptions,
  TestTerminal,
  terminalsWork,
} from '../support/terminal/terminal.js';

const works = terminalsWork();
const SEALED = samplePath('podman-incident', '.tar.zst.age');
const KEY = samplePath('podman-incident', '').replace(/podman-incident$/, 'demo-key.txt');

describe.skipIf(!works)(
  `coldcase browse in a pseudo-terminal${works ? '' : ' (skipped: no python3)'}`,
  () => {
    let directory: string;
    let terminal: TestTerminal | undefined;
    const open = (options: TerminalOptions = {}, args = [SEALED, '-i', KEY]): TestTerminal => {
      terminal = new TestTerminal(['browse', ...args], { cwd: directory, ...options });
      return terminal;
    };

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'coldcase-browse-'));
    });
    afterEach(() => {
      terminal?.close();
      terminal = undefined;
      rmSync(directory, { recursive: true });
    });

    it('walks from the overview to the socket of the reverse shell, and quits', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press('/socket as');
      await screen.until(/> *!socket as stdio|>!socket as stdio/);
      screen.press('\r\r');
      const text = await screen.until('Process 3');
      expect(text).toContain('[sockets]');
      expect(await screen.until(/^> +0 +tcp +ESTABLISHED/m)).toContain('127.0.0.1:4444');
      screen.press('\x1b');
      await screen.until('[1 Overview]');
      screen.press('q');
      expect(await screen.exited).toBe(0);
      expect(screen.output).toContain('\x1b[?1049l');
    });

    it('finds stratum+tcp in memory, and shows it in the mapping where it is', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press('s');
      await screen.until('all memory:');
      screen.press('stratum+tcp\r');
      await screen.until(/\d+ found in/);
      expect(await screen.text()).toContain('kworker/u8:2');
      screen.press('\r');
      await screen.until('Memory of process 4');
      await screen.until('stratum+tcp://po');
      screen.press('g');
      await screen.until(/0x400000 0%$/);
      screen.press('/stratum+tcp\r');
      await screen.until(/0x7ff81cfe0080 \d+%$/);
      screen.press('n');
      await screen.until('no further stratum+tcp');
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('extracts ghost.log byte for byte, 0600, and never over a file', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press('4]');
      await screen.until('[recovered]');
      await screen.settled();
      screen.press('/ghost.log\r');
      await screen.until(/ \/ghost.log {2}1\/1$/);
      screen.press('e');
      await screen.until('extract to: ghost.log');
      screen.press('\r');
      await screen.until('written, mode 0600');
      const file = join(directory, 'ghost.log');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const extracted = readFileSync(file, 'utf8');
      expect(extracted).toBe('attacker log: uploaded /etc/shadow at 03:14\n');
      screen.press('e\r');
      await screen.until(/failed: .*exists/);
      expect(readFileSync(file, 'utf8')).toBe(extracted);
      screen.press('q');
      await screen.exited;
    });

    it('keeps its layout through resizes, and says when there is too little room', async () => {
      const screen = open({ columns: 120, rows: 40 });
      await screen.until('What stands out');
      for (const [columns, rows] of [
        [80, 24],
        [200, 60],
        [60, 15],
        [133, 31],
      ] as const) {
        screen.resize(columns, rows);
        await screen.until(/\[1 Overview\][\s\S]*(quit|help)[^\n]*$/);
        const lines = (await screen.settled()).split('\n');
        expect(lines[0]).toMatch(/1 Overview/);
        expect(lines.at(-1)).toMatch(/quit|help/);
        expect(lines.every((line) => line.length <= columns)).toBe(true);
      }
      screen.resize(50, 10);
      await screen.until('coldcase needs 60x15; this is 50x10');
      screen.resize(80, 24);
      await screen.until('What stands out');
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('gives the terminal back after SIGTERM', async () => {
      const screen = open();
      await screen.until('What stands out');
      expect(await screen.isRaw()).toBe(true);
      screen.kill('SIGTERM');
      expect(await screen.exited).toBe(130);
      expect(screen.output.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(
        screen.output.lastIndexOf('\x1b[?1049h'),
      );
      expect(screen.output).toContain('\x1b[?1000l');
      expect(screen.output).toContain('\x1b[?25h');
      expect(screen.output.trimEnd()).toMatch(/stopped by SIGTERM$/);
    });

    it('ends in order, and leaves no core, when the terminal goes away', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.vanish();
      expect(await screen.exited).toBe(130);
      const asking = open({}, [SEALED]);
      await asking.until('Identity file');
      asking.vanish();
      expect(await asking.exited).toBe(130);
      const deaf = open({
        command: ['sh', '-c', `trap '' HUP; exec ${process.execPath} ${CLI} browse ${SEALED}`],
      });
      await deaf.until('Identity file');
      deaf.press(`${KEY}\r`);
      await deaf.until('What stands out');
      deaf.vanish();
      expect(await deaf.exited).toBe(130);
    });

    it('goes to the shell with Ctrl-Z, and comes back with fg to where it was', async () => {
      const shell = new TestTerminal([], { command: ['sh', '-i'], cwd: directory });
      terminal = shell;
      await shell.until(/[#$>]/);
      shell.press(`${process.execPath} ${CLI} browse ${SEALED} -i ${KEY}\r`);
      await shell.until('What stands out');
      shell.press('2');
      await shell.until('[2 Processes]');
      shell.press('\x1a');
      const text = await shell.until(/Stopped|Suspended/i);
      expect(text).not.toContain('[2 Processes]');
      expect(shell.output.lastIndexOf('\x1b[?1049l')).toBeGreaterThan(
        shell.output.lastIndexOf('\x1b[?1049h'),
      );
      expect(shell.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(shell.output.lastIndexOf('\x1b[?25l'));
      shell.press('echo still $((40 + 2))\r');
      await shell.until('still 42');
      shell.resize(120, 40);
      shell.press('fg\r');
      await shell.until(/\[2 Processes\][\s\S]*Process 1 \(python3\)/);
      expect(await shell.isRaw()).toBe(true);
      shell.press('1');
      await shell.until('What stands out');
      shell.press('q');
      await shell.until(/^(?![\s\S]*What stands out)[\s\S]*[#$>]$/m);
      shell.press('exit\r');
      expect(await shell.exited).toBe(0);
    });

    it('goes on where there is no shell to go to with Ctrl-Z', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press('\x1a');
      while (screen.output.split('\x1b[?1049h').length < 3) await pause(10);
      screen.press('2');
      await screen.until('[2 Processes]');
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('takes keys that are typed before what they are for has come', async () => {
      const screen = open();
      await screen.until('1 Overview');
      screen.press('2jj\r]]3s');
      await screen.until('all memory:');
      screen.press('stratum+tcp\r\rv');
      await screen.until('Memory of process 4');
      await screen.until('1 B selected, 0x7ff81cfe0080');
      screen.press('\x1b2');
      await screen.until('Process 4 (kworker/u8:2)');
      expect(await screen.text()).toContain('[sockets]');
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('says where it went when an address is not mapped', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press(':4:0x10\r');
      await screen.until('! 0x10 is not mapped: this is 0x400000, the nearest that is');
      screen.press(':0x7ff81cfe0080\r');
      await screen.until(/0x7ff81cfe0080 \d+%$/);
      screen.press(':config.dump\r]]');
      await screen.until('[hex]');
      screen.press(':0xffffff\r');
      await screen.until('! 0xffffff is not in it');
      screen.press(':0x10\r');
      await screen.until(/ 0x10 \d+%$/);
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('shows the whole of a long text, and finds in it', async () => {
      const pack = tar.pack();
      const log = Array.from({ length: 400_000 }, (_, at) => `${at} a line of the container's log, of many`);
      pack.entry({ name: 'ctr.log' }, log.join('\n'));
      pack.finalize();
      const path = join(directory, 'long.tar');
      const chunks: Buffer[] = [];
      for await (const chunk of pack) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      writeFileSync(path, Buffer.concat(chunks));
      const screen = open({}, [path]);
      await screen.until('1 Overview');
      screen.press('8]');
      await screen.until('[container log]');
      await screen.until(/ctr.log, 1\d.\d MiB: 400000 rows/);
      screen.press('G');
      await screen.until(/^> +399999 a line/m);
      screen.press('g/123456 a\r');
      await screen.until(/^> +123456 a line/m);
      screen.press('n');
      await screen.until('no further 123456 a');
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('searches bytes in any case', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press(':4:0x400000\r');
      await screen.until('Memory of process 4');
      screen.press('/STRATUM+tcp');
      await screen.until('^O any case');
      screen.press('\x0f');
      await screen.until('/i:STRATUM+tcp');
      screen.press('\r');
      await screen.until(/0x7ff81cfe0080 \d+%$/);
      screen.press('s\x15\x0f\x14XMRIG\r');
      await screen.until('Search of all memory: iu:XMRIG');
      await screen.until(/[1-9]\d* found in/);
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('gives the terminal back when a defect ends it, and then says so', async () => {
      const script = fileURLToPath(new URL('support/crash.mjs', import.meta.url));
      terminal = new TestTerminal([], { script });
      await terminal.until('all is well');
      terminal.press('2');
      expect(await terminal.exited).toBe(1);
      const left = terminal.output.lastIndexOf('\x1b[?1049l');
      expect(left).toBeGreaterThan(terminal.output.lastIndexOf('\x1b[?1049h'));
      expect(terminal.output.slice(left)).toContain('caught: a defect');
    });

    it('asks for the identity when there is none, and again when it is wrong', async () => {
      const screen = open({}, [SEALED]);
      await screen.until('Identity file');
      screen.press('no-such-key\r');
      await screen.until('no-such-key');
      await screen.until(/Identity file[\s\S]*Identity file/);
      screen.press(`${SEALED}.json\r`);
      await screen.until(/identities are AGE-SECRET-KEY[\s\S]*Identity file/);
      screen.press('x\x03');
      expect(await screen.exited).toBe(130);
      const other = open({}, [SEALED, '-i', `${SEALED}.json`]);
      await other.until('Identity file');
      other.press(`${KEY}\r`);
      await other.until('What stands out');
      other.press('q');
      expect(await other.exited).toBe(0);
    });

    it('asks for the passphrase of an identity without showing it', async () => {
      const encrypter = new Encrypter();
      encrypter.setScryptWorkFactor(10);
      encrypter.setPassphrase('open sesame');
      const locked = join(directory, 'locked.age');
      writeFileSync(locked, await encrypter.encrypt(readFileSync(KEY, 'utf8')), { mode: 0o600 });
      const screen = open({}, [SEALED, '-i', locked]);
      await screen.until('Passphrase for identity file');
      screen.press('open sesamy\r');
      await screen.until(/wrong passphrase[\s\S]*Passphrase for identity file/);
      screen.press('open sesame\r');
      await screen.until('What stands out');
      expect(screen.output).not.toContain('sesam');
      screen.press('q');
      expect(await screen.exited).toBe(0);

      const stopped = open({}, [SEALED, '-i', locked]);
      await stopped.until('Passphrase for identity file');
      stopped.press('open\x03');
      expect(await stopped.exited).toBe(130);
      expect(await stopped.text()).toMatch(/coldcase: stopped at the passphrase$/m);

      const wrong = open({}, [SEALED, '-i', locked]);
      for (const times of [1, 2, 3]) {
        await wrong.until(new RegExp(`(Passphrase[\\s\\S]*){${times}}`));
        wrong.press('not this one\r');
      }
      expect(await wrong.exited).toBe(3);
      expect(wrong.output).not.toContain('not this');
    });

    it('saves a selection of memory, and copies it', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press(':4:0x7ff81cfe0080\r');
      await screen.until('stratum+tcp://po');
      screen.press(`v${'l'.repeat(10)}`);
      await screen.until('11 B selected');
      screen.press('y');
      await screen.until('sent to the clipboard');
      const hex = Buffer.from('stratum+tcp').toString('hex');
      expect(screen.output).toContain(`\x1b]52;c;${Buffer.from(hex).toString('base64')}\x07`);
      screen.press('e\x15pool.bin\r');
      await screen.until('written, mode 0600');
      expect(readFileSync(join(directory, 'pool.bin'), 'latin1')).toBe('stratum+tcp');
      screen.press('q');
      await screen.exited;
    });

    it('marks by signs where there are no colours', async () => {
      const screen = open({ env: { NO_COLOR: '1' } });
      const text = await screen.until('What stands out');
      expect(text).toMatch(/^ !deleted executable/m);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
      expect(screen.output).not.toMatch(/\x1b\[[\d;]*3[0-7]m/);
      screen.press('q');
      await screen.exited;
    });

    it('draws with ASCII where the locale has nothing else', async () => {
      const screen = open({ env: { LC_ALL: 'C' } });
      await screen.until('What stands out');
      expect(await screen.text()).toMatch(/^ !deleted executable .*~?$/m);
      screen.press('?');
      await screen.until(/^ {2}\^ k +one row up/m);
      screen.press('q2');
      await screen.until('Process');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII is looked for
      expect(screen.output).not.toMatch(/[^\x00-\x7f]/);
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('verifies the whole archive while one goes on, and puts it in the case note', async () => {
      const screen = open({ columns: 120, rows: 40 });
      await screen.until(/manifest +agrees: size, tar size, tar SHA-256, recipients, capture record/);
      expect(await screen.text()).toMatch(/verification +not yet: V checks all 2.39 MiB/);
      screen.press('V2');
      await screen.until('[2 Processes]');
      screen.press('1');
      await screen.until(/verification +verified 2\d{3}-\S+Z, in .*: all 10 checks hold/);
      const sha256 = /file SHA-256 +([0-9a-f]{64})/.exec(await screen.text())?.[1];
      expect(sha256).toBe(createHash('sha256').update(readFileSync(SEALED)).digest('hex'));
      screen.press(':verify\r');
      await screen.until(/ok +chunks and frames +all authenticate and decode: 11 frames/);
      screen.press('Bw\x15note.json\r');
      await screen.until('case note saved, bookmarks: 0');
      const note: unknown = JSON.parse(readFileSync(join(directory, 'note.json'), 'utf8'));
      expect(note).toMatchObject({ verification: { outcome: 'verified', fileSha256: sha256 } });
      screen.press('w\x15note.md\r');
      await screen.until('note.md: case note saved');
      expect(readFileSync(join(directory, 'note.md'), 'utf8')).toMatch(
        /Verified, 2\d{3}-[\s\S]*- ok: tar hash/,
      );
      screen.press('qq');
      expect(await screen.exited).toBe(0);
    });

    it('says what failed and where in a damaged archive, and where there is no manifest', async () => {
      const bytes = readFileSync(SEALED);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const damaged = join(directory, 'damaged.tar.zst.age');
      writeFileSync(damaged, bytes);
      const screen = open({ columns: 120, rows: 40 }, [damaged, '-i', KEY]);
      await screen.until(/\?manifest +there is no /);
      screen.press('V');
      await screen.until(/!verification +FAILED \S+Z: chunks and frames: .*damaged/);
      screen.press('2');
      await screen.until(/! NOT INTACT +1\/4$/);
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('computes the SHA-256 of what is not sealed', async () => {
      const plain = join(directory, 'checkpoint.tar.zst');
      writeFileSync(plain, readFileSync(samplePath('podman-incident', '.tar.zst')));
      const screen = open({ columns: 120, rows: 40 }, [plain]);
      await screen.until(/verification +not sealed, nothing to verify against: V computes/);
      screen.press('V');
      await screen.until(/verification +SHA-256 computed \S+Z.*nothing to compare it with/);
      const sha256 = createHash('sha256').update(readFileSync(plain)).digest('hex');
      await screen.until(sha256);
      screen.press('q');
      expect(await screen.exited).toBe(0);
    });

    it('saves bookmarks only when told to, where it is told to', async () => {
      const screen = open();
      await screen.until('What stands out');
      screen.press('Gb');
      await screen.until('note:');
      screen.press('look here\r');
      await screen.until('bookmarked');
      screen.press('q');
      await screen.until('not saved');
      screen.press('Bw');
      await screen.until('save bookmarks');
      screen.press('\x15note.json\r');
      await screen.until('case note saved, bookmarks: 1');
      const note: unknown = JSON.parse(readFileSync(join(directory, 'note.json'), 'utf8'));
      expect(note).toMatchObject({ bookmarks: [{ note: 'look here', page: 'entry' }] });
      screen.press('\x1bq');
      expect(await screen.exited).toBe(0);
    });

    for (const [columns, rows] of [
      [80, 24],
      [120, 40],
    ] as const) {
      it(`shows every screen at ${columns}x${rows} as it always has`, async () => {
        const screen = open({ columns, rows });
        await screen.until('What stands out');
        const snapshot = async (name: string): Promise<void> => {
          const text = await screen.settled();
          const file = `__snapshots__/${name}-${columns}x${rows}.txt`;
          await expect(`${text}\n`).toMatchFileSnapshot(file);
        };
        await screen.until(/manifest +agrees/);
        await snapshot('1-overview');
        screen.press('2');
        await screen.until('[2 Processes]');
        await screen.settled();
        screen.press('jj');
        await snapshot('2-processes');
        screen.press('\r');
        await screen.until('Process 4');
        await snapshot('2-process-command');
        for (const tab of ['files', 'sockets', 'mappings', 'threads', 'rights', 'signals', 'namespaces']) {
          screen.press(']');
          await screen.until(`[${tab}]`);
          await snapshot(`2-process-${tab}`);
        }
        screen.press('3');
        await screen.until('[3 Memory]');
        await snapshot('3-memory');
        screen.press(':4:0x7ff81cfe0000\r');
        await screen.until('Memory of process 4');
        await snapshot('3-memory-hex');
        screen.press('4');
        await screen.until('[4 Files]');
        await snapshot('4-files-changed');
        for (const tab of ['recovered', 'archive entries']) {
          screen.press(']');
          await screen.until(`[${tab}]`);
          await snapshot(`4-files-${tab.replace(' ', '-')}`);
        }
        screen.press('5');
        await screen.until('[5 Network]');
        await snapshot('5-network');
        screen.press(']');
        await snapshot('5-network-devices');
        screen.press('6');
        await screen.until('[6 Mounts]');
        await snapshot('6-mounts');
        screen.press(']]');
        await screen.until('[spec.dump]');
        await snapshot('6-spec');
        screen.press('7');
        await screen.until('[7 Images]');
        await snapshot('7-images');
        screen.press(':files.img\r');
        await screen.until('[decoded]');
        await screen.settled();
        screen.press('l');
        await snapshot('7-image');
        screen.press('8');
        await screen.until('[8 Logs]');
        await snapshot('8-logs');
        screen.press('?');
        await screen.until('Keys');
        await snapshot('help');
        screen.press('qq');
        expect(await screen.exited).toBe(0);
      }, 120_000);
    }
  },
);
