import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Command } from 'commander';
import { FailedError, UnsafeError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import { formatDuration } from '../base/units.js';
import { refuseUrl } from '../base/writable.js';
import { readIdentityFile } from '../bytes/age-identity.js';
import { trustedPlace } from './capture/trusted-place.js';
import type { CommandModule } from './command.js';
import { nextSteps } from './demo/next-steps.js';
import { DEMO_TARGET, type StandInNode, startStandInNode } from './demo/stand-in-node.js';
import { writeOut } from './write-out.js';

const HELP = `
Needs no cluster, no root and no network: a kubelet inside this command serves a real checkpoint (samples/) over
mutual TLS on the loopback address, and the commands that are shown are run as they stand. The key and the sealed
evidence are left in DIR, everything else is removed; a demo that does not come to its end leaves nothing.

Example:
  coldcase demo
`;

export const demoCommand: CommandModule = {
  configure(command: Command): void {
    command
      .option('-o, --output <dir>', 'where the key and the evidence go', 'coldcase-demo')
      .addHelpText('after', HELP)
      .action((options: { output: string }) => demo(options.output));
  },
};

async function demo(output: string): Promise<void> {
  refuseUrl(output);
  const dir = relative('', output) || '.';
  const made = await mkdir(dir, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw fileError(cause, dir, 'make directory');
  });
  const before = await readdir(dir);
  const takeBack = (): void => removeNew(dir, before, made !== undefined);
  process.once('exit', takeBack); // for an end that comes at once: a second Ctrl-C
  try {
    await threeSteps(dir, before);
    process.off('exit', takeBack);
  } catch (error) {
    process.off('exit', takeBack);
    takeBack();
    throw error;
  }
}

/** A private key that nobody has asked for is not left behind, nor what only it opens. */
function removeNew(dir: string, before: readonly string[], made: boolean): void {
  const ours = /^key\.txt$|\.tar\.zst\.age(\.json)?$/;
  for (const name of readdirSync(dir)) {
    if (ours.test(name) && !before.includes(name)) rmSync(join(dir, name), { force: true });
  }
  if (made && readdirSync(dir).length === 0) rmdirSync(dir);
}

async function threeSteps(dir: string, before: readonly string[]): Promise<void> {
  const started = performance.now();
  const key = join(dir, 'key.txt');

  await say('1. A key. Only its public half ever goes to a node.');
  if (before.includes('key.txt')) await writeOut(`(that of an earlier demo, ${key})\n`);
  else await run(['keygen', '-o', key]);

  const node = await startStandInNode(dir);
  try {
    await say('', '2. On the node: from the running container to a sealed file, in one command.');
    await capture(node, key, dir);
  } finally {
    await node.close();
  }

  const sealed = (await readdir(dir)).find((name) => name.endsWith('.tar.zst.age') && !before.includes(name));
  if (sealed === undefined) throw new FailedError('the demo ended without a sealed file');
  await say('', '3. Anywhere: is it complete, and what was sealed?');
  await run(['verify', join(dir, sealed), '-i', key]);

  const took = formatDuration(performance.now() - started);
  await say('', `Done in ${took}. In ${dir}/: key.txt, the sealed file, its manifest. No plaintext is left.`);
  await say('Try on it, sealed as it is:', ...alias(), ...nextSteps(join(dir, sealed), key));
}

async function capture(node: StandInNode, key: string, dir: string): Promise<void> {
  const { identityToRecipient } = await import('age-encryption');
  const recipients = await Promise.all((await readIdentityFile(key)).map(identityToRecipient));
  const { namespace, pod, container } = DEMO_TARGET;
  await run([
    'capture',
    `${namespace}/${pod}/${container}`,
    ...node.flags,
    ...recipients.flatMap((recipient) => ['-r', recipient]),
    ...['-o', `${dir}/`],
    ...(await keepOriginal(dir)),
  ]);
}

/** A checkout on a mounted disk of another system is often open to everybody, where `capture` keeps originals only. */
async function keepOriginal(dir: string): Promise<string[]> {
  try {
    await trustedPlace(dir);
    return [];
  } catch (error) {
    if (!(error instanceof UnsafeError)) throw error;
    await say(`(${error.message}: the original is kept)`);
    return ['--keep-original'];
  }
}

/** The commands that it shows. */
const SHOWN = {
  keygen: async () => (await import('./keygen.js')).keygenCommand,
  capture: async () => (await import('./capture.js')).captureCommand,
  verify: async () => (await import('./verify.js')).verifyCommand,
} satisfies Record<string, () => Promise<CommandModule>>;

/** Shows a command line and runs it, the very code that runs when it is typed. */
async function run(words: readonly [name: keyof typeof SHOWN, ...rest: string[]]): Promise<void> {
  const [name, ...rest] = words;
  await say(`$ coldcase ${shown(words)}`);
  const command = new Command(name).exitOverride();
  (await SHOWN[name]()).configure(command);
  await command.parseAsync(rest, { from: 'user' });
  if (Number(process.exitCode ?? 0) !== 0) throw new FailedError(`coldcase ${name} failed`);
}

/** A long command line, an option a line. */
function shown(words: readonly string[]): string {
  const plain = words.join(' ');
  return plain.length < 70 ? plain : plain.replace(/ (?=--?[a-z])/g, ' \\\n    ');
}

/** How to call this very program as `coldcase`, when it is not installed under that name. */
function alias(): string[] {
  const program = process.argv[1] ?? '';
  if (basename(program) === 'coldcase') return [];
  const near = relative('', program);
  return [`alias coldcase='node "${near.startsWith('..') ? program : near}"'`];
}

async function say(...lines: readonly string[]): Promise<void> {
  await writeOut(`${lines.join('\n')}\n`);
}
