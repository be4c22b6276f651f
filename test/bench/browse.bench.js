// --sealed PATH --identity FILE   a sealed checkpoint of about 1 GiB; default: the sealed sample
// --runs N                        default 7
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, printTable, ROOT } from './support.js';

const BRIDGE = fileURLToPath(new URL('../support/terminal/pty-bridge.py', import.meta.url));
const FRAME_END = '\x1b[?2026l';
const hex = (keys) => Buffer.from(keys).toString('hex');

/**
 * browse in a pseudo-terminal: how long from its start to the first frame and to the first screen's contents,
 * against a bare start of node in the same turn; and from a key to the end of the frame that answers it.
 */
export default async function run(flags) {
  const sealed = flags.sealed ?? `${ROOT}samples/podman-incident.tar.zst.age`;
  const identity = flags.identity ?? `${ROOT}samples/demo-key.txt`;
  const runs = Number(flags.runs ?? 7);
  const times = { node: [], frame: [], contents: [], keys: [] };
  for (let at = 0; at < runs; at += 1) {
    const start = performance.now();
    // through the same bridge, whose own start is part of every time here
    spawnSync('python3', [BRIDGE, '120', '40', process.execPath, '-e', '0']);
    times.node.push(performance.now() - start);
    await one(['browse', sealed, '-i', identity], times);
  }
  const node = median(times.node);
  const row = (name, values) => [name, `${median(values).toFixed(0)} ms`, (median(values) / node).toFixed(2)];
  printTable([
    ['browse, sealed', 'median', 'ratio to node'],
    row('node -e 0', times.node),
    row('first frame', times.frame),
    row('first contents', times.contents),
  ]);
  const sorted = times.keys.sort((a, b) => a - b);
  const p95 = sorted[Math.floor(sorted.length * 0.95)];
  console.log(
    `key to frame: median ${median(sorted).toFixed(1)} ms, 95 of 100 within ${p95.toFixed(1)} ms (${sorted.length} keys)`,
  );
}

async function one(args, times) {
  const start = performance.now();
  const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8' };
  const child = spawn('python3', [BRIDGE, '120', '40', process.execPath, `${ROOT}bin/coldcase.js`, ...args], {
    env,
  });
  let output = '';
  let wake = () => {};
  child.stdout.on('data', (data) => {
    output += data;
    wake();
  });
  const until = async (test) => {
    while (!test(output)) await new Promise((resolve) => setWake(resolve));
  };
  const setWake = (resolve) => {
    wake = resolve;
  };
  await until((text) => text.includes(FRAME_END));
  times.frame.push(performance.now() - start);
  await until((text) => text.includes('tands out'));
  times.contents.push(performance.now() - start);
  await new Promise((resolve) => setTimeout(resolve, 300));
  // each of these changes what is shown, so a frame answers it
  for (const key of ['2', 'j', 'j', 'k', '5', 'j', 'G', 'g', '7', '\x06', 'j', 'k', '\x06', '1', 'j']) {
    output = '';
    const pressed = performance.now();
    child.stdin.write(`keys ${hex(key)}\n`);
    await until((text) => text.includes(FRAME_END));
    times.keys.push(performance.now() - pressed);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  child.stdin.write(`keys ${hex('q')}\n`);
  await new Promise((resolve) => child.on('close', resolve));
}
