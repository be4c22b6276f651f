import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { generateX25519Identity } from 'age-encryption';
import * as vectors from 'cctv-age';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ColdcaseError, ExitCode } from '../../src/base/errors.js';
import type { AgeKeys } from '../../src/bytes/age-unlock.js';
import { openFile } from '../../src/bytes/file.js';
import { unseal } from '../../src/seal/unseal.js';
import { verify } from '../../src/seal/verify.js';

// The public test vectors of the age format (c2sp.org/CCTV/age), each with what is to come of it.

/** What a vector says of itself, and the exit code of a command that meets it. */
const EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  success: ExitCode.done,
  'no match': ExitCode.denied,
  'HMAC failure': ExitCode.integrity,
  'header failure': ExitCode.integrity,
  'payload failure': ExitCode.integrity,
  'armor failure': ExitCode.integrity,
};

interface Vector {
  readonly name: string;
  readonly expected: string;
  readonly file: Uint8Array;
  readonly keys: AgeKeys;
  /** SHA-256 of all that may come out, also where decrypting fails in the end. */
  readonly payload: string | undefined;
}

const directory = mkdtempSync(join(tmpdir(), 'coldcase-vectors-'));
afterAll(() => rmSync(directory, { recursive: true }));

let stranger: string;
beforeAll(async () => {
  stranger = await generateX25519Identity();
});

function read(name: string, bytes: Uint8Array): Vector {
  const buffer = Buffer.from(bytes);
  const end = buffer.indexOf('\n\n');
  const fields = buffer.toString('utf8', 0, end).split('\n');
  const all = (key: string): string[] =>
    fields.filter((line) => line.startsWith(`${key}: `)).map((line) => line.slice(key.length + 2));
  const rest = buffer.subarray(end + 2);
  const [passphrase] = all('passphrase');
  return {
    name,
    expected: all('expect')[0] ?? '',
    file: all('compressed')[0] === 'zlib' ? inflateSync(rest) : rest,
    keys: {
      identities: all('identity'),
      passphrase: passphrase === undefined ? undefined : async () => passphrase,
    },
    payload: all('payload')[0],
  };
}

const VECTORS = Object.entries(vectors)
  .filter(([name]) => name !== 'default')
  .map(([name, bytes]) => read(name, bytes));

/** Some have only a passphrase, or nothing: an identity that opens nothing is given with it. */
const keysOf = ({ keys }: Vector): AgeKeys =>
  keys.identities.length > 0 ? keys : { ...keys, identities: [stranger] };

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Outcome {
  readonly code: number;
  readonly out: Buffer;
}

/** What a command would end with, and all that it gave out before. */
async function unsealing(vector: Vector, input: Parameters<typeof unseal>[0]): Promise<Outcome> {
  const out: Uint8Array[] = [];
  const onContent = (content: Uint8Array): void => void out.push(Uint8Array.from(content));
  const code = await unseal(input, { keys: keysOf(vector), onContent }).then(
    () => ExitCode.done,
    (error: unknown) => {
      if (error instanceof ColdcaseError) return error.exitCode;
      throw error;
    },
  );
  return { code, out: Buffer.concat(out) };
}

async function* piped(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function onDisk({ name, file }: Vector): string {
  const path = join(directory, name);
  writeFileSync(path, file);
  return path;
}

test('all of them are here', () => {
  expect(VECTORS.length).toBe(143);
  expect(VECTORS.filter(({ expected }) => EXIT_CODES[expected] === undefined)).toEqual([]);
});

describe.each(VECTORS.map((vector) => [vector.name, vector.expected, vector] as const))(
  '%s: %s',
  (_name, expected, vector) => {
    test('unseal, from a pipe', async () => {
      for (const size of [1 << 20, 65_536, 977]) {
        const { code, out } = await unsealing(vector, { name: 'stdin', chunks: piped(vector.file, size) });
        expect(code).toBe(EXIT_CODES[expected]);
        if (vector.payload === undefined) expect(out.length).toBe(0);
        else expect(sha256(out)).toBe(vector.payload);
      }
    });

    test('unseal, from a file', async () => {
      const source = openFile(onDisk(vector));
      const { code, out } = await unsealing(vector, source);
      await source.close();
      expect(code).toBe(EXIT_CODES[expected]);
      // of a file, the last chunk is looked at first: one that is cut or goes on gives out nothing at all
      if (out.length > 0 || expected === 'success') expect(sha256(out)).toBe(vector.payload);
    });

    test('verify', async () => {
      const source = openFile(onDisk(vector));
      let denied = false;
      const checks = await verify(source, {
        manifest: undefined,
        keys: keysOf(vector),
        onWrongKey: () => {
          denied = true;
        },
      });
      await source.close();
      const verdict = (name: string): string | undefined =>
        checks.find(({ check }) => check === name)?.verdict;
      expect(denied).toBe(expected === 'no match');
      if (expected === 'success') expect(verdict('key')).toBe('ok');
      else if (expected === 'no match') expect(verdict('key')).toBe('not checked');
      else expect(checks.some((check) => check.verdict === 'failed')).toBe(true);
      // none of them is a sealed file of coldcase: whatever opens has no index
      expect(checks.every((check) => check.verdict === 'ok')).toBe(false);
    });
  },
);
