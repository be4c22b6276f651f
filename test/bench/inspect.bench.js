// --input FILE   a plain tar of a Podman checkpoint; default: made in the lab, 1 GiB
// --runs N       default 5
// --lab PATH     the lab's script, which runs checkpointctl; default $COLDCASE_LAB
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median, printTable } from './support.js';

const MIB = 1024 * 1024;

export default function run(flags) {
  const lab = flags.lab || process.env.COLDCASE_LAB || undefined;
  const root = process.env.COLDCASE_LAB_ROOT ?? '/opt/checkpoint-lab';
  const peer = lab !== undefined && spawnSync(lab, ['run', 'checkpointctl', '--help']).status === 0;
  if (!peer) console.log('checkpointctl: not measured, there is no lab (--lab PATH)');
  if (flags.input === undefined && !peer) {
    console.log('inspect: not measured, there is neither an archive (--input FILE) nor a lab to make one');
    return;
  }
  // where the lab sees it too, so that both read the same file
  const directory = mkdtempSync(
    join(peer && existsSync(`${root}/opt/lab/out`) ? `${root}/opt/lab/out` : '/dev/shm', 'bench-'),
  );
  try {
    const tar = `${directory}/checkpoint.tar`;
    if (flags.input === undefined) makeCheckpoint(lab, tar);
    else copyFileSync(flags.input, tar);
    report(
      statSync(tar).size,
      measure(tar, Number(flags.runs ?? 5), peer ? { lab, inside: tar.slice(root.length) } : undefined),
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

function timed(command, args) {
  const start = performance.now();
  const done = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${done.status}`);
  return (performance.now() - start) / 1000;
}

function report(size, { node, show, inspect, entering, checkpointctl }) {
  const middle = { node: median(node), show: median(show), inspect: median(inspect) };
  const row = (name, value, ...facts) => [name, `${value.toFixed(2)} s`, ...facts];
  console.log(`archive: ${Math.round(size / MIB)} MiB, median of ${node.length} runs`);
  const rows = [
    ['', 'wall', 'ratio', 'wanted'],
    row('node -e 0', middle.node, '', ''),
    row('show, to bare node', middle.show, `${(middle.show / middle.node).toFixed(2)}x`, '< 2x'),
  ];
  if (checkpointctl.length === 0) rows.push(row('inspect --all', middle.inspect, '', ''));
  else {
    const theirs = median(checkpointctl) - median(entering); // what entering the lab takes is not theirs
    rows.push(row('checkpointctl inspect --all', theirs, '', ''));
    rows.push(
      row(
        'inspect --all, to checkpointctl',
        middle.inspect,
        `${(middle.inspect / theirs).toFixed(3)}x`,
        '<= 0.1x',
      ),
    );
  }
  printTable(rows);
}
