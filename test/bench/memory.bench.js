// Search of process memory: coldcase against checkpointctl memparse and against grep on the file as it is; strings in
// it against strings(1), both written to /dev/null.
// --input FILE   a checkpoint (plain tar); default: one of 1 GiB made in the lab (COLDCASE_LAB)
// --pid N        the process that memparse searches; default: the one with most memory
// --pattern TEXT default: what the lab's workload hides
// --runs N       default 5; memparse, which takes long, runs once for every two
import { spawnSync } from 'node:child_process';
import { copyFileSync, createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import tarStream from 'tar-stream';
import { openArchive } from '../../dist/archive/open.js';
import { chunksOf } from '../../dist/bytes/chunks.js';
import { openImage } from '../../dist/criu/image.js';
import { findTool, median, printTable, ROOT, timeColdcase, timeShell } from './support.js';

const MIB = 1024 * 1024;
const LAB = process.env.COLDCASE_LAB;
const KEY = `${ROOT}samples/demo-key.txt`;
const STRINGS = findTool('strings');
const RECIPIENT = /age1[a-z0-9]+/.exec(readFileSync(KEY, 'utf8'))[0];

export default async function run(flags) {
  if (flags.input === undefined && LAB === undefined) {
    console.log(
      'skipped: needs --input FILE, a checkpoint with much memory, or the lab (COLDCASE_LAB) to make one',
    );
    return;
  }
  const directory = mkdtempSync('/dev/shm/coldcase-bench-');
  try {
    const tar = `${directory}/checkpoint.tar`;
    if (flags.input !== undefined) copyFileSync(flags.input, tar);
    else timeShell('"$LAB" checkpoint "$TAR" INCIDENT=1 MEM_MB=1024', { LAB, TAR: tar });
    const older = `${directory}/older.tar`;
    if (LAB !== undefined) await writeOlder(tar, older);
    const sealed = `${directory}/checkpoint.age`;
    await timeColdcase(['seal', tar, '-r', RECIPIENT, '-o', sealed, '--no-prove', '--quiet']);
    const pattern = flags.pattern ?? 'NEEDLE-IN-THE-HAYSTACK';
    const pid = flags.pid ?? largestProcess(tar);
    report(await measure({ tar, older, sealed, pattern, pid, runs: Number(flags.runs ?? 5) }), tar, pattern);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function largestProcess(tar) {
  const list = spawnSync(process.execPath, [`${ROOT}bin/coldcase.js`, 'memory', 'list', tar, '--json']);
  const processes = JSON.parse(list.stdout.toString()).filter(({ pid }) => pid !== null);
  return processes.sort((a, b) => b.resident - a.resident)[0].pid;
}

/**
 * The checkpoint with the page counts of its pagemaps as CRIU before 4.1 wrote them. memparse knows only those: of a
 * newer checkpoint it sees no page, and finds nothing at once.
 */
async function writeOlder(tar, path) {
  const archive = await openArchive(tar);
  const pack = tarStream.pack();
  const written = pipeline(pack, createWriteStream(path, { mode: 0o600 }));
  for (const entry of await archive.entries()) {
    if (entry.type !== 'file') {
      pack.entry({ name: entry.name, type: 'directory' });
      continue;
    }
    const source = archive.open(entry);
    if (/pagemap-[^/]*\.img$/.test(entry.name)) {
      pack.entry({ name: entry.name }, await olderPagemap(source));
      continue;
    }
    await pipeline(chunksOf(source), pack.entry({ name: entry.name, size: entry.size }));
  }
  pack.finalize();
  await written;
  await archive.close();
}

async function olderPagemap(source) {
  const image = await openImage(source, 'PAGEMAP');
  const { value: head } = await image.head();
  const parts = [Buffer.from(await source.read(0, 8)), ...framed([8, ...varint(head.pages_id)])];
  for await (const { value } of image.entries()) {
    const pages = value.nr_pages ?? value.compat_nr_pages;
    parts.push(...framed([8, ...varint(value.vaddr), 16, ...varint(pages), 32, ...varint(value.flags)]));
  }
  return Buffer.concat(parts);
}

function framed(message) {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(message.length);
  return [size, Buffer.from(message)];
}

function varint(value) {
  const bytes = [];
  let left = BigInt(value);
  do {
    bytes.push(Number(left & 127n) | (left > 127n ? 128 : 0));
    left >>= 7n;
  } while (left > 0n);
  return bytes;
}

/** Runs of the tools in turn, so that what else the machine does hits all of them. */
async function measure({ tar, older, sealed, pattern, pid, runs }) {
  const seen = { plain: [], sealed: [], regex: [], grep: [], memparse: [], strings: [], peer: [] };
  const search = (...words) => timeColdcase(['memory', 'search', ...words, '--json', '-q']);
  for (let run = 0; run < runs; run += 1) {
    seen.grep.push(timeShell('grep -c -- "$PATTERN" "$TAR"', { PATTERN: pattern, TAR: tar }));
    seen.plain.push(await search(tar, pattern));
    seen.sealed.push(await search(sealed, '-i', KEY, pattern));
    seen.regex.push(await search(tar, '--regex', 'AKIA[0-9A-Z]{16}'));
    seen.strings.push(await timeColdcase(['memory', 'strings', tar], { output: 'ignore' }));
    if (STRINGS !== undefined)
      seen.peer.push(timeShell('strings -n 4 -t x "$TAR" > /dev/null', { TAR: tar }));
    if (LAB === undefined || run % 2 !== 0) continue;
    const memparse = '"$LAB" run checkpointctl memparse -s "$PATTERN" -p "$PID_" "$TAR"';
    const done = timeShell(memparse, { LAB, PATTERN: pattern, PID_: String(pid), TAR: older });
    if (!done.stdout.includes(pattern)) throw new Error(`memparse found nothing: ${done.stdout}`);
    seen.memparse.push(done);
  }
  return seen;
}

function report(seen, tar, pattern) {
  const wall = (runs) => median(runs.map((run) => run.wall));
  const row = (name, runs) => [
    name,
    runs.length === 0 ? '-' : wall(runs).toFixed(2),
    runs[0]?.cpu === undefined ? '-' : median(runs.map((run) => run.cpu)).toFixed(2),
    runs[0]?.rss === undefined ? '-' : (Math.max(...runs.map((run) => run.rss)) / MIB).toFixed(0),
  ];
  const size = (statSync(tar).size / MIB).toFixed(0);
  console.log(`${size} MiB checkpoint in RAM, "${pattern}", medians of ${seen.plain.length} runs in turn\n`);
  printTable([
    ['', 'wall s', 'CPU s', 'peak RSS MiB'],
    row('coldcase memory search', seen.plain),
    row('coldcase memory search, sealed file', seen.sealed),
    row('coldcase memory search --regex', seen.regex),
    row('grep -c on the plain file', seen.grep),
    row('checkpointctl memparse -s', seen.memparse),
    row('coldcase memory strings', seen.strings),
    row('strings -n 4 -t x on the plain file', seen.peer),
  ]);
  const against = (ours, peer) => median(ours.map((run, i) => run.wall / peer[i].wall)).toFixed(2);
  console.log(`\nagainst grep -c:               ${against(seen.plain, seen.grep)}  (goal: 1.50 at most)`);
  console.log(`sealed, against grep -c:       ${against(seen.sealed, seen.grep)}  (goal: 2.50 at most)`);
  const peer = seen.peer.length === 0 ? 'not measured, needs binutils' : against(seen.strings, seen.peer);
  console.log(`strings, against strings(1):   ${peer}  (goal: 2.00 at most)`);
  if (seen.memparse.length === 0) {
    console.log('against checkpointctl memparse: not measured, needs the lab (COLDCASE_LAB)');
    return;
  }
  const ratio = (wall(seen.plain) / wall(seen.memparse)).toFixed(3);
  console.log(`against checkpointctl memparse: ${ratio}  (goal: 0.100 at most)`);
}
