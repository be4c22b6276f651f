import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { BIN } from '../support/coldcase.js';
import { bareImages } from './bare-images.js';
import { BARE, GENERAL, QUESTIONS, SEALED } from './questions.js';

/**
 * What every command prints of every sample, as one line each: exit code, hash of standard output, hash of standard
 * error. A commit that only moves code changes no line of outputs/. After a change that means to:
 *
 *     npx vitest run --config test/vitest.config.ts test/golden -u
 *
 * With GOLDEN_TO=DIR the whole outputs are written there, so that those of two commits can be compared by diff -r.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEEP = process.env['GOLDEN_TO'];
const KEY = ['-i', 'samples/demo-key.txt'];

const scratch = await mkdtemp(join(tmpdir(), 'coldcase-golden-'));
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Archive {
  readonly name: string;
  readonly path: () => Promise<string> | string;
  readonly questions?: readonly string[];
  readonly options?: readonly string[];
}

const ARCHIVES: readonly Archive[] = [
  { name: 'containerd-redis', path: () => 'samples/containerd-redis.tar.zst' },
  { name: 'crio-looper', path: () => 'samples/crio-looper.tar.zst' },
  { name: 'podman-incident', path: () => 'samples/podman-incident.tar.zst' },
  { name: 'sealed', path: () => 'samples/podman-incident.tar.zst.age', options: KEY, questions: SEALED },
  { name: 'bare-images', path: () => bareImages(join(scratch, 'images.tar')), questions: BARE },
];

interface Answer {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: Buffer;
}

function ask(words: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: '1', COLUMNS: '80' };
    const child = spawn(process.execPath, [BIN, ...words], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err) }));
  });
}

/** The scratch directory's name differs from run to run, and is no part of an answer. */
function settled(bytes: Buffer): Buffer {
  return bytes.includes(scratch)
    ? Buffer.from(bytes.toString('latin1').replaceAll(scratch, '/SCRATCH'), 'latin1')
    : bytes;
}

const shortHash = (bytes: Buffer): string =>
  bytes.length === 0 ? '-'.padEnd(12) : createHash('sha256').update(bytes).digest('hex').slice(0, 12);

/** One line for each question, asked two at a time. */
async function answers(set: string, questions: readonly string[], wordsOf: (question: string) => string[]) {
  const lines: string[] = [];
  const waiting = questions.entries();
  const worker = async (): Promise<void> => {
    for (const [at, question] of waiting) {
      const answer = await ask(wordsOf(question));
      const [out, err] = [settled(answer.out), settled(answer.err)];
      lines[at] =
        `${String(answer.code).padStart(3)}  ${shortHash(out)}  ${shortHash(err)}  coldcase ${question}`;
      if (KEEP !== undefined) await keep(set, question, out, err);
    }
  };
  await Promise.all([worker(), worker()]);
  return `${lines.join('\n')}\n`;
}

async function keep(set: string, question: string, out: Buffer, err: Buffer): Promise<void> {
  const directory = join(String(KEEP), set);
  await mkdir(directory, { recursive: true });
  const name = question.replaceAll(/[^A-Za-z0-9.,=+-]+/g, '_').slice(0, 120) || 'nothing';
  await writeFile(join(directory, `${name}.out`), out);
  await writeFile(join(directory, `${name}.err`), err);
}

const outputs = (set: string): string => fileURLToPath(new URL(`./outputs/${set}.txt`, import.meta.url));

test.each(ARCHIVES)('every answer about $name is as it was', { timeout: 600_000 }, async (archive) => {
  const path = await archive.path();
  const wordsOf = (question: string): string[] => [
    ...question.split(' ').map((word) => (word === 'ARCHIVE' ? path : word)),
    ...(archive.options ?? []),
  ];
  const text = await answers(archive.name, archive.questions ?? QUESTIONS, wordsOf);
  await expect(text).toMatchFileSnapshot(outputs(archive.name));
});

test('help, usage and comparisons are as they were', { timeout: 600_000 }, async () => {
  const helps = Object.keys(COMMANDS).map((name) => `${name} --help`);
  const questions = [...GENERAL, ...helps];
  const text = await answers('general', questions, (question) => question.split(' ').filter(Boolean));
  await expect(text).toMatchFileSnapshot(outputs('general'));
});
