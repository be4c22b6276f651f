// --input FILE   a plain tar of a Podman checkpoint; default: made in the lab, 1 GiB
// --runs N       default 5
// --lab PATH     the lab's script, which runs checkpointctl; default $COLDCASE_LAB
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { median, printTable } from './support.js';

const MIB = 1024 * 1024;

export default function run(flags) {
  const lab = flags.lab || process.env.COLDCASE_LAB || undefined;
  const peer = lab !== undefined && spawnSync(lab, ['run', 'checkpointctl', '--help']).status === 0;
  if (!peer) console.log('checkpointctl: not measured, there is no lab (--lab PATH)');
  if (flags.input === undefined && !peer) {
    console.log('inspect: not measured, there is neither an archive (--input FILE) nor a lab to make one');
    return;
  }
  // the lab has the same /dev, so that both read the same file
  const directory = mkdtempSync('/dev/shm/bench-');
  try {
    const tar = `${directory}/checkpoint.tar`;
    if (flags.input === undefined) makeCheckpoint(lab, tar);
    else copyFileSync(flags.input, tar);
    report(
      statSync(tar).size,
      measure(tar, Number(flags.runs ?? 5), peer ? { lab, inside: tar } : undefined),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function makeCheckpoint(lab, tar) {
  // not the incident: its zombie is a process that checkpointctl fails on
  const made = spawnSync(lab, ['checkpoint', tar, 'MEM_MB=1024'], { stdio: 'inherit' });
  if (made.status !== 0) throw new Error('the lab made no checkpoint');
}

/** Runs in turn, so that what else the machine does hits all of them. */
function measure(tar, runs, peer) {
  const seen = { node: [], show: [], inspect: [], entering: [], checkpointctl: [] };
  for (let run = 0; run < runs; run += 1) {
    seen.node.push(timed(process.execPath, ['-e', '0']));
    seen.show.push(timed(process.execPath, [BIN, 'show', tar]));
    seen.inspect.push(timed(process.execPath, [BIN, 'inspect', '--all', tar]));
    if (!peer) continue;
    seen.entering.push(timed(peer.lab, ['run', 'true']));
    seen.checkpointctl.push(timed(peer.lab, ['run', 'checkpointctl', 'inspect', '--all', peer.inside]));
  }
  return seen;
}

const BIN = new URL('../../bin/coldcase.js', import.meta.url).pathname;

/** Wall and CPU seconds, by the shell that starts it. */
function timed(command, args) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" 2>&3 >/dev/null';
  const stdio = ['ignore', 'ignore', 'pipe', 'inherit'];
  const done = spawnSync('bash', ['-c', script, 'bash', command, ...args], { stdio, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${done.status}`);
  const [wall, user, system] = done.stderr.trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

function report(size, { node, show, inspect, entering, checkpointctl }) {
  console.log(`archive: ${Math.round(size / MIB)} MiB, medians of ${node.length} runs`);
  const middle = (runs, kind) => median(runs.map((run) => run[kind]));
  const ratio = (ours, theirs) => `${(ours / theirs).toFixed(ours < theirs ? 3 : 2)}x`;
  const row = (name, runs) => [name, ...['wall', 'cpu'].map((kind) => `${middle(runs, kind).toFixed(2)} s`)];
  const compared = (name, wanted, ours, theirs) => [
    name,
    ...['wall', 'cpu'].map((kind) => ratio(middle(ours, kind), theirs(kind))),
    wanted,
  ];
  const rows = [
    ['', 'wall', 'CPU', 'wanted'],
    [...row('node -e 0', node), ''],
    [...row('show', show), ''],
    compared('  to bare node', '< 2x', show, (kind) => middle(node, kind)),
    [...row('inspect --all', inspect), ''],
  ];
  if (checkpointctl.length > 0) {
    rows.push([...row('checkpointctl inspect --all', checkpointctl), '']);
    // what entering the lab takes is not checkpointctl's
    const theirs = (kind) => middle(checkpointctl, kind) - middle(entering, kind);
    rows.push(compared('  inspect --all to it', '<= 0.1x', inspect, theirs));
  }
  printTable(rows);
}
