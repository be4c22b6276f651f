// --sealed PATH --identity FILE   a sealed checkpoint; best of 1 GiB. Default: the sealed sample
// --rounds N                      how often its memory is gone through, default 2
// --step N                        KiB from one jump to the next, default 1024
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median, printTable, ROOT } from './support.js';

const BRIDGE = fileURLToPath(new URL('../support/terminal/pty-bridge.py', import.meta.url));
const FRAME_END = '\x1b[?2026l';
const MIB = 1024 * 1024;
const NOT_THERE = 'no further';
const PAGE_DOWN = '\x06';
const hex = (keys) => Buffer.from(keys).toString('hex');
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * browse while the largest mapping of a checkpoint is gone through from end to end, by jumps with three pages
 * after each: what memory it takes after each round, and from a key to the end of the frame that answers it.
 */
export default async function run(flags) {
  const sealed = flags.sealed ?? `${ROOT}samples/podman-incident.tar.zst.age`;
  const identity = flags.identity ?? `${ROOT}samples/demo-key.txt`;
  const { pid, start, end } = largest(sealed, identity);
  const step = BigInt(flags.step ?? 1024) * 1024n;
  const browse = await open(['browse', sealed, '-i', identity]);
  const rows = [['', 'jumps', 'RSS MiB', 'peak']];
  const note = (what, jumps) => {
    const { rss, peak } = browse.memory();
    rows.push([what, jumps, (rss / MIB).toFixed(0), (peak / MIB).toFixed(0)]);
  };
  note('overview', 0);
  const times = { jump: [], page: [], 'scroll, keys held down': [] };
  for (let round = 1; round <= Number(flags.rounds ?? 2); round += 1) {
    let jumps = 0;
    for (let at = start; at < end; at += step) {
      await browse.type(`:${pid}:0x${at.toString(16)}`);
      times.jump.push(await browse.press('\r'));
      for (let page = 0; page < 3; page += 1) times.page.push(await browse.press(PAGE_DOWN));
      jumps += 1;
      if (jumps % 256 === 0) note(`round ${round}`, jumps);
    }
    note(`round ${round}, done`, jumps);
  }
  for (let key = 0; key < 200; key += 1) times['scroll, keys held down'].push(await browse.press('j', 0));
  for (let search = 1; search <= 3; search += 1) {
    await browse.search('neither here nor there');
    note(`search ${search}, whole`, 0);
  }
  await browse.quit();
  console.log(`${(Number(end - start) / MIB).toFixed(0)} MiB mapping of process ${pid}\n`);
  printTable(rows);
  const all = [['\nkey to frame, ms', 'keys', 'median', '95 %', '99 %', 'longest']];
  for (const [what, values] of Object.entries(times)) {
    const sorted = values.sort((a, b) => a - b);
    const part = (share) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1);
    all.push([what, values.length, median(values).toFixed(1), part(0.95), part(0.99), part(1)]);
  }
  printTable(all);
}

function largest(sealed, identity) {
  const args = [`${ROOT}bin/coldcase.js`, 'maps', sealed, '-i', identity, '--json'];
  const { stdout } = spawnSync(process.execPath, args, { maxBuffer: 64 * MIB, encoding: 'utf8' });
  const mappings = JSON.parse(stdout).map(({ pid, start, end }) => ({
    pid,
    start: BigInt(start),
    end: BigInt(end),
  }));
  return mappings.reduce((best, each) => (each.end - each.start > best.end - best.start ? each : best));
}

/** browse at its overview, in a pseudo-terminal of 120 columns and 40 rows. */
async function open(args) {
  const env = { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8' };
  const command = [process.execPath, `${ROOT}bin/coldcase.js`, ...args];
  const bridge = spawn('python3', [BRIDGE, '120', '40', ...command], { env });
  let output = '';
  let wake = () => {};
  bridge.stdout.on('data', (data) => {
    output += data;
    wake();
  });
  const until = async (text) => {
    while (!output.includes(text)) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  };
  const send = (keys) => bridge.stdin.write(`keys ${hex(keys)}\n`);
  await until('tands out');
  await rest(300);
  const [child] = readFileSync(`/proc/${bridge.pid}/task/${bridge.pid}/children`, 'utf8').trim().split(' ');
  return {
    /** Presses a key and gives the ms until it is answered; then waits, so that the next one meets no other work. */
    async press(key, pause = 15) {
      output = '';
      const pressed = performance.now();
      send(key);
      await until(FRAME_END);
      const took = performance.now() - pressed;
      await rest(pause);
      return took;
    },
    async type(keys) {
      output = '';
      send(keys);
      await until(FRAME_END);
      await rest(15);
    },
    /** Searches for what is not there, and waits for the answer. */
    async search(text) {
      await this.press('g');
      output = '';
      send(`/${text}\r`);
      await until(NOT_THERE);
      await rest(500);
    },
    memory() {
      const status = readFileSync(`/proc/${child}/status`, 'utf8');
      const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) * 1024;
      return { rss: field('VmRSS'), peak: field('VmHWM') };
    },
    async quit() {
      send('q');
      await new Promise((resolve) => bridge.on('close', resolve));
    },
  };
}
