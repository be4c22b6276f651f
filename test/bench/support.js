import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const USAGE = new URL('./report-usage.js', import.meta.url).href;

/** A program's path, or undefined. */
export function findTool(name) {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/** Runs a shell pipeline; wall and CPU seconds. */
export function timeShell(script, env = {}) {
  const start = performance.now();
  const timed = `set -euo pipefail; TIMEFORMAT='%U %S'; time { ${script}; } 2>&3`;
  const done = spawnSync('bash', ['-c', `exec 3>&2; ${timed}`], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const wall = (performance.now() - start) / 1000;
  if (done.status !== 0) throw new Error(`failed (${done.status}): ${script}\n${done.stderr}`);
  const [user, system] = done.stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { wall, cpu: user + system, stdout: done.stdout };
}

/**
 * Runs coldcase; wall seconds from before its start to its end, CPU seconds, peak resident memory in bytes. What it
 * prints is read and dropped, or goes where `output` says.
 */
export async function timeColdcase(args, { input, output } = {}) {
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', USAGE, `${ROOT}bin/coldcase.js`, ...args], {
    stdio: [input ?? 'ignore', output ?? 'pipe', 'inherit', 'pipe'],
  });
  const usage = [];
  child.stdio[3].on('data', (chunk) => usage.push(chunk));
  child.stdout?.resume();
  const code = await new Promise((resolve) => child.on('close', resolve));
  const wall = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`coldcase ${args[0]} ended with ${code}`);
  return { wall, ...JSON.parse(Buffer.concat(usage).toString()) };
}

/** The middle one of several measurements. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    const cells = row.map((cell, i) =>
      i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]),
    );
    console.log(cells.join('  '));
  }
}

const MIB = 1024 * 1024;

/**
 * Writes a tar with one large image of process memory into it: a quarter zero pages, a quarter that does not
 * compress, the rest text, tables of records and pages of pointers. The same bytes every time.
 */
export function writeMemoryTar(path, mebibytes) {
  const fd = openSync(path, 'w', 0o600);
  const size = mebibytes * MIB;
  writeSync(fd, tarHeader('checkpoint/pages-1.img', size));
  const next = random(42);
  const kinds = [zeros, noise, text, records];
  for (let block = 0; block < mebibytes; block += 1) {
    const bytes = Buffer.alloc(MIB);
    // runs of 16 MiB of a kind, as heaps and caches are
    kinds[Math.floor(block / 16) % kinds.length](bytes, next);
    writeSync(fd, bytes);
  }
  writeSync(fd, Buffer.alloc(1024));
  closeSync(fd);
}

function random(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function zeros() {}

function noise(bytes, next) {
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(next(), i);
}

const WORDS =
  'the of session user id token payments order status pending failed GET POST /v1/api 200 404 error'.split(
    ' ',
  );
function text(bytes, next) {
  for (let i = 0; i < bytes.length; )
    i += bytes.write(`${WORDS[next() % WORDS.length]} ${next() % 7 === 0 ? next() : ''}\n`, i) || 1;
}

function records(bytes, next) {
  for (let i = 0; i + 32 <= bytes.length; i += 32) {
    bytes.writeUInt32LE(0x7f3a, i + 4);
    bytes.writeUInt32LE((next() % 4096) * 64, i);
    bytes.writeUInt32LE(i, i + 8);
    bytes.writeUInt32LE(next() & 0xff, i + 16);
  }
}

/** A POSIX header of a file; sizes of 8 GiB and more in base 256, as GNU tar writes them. */
export function tarHeader(name, size) {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header.writeUInt32BE(0x80000000, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
