// Peak memory of seal (read-back included), verify and unseal, at 1 GiB and 16 GiB.
// --gib A,B     sizes; default 1,16
// --dir DIR     where the files go; default: the temporary directory (the tars are sparse, sealed ones 1/16th)
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable, ROOT, tarHeader, timeColdcase } from './support.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const KEY = `${ROOT}samples/demo-key.txt`;
const RECIPIENT = /age1[a-z0-9]+/.exec(readFileSync(KEY, 'utf8'))[0];

export default async function run(flags) {
  const rows = [['peak RSS in MiB (goal: 256 at most)', 'seal', 'seal -', 'verify', 'unseal -o -']];
  for (const gib of String(flags.gib ?? '1,16')
    .split(',')
    .map(Number)) {
    const directory = mkdtempSync(join(flags.dir ?? tmpdir(), 'coldcase-bench-'));
    try {
      rows.push([`${gib} GiB`, ...(await measure(directory, gib))]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
  printTable(rows);
}

async function measure(directory, gib) {
  const tar = join(directory, 'checkpoint.tar');
  const sealed = join(directory, 'sealed.age');
  writeSparseTar(tar, gib * GIB);
  const peak = async (args, options) => ((await timeColdcase(args, options)).rss / MIB).toFixed(0);
  const peaks = [await peak(['seal', tar, '-r', RECIPIENT, '-o', sealed, '-q'])];
  const input = openSync(tar, 'r');
  peaks.push(await peak(['seal', '-', '-r', RECIPIENT, '-o', sealed, '-q', '--force'], { input }));
  closeSync(input);
  peaks.push(await peak(['verify', sealed, '-i', KEY, '-q']));
  peaks.push(await peak(['unseal', sealed, '-i', KEY, '-o', '-', '-q']));
  return peaks;
}

/** A tar of one sparse file: of every 16 MiB, one that does not compress, and holes. */
function writeSparseTar(path, size) {
  const fd = openSync(path, 'w', 0o600);
  writeSync(fd, tarHeader('checkpoint/pages-1.img', size));
  const noise = Buffer.alloc(MIB);
  for (let i = 0, state = 1; i < MIB; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[i] = state >>> 24;
  }
  for (let at = 0; at < size; at += 16 * MIB) writeSync(fd, noise, 0, MIB, 512 + at);
  ftruncateSync(fd, 512 + size + 1024);
  closeSync(fd);
}
