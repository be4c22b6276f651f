import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { hideUrlsAmong } from '../../src/base/shown-url.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { reportError } from '../../src/cli/report-error.js';
import { archiveCommands } from '../support/archive-commands.js';
import { BIN, coldcase } from '../support/coldcase.js';
import { recipient } from '../support/kubelet/capture-scene.js';
import { samplePath } from '../support/samples.js';
import { TestTerminal, terminalsWork } from '../support/terminal/terminal.js';

// What a URL may hold and nobody may see, in every form in which one may be typed, right or wrong, and wherever.

const SECRETS = ['CANARY-user', 'CANARY-password', 'CANARY-query', 'CANARY-fragment', 'CANARY-blank'];
const LOGIN = 'CANARY-user:CANARY-password';
const SIGNED = 'x.tar?X-Amz-Signature=CANARY-query#CANARY-fragment';
/** Nothing listens there. */
const HOST = '127.0.0.1:1';

const FORMS: Readonly<Record<string, string>> = {
  right: `https://${LOGIN}@${HOST}/${SIGNED}`,
  'upper case': `HTTP://${LOGIN}@${HOST}/${SIGNED}`,
  'without a user': `https://${HOST}/x.tar?CANARY-query`,
  'a user alone': `https://CANARY-user@${HOST}/x.tar`,
  'another scheme': `ftp://${LOGIN}@h/${SIGNED}`,
  's3, as of the future': `s3://${LOGIN}@bucket/${SIGNED}`,
  'one slash': `https:/${LOGIN}@h/${SIGNED}`,
  'no slash': `https:${LOGIN}@h/${SIGNED}`,
  backslashes: `https:\\\\${LOGIN}@h\\${SIGNED}`,
  'no colon': `https//${LOGIN}@h/${SIGNED}`,
  'no scheme': `${LOGIN}@h/${SIGNED}`,
  'no scheme, slashes': `//${LOGIN}@h/${SIGNED}`,
  'a scheme mistyped': `ttps://${LOGIN}@h/${SIGNED}`,
  'a port too large': `http://${LOGIN}@h:99999/${SIGNED}`,
  'a port that is a password': 'http://h:CANARY-password/x.tar',
  'a slash in the password': 'https://CANARY-user:CANARY/CANARY-password@h/x.tar',
  'a question mark in the password': 'https://CANARY-user:CANARY?CANARY-password@h/x.tar',
  'percent signs in the password': `http://CANARY-user:CANARY%zz-CANARY-password@${HOST}/${SIGNED}`,
  blanks: `https://CANARY-user:CANARY- CANARY-password@h/x.tar?a= CANARY-blank`,
  'one slash, and blanks': `https:/CANARY-user:CANARY- CANARY-password@h/x.tar?a= CANARY-blank`,
  'a blank before it': ` https:/${LOGIN}@h/${SIGNED}`,
  quotes: `https://CANARY-user:"CANARY-password'@h/x.tar?'CANARY-query"`,
};

let cwd: string;
const before = process.cwd();
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'coldcase-urls-'));
  process.chdir(cwd);
});
afterAll(() => {
  process.chdir(before);
  rmSync(cwd, { recursive: true });
});

