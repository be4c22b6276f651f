// --tar PATH   a checkpoint of about 1 GiB; default: the sample, with 1 GiB of memory added to it
// --runs N     default 11
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { decompress } from 'zstd-napi';
import { median, printTable, ROOT, timeColdcase } from './support.js';

const MIB = 1024 * 1024;

/** How long `show` and `ps` take from start to end against a bare start of node, and how much they read. */
export default async function run(flags) {
  const runs = Number(flags.runs ?? 11);
  const directory = mkdtempSync('/dev/shm/coldcase-bench-');
  try {
    const tar = flags.tar ?? growSample(`${directory}/checkpoint.tar`);
    const identity = `${directory}/key.txt`;
    const sealed = `${directory}/checkpoint.tar.zst.age`;
    await timeColdcase(['keygen', '-o', identity]);
    const recipient = /age1[0-9a-z]+/.exec(readFileSync(identity, 'utf8'))[0];
    await timeColdcase(['seal', tar, '-r', recipient, '-o', sealed]);
    const cases = [
      ['show, plain tar', ['bin/coldcase.js', 'show', tar]],
      ['ps, plain tar', ['bin/coldcase.js', 'ps', tar]],
      ['show, sealed', ['bin/coldcase.js', 'show', sealed, '-i', identity]],
      ['ps, sealed', ['bin/coldcase.js', 'ps', sealed, '-i', identity]],
    ];
    printStarts(cases, runs);
    await printBytes(sealed, identity);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** In turn, so that what disturbs the machine disturbs all alike. */
function printStarts(cases, runs) {
  const times = new Map([['node', []], ...cases.map(([name]) => [name, []])]);
  for (let at = 0; at < runs; at += 1) {
    times.get('node').push(timeNode(['-e', '0']));
    for (const [name, args] of cases) times.get(name).push(timeNode(args));
  }
  const node = median(times.get('node'));
  const row = (name) => {
    const own = median(times.get(name));
    return [name, ms(own), ms(own - node), (own / node).toFixed(2)];
  };
  printTable([
    ['start to end', 'median', 'over node', 'ratio'],
    row('node'),
    ...cases.map(([name]) => row(name)),
  ]);
}

const ms = (time) => `${time.toFixed(0)} ms`;

function timeNode(args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return performance.now() - start;
}

/** Serves the sealed file with ranges and counts what is asked for. */
async function printBytes(path, identity) {
  const { size } = statSync(path);
  const fd = openSync(path, 'r');
  let sent = 0;
  let requests = 0;
  const server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range).map(Number);
    const bytes = Buffer.alloc(Math.min(to + 1, size) - from);
    readSync(fd, bytes, 0, bytes.length, from);
    sent += bytes.length;
    requests += 1;
    response
      .writeHead(206, { 'content-range': `bytes ${from}-${from + bytes.length - 1}/${size}` })
      .end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/checkpoint.tar.zst.age`;
  const rows = [['sealed, over HTTP', 'bytes', 'of the file', 'requests', 'wall']];
  for (const command of ['show', 'ps']) {
    [sent, requests] = [0, 0];
    const { wall } = await timeColdcase([command, url, '-i', identity]);
    rows.push([command, sent, `${((sent / size) * 100).toFixed(3)} %`, requests, ms(wall * 1000)]);
  }
  printTable(rows);
  server.closeAllConnections();
  server.close();
  closeSync(fd);
}

/** The sample with a gibibyte added to the memory of its first process: half noise, half zeros. */
function growSample(path) {
  const tar = Buffer.from(decompress(readFileSync(`${ROOT}samples/podman-incident.tar.zst`)));
  const header = tar.indexOf('checkpoint/pages-2.img\0', 0, 'latin1');
  const size = Number.parseInt(tar.toString('latin1', header + 124, header + 135), 8);
  const end = header + 512 + Math.ceil(size / 512) * 512;
  tar.write((end - header - 512 + 1024 * MIB).toString(8).padStart(11, '0'), header + 124, 'latin1');
  tar.write('        ', header + 148, 'latin1');
  const sum = tar.subarray(header, header + 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, header + 148, 'latin1');
  const fd = openSync(path, 'wx', 0o600);
  writeSync(fd, tar, 0, end);
  const noise = Buffer.alloc(MIB);
  for (let at = 0; at < 1024; at += 1)
    writeSync(fd, at % 2 === 0 ? randomFillSync(noise) : Buffer.alloc(MIB));
  writeSync(fd, tar, end);
  closeSync(fd);
  return path;
}