let said: string[] = [];
const take = (text: string | Uint8Array): boolean => {
  said.push(Buffer.from(text).toString());
  return true;
};
beforeEach(() => {
  said = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

/** Runs a command in this process with --debug, as the command line would; its exit code, and all that it said. */
async function run(words: readonly string[]): Promise<{ code: number; text: string }> {
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation(take);
  vi.spyOn(process.stdout, 'write').mockImplementation((text, done?: unknown) => {
    if (typeof done === 'function') done();
    return take(text);
  });
  const [name = '', ...rest] = words;
  hideUrlsAmong(words); // as main.ts does
  const command = new Command(name).exitOverride().configureOutput({ outputError: () => undefined });
  let code = 0;
  try {
    await (await COMMANDS[name]?.load())?.configure(command);
    for (const each of [command, ...command.commands]) each.exitOverride();
    await command.parseAsync(rest, { from: 'user' });
  } catch (error) {
    code = reportError(error, true, name);
  }
  vi.restoreAllMocks();
  return { code, text: said.join('') };
}

function expectNoSecret(what: string, text: string): void {
  const found = SECRETS.filter((secret) => text.includes(secret));
  expect([what, found, found.length > 0 ? text : '']).toEqual([what, [], '']);
}

const ALL = await archiveCommands();

test('the watch sees what it is for', async () => {
  const { text } = await run(['cat', samplePath('crio-looper'), 'CANARY-query']);
  expect(() => expectNoSecret('cat', text)).toThrow();
});

describe('as the archive', () => {
  test.each(ALL.map((command) => [command.name, command] as const))('%s', async (name, { words }) => {
    for (const [form, url] of Object.entries(FORMS)) {
      const { code, text } = await run(words(url));
      expectNoSecret(`${name}: ${form}`, text);
      expect([form, code]).not.toEqual([form, 0]);
      expect(text).not.toContain('this is a defect');
    }
  });
});

/** The forms that differ in how they are found in a message. */
const OF_OPTIONS = ['right', 'one slash', 'no slash', 'no scheme', 'no scheme, slashes', 'blanks', 'quotes'];

/** Commands with their options that take something, and a command line without one of them. */
async function optionsOf(name: string, words: readonly string[]): Promise<[string, string[]][]> {
  const command = new Command(name);
  await (await COMMANDS[name]?.load())?.configure(command);
  const sub = command.commands.find((one) => one.name() === words[1]) ?? command;
  return sub.options
    .filter(({ required, optional }) => required || optional)
    .map(({ long }) => [`${[name, long].join(' ')}`, [...words, long ?? '']]);
}

describe('as an option', () => {
  const archive = samplePath('crio-looper');
  const lines = [
    ...ALL.filter(({ name }) => name !== 'browse').map(({ words }) => words(archive)),
    ['capture', 'a/b/c', '-r', recipient, '--kubelet', `https://${HOST}`, '--token-file', '/nowhere'],
    ['capture', 'a/b/c', '-r', recipient],
    ['keygen'],
    ['demo'],
  ];
  test.each(lines.map((words) => [words.slice(0, 2).join(' ').replace(archive, ''), words] as const))(
    '%s',
    async (_, words) => {
      for (const [option, line] of await optionsOf(words[0] ?? '', words)) {
        for (const form of OF_OPTIONS) {
          const url = FORMS[form] ?? '';
          const { text } = await run([...line, url]);
          expectNoSecret(`${option}: ${form}`, text);
          expect([option, form, text]).toEqual([
            option,
            form,
            expect.not.stringContaining('this is a defect'),
          ]);
        }
      }
      // nothing was written into directories that are called so
      expect(readdirSync(cwd).filter((each) => /CANARY|:/.test(each))).toEqual([]);
    },
    120_000,
  );
});

test('as the proxy of the environment', async () => {
  const url = `https://${HOST}/x.tar`;
  for (const [form, proxy] of Object.entries(FORMS)) {
    vi.stubEnv('HTTPS_PROXY', proxy);
    vi.stubEnv('HTTP_PROXY', proxy);
    for (const words of [
      ['show', url],
      ['show', url.replace('https', 'http')],
      [
        'capture',
        'a/b/c',
        '-r',
        recipient,
        '-o',
        cwd,
        '--kubelet',
        'https://192.0.2.1:1',
        '--token-file',
        '/x',
      ],
    ]) {
      const { code, text } = await run(words);
      expectNoSecret(`${words[0]}: ${form}`, text);
      expect(code).not.toBe(0);
      expect([form, text]).toEqual([form, expect.not.stringContaining('this is a defect')]);
    }
  }
});

describe('a file that is really called so', () => {
  const named = 'https:/CANARY-user:CANARY-password@h/evidence.tar.zst.age?X=CANARY-query';
  const KEY = join(BIN, '../../samples/demo-key.txt');
  beforeAll(() => {
    mkdirSync(dirname(join(cwd, named)), { recursive: true });
    copyFileSync(samplePath('podman-incident', '.tar.zst.age'), join(cwd, named));
    copyFileSync(samplePath('podman-incident', '.tar.zst.age.json'), join(cwd, `${named}.json`));
  });
  afterAll(() => rmSync(join(cwd, 'https:'), { recursive: true }));

  test('is read, verified, unsealed and sealed, and shown without what looks like secrets', async () => {
    for (const words of [
      ['show', named],
      ['show', named, '--json'],
      ['verify', named],
      ['verify', named, '--json'],
      ['unseal', named, '--force'],
      ['unseal', named, '--force', '--json'],
      ['memory', 'list', named],
    ]) {
      const { code, stdout, stderr } = await coldcase([...words, '-i', KEY], { cwd });
      expect([words, code, stderr]).toEqual([words, 0, '']);
      expectNoSecret(words.join(' '), stdout.replaceAll(/"(path|manifestPath)": "[^"]*"/g, ''));
      if (words[0] === 'verify') expect(stdout).toContain('https:/h/evidence.tar');
    }
    const directory = dirname(join(cwd, named));
    copyFileSync(samplePath('crio-looper'), join(directory, 'x.tar?CANARY-query'));
    const source = join(dirname(named), 'x.tar?CANARY-query');
    for (const more of [[], ['--json']]) {
      const { code, stdout } = await coldcase(['seal', source, '-r', recipient, '--force', ...more], { cwd });
      expect(code).toBe(0);
      expectNoSecret('seal', stdout);
    }
    expectNoSecret('manifest', readFileSync(join(directory, 'x.tar.zst.age.json'), 'utf8'));
  });

  test('and by the wrong key, or damaged', async () => {
    const words = ['--debug', 'ls', named, '-i'];
    for (const key of [named, join(BIN, '../../package.json')]) {
      const { code, stderr } = await coldcase([...words, key], { cwd });
      expect(code).not.toBe(0);
      expectNoSecret('ls', stderr);
    }
  });

  test.skipIf(!terminalsWork())('browse: its title, and its case note', async () => {
    const terminal = new TestTerminal(['browse', named, '-i', KEY], { cwd });
    try {
      await terminal.until('What stands out');
      terminal.press('q');
      expect(await terminal.exited).toBe(0);
      expect(terminal.output).toContain('evidence.tar.zst.age');
      expectNoSecret('browse', terminal.output);
    } finally {
      terminal.close();
    }
  });
});

test('the built command says the same', async () => {
  for (const form of ['right', 'one slash', 'a port too large', 'blanks']) {
    for (const words of [['show'], ['verify'], ['unseal', '-o', '-']]) {
      const { code, stdout, stderr } = await coldcase(['--debug', ...words, FORMS[form] ?? '']);
      expect(code).not.toBe(0);
      expectNoSecret(`${words[0]}: ${form}`, stdout + stderr);
      expect(stderr).not.toContain('unexpected error');
    }
  }
});
