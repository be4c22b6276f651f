// --input FILE   a tar, copied to RAM first; default: made, 1 GiB
// --mib N        size of the tar that is made
// --runs N       default 5
// --age PATH, --zstd PATH   the peers
import { createCipheriv, randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { AgeWriter } from '../../dist/seal/age-writer.js';
import { findTool, median, printTable, ROOT, timeColdcase, timeShell, writeMemoryTar } from './support.js';

const MIB = 1024 * 1024;
const RECIPIENT = /age1[a-z0-9]+/.exec(readFileSync(`${ROOT}samples/demo-key.txt`, 'utf8'))[0];

export default async function run(flags) {
  const age = flags.age ?? findTool('age');
  const zstd = flags.zstd ?? findTool('zstd');
  const directory = mkdtempSync('/dev/shm/coldcase-bench-');
  try {
    const tar = `${directory}/checkpoint.tar`;
    if (flags.input === undefined) writeMemoryTar(tar, Number(flags.mib ?? 1024));
    else copyFileSync(flags.input, tar);
    const seen = await measure(tar, directory, Number(flags.runs ?? 5), { age, zstd });
    report(statSync(tar).size, seen, { age, zstd });
  } finally {
    rmSync(directory, { recursive: true });
  }
  cipher();
}

/** Runs of the tools in turn, so that what else the machine does hits all of them. */
async function measure(tar, directory, runs, tools) {
  const ours = [];
  const plain = [];
  const hashed = [];
  const hashes = [];
  const out = `${directory}/out.age`;
  const env = { TAR: tar, OUT: out, R: RECIPIENT, AGE: tools.age, ZSTD: tools.zstd };
  const pipe = '"$ZSTD" -q -T0 -3 -c "$TAR" | "$AGE" -r "$R"';
  const sum = findTool('openssl') ? 'openssl sha256 -r' : 'sha256sum';
  const time = (script) => {
    const { wall, cpu } = timeShell(script, env);
    return { wall, cpu, size: statSync(out).size };
  };
  for (let run = 0; run < runs; run += 1) {
    const sealed = await timeColdcase(['seal', tar, '-r', RECIPIENT, '-o', out, '--no-prove', '--quiet']);
    ours.push({ ...sealed, size: statSync(out).size });
    rmSync(out);
    rmSync(`${out}.json`);
    if (tools.age === undefined || tools.zstd === undefined) continue;
    plain.push(time(`${pipe} > "$OUT"`));
    // what is below every way of making them: a stream cannot be hashed on two cores
    hashes.push(time(`${sum} "$TAR" >/dev/null & ${sum} "$OUT" >/dev/null; wait`));
    rmSync(out);
    // the same two hashes, each on the bytes as they pass or, for the tar, beside the pipeline
    hashed.push(time(`${sum} "$TAR" >/dev/null & ${pipe} | tee "$OUT" | ${sum} >/dev/null; wait`));
    rmSync(out);
  }
  return { ours, plain, hashed, hashes };
}

function report(size, { ours, plain, hashed, hashes }, { age, zstd }) {
  const wall = (runs) => median(runs.map((run) => run.wall));
  const row = (name, runs) => [
    name,
    wall(runs).toFixed(2),
    median(runs.map((run) => run.cpu)).toFixed(2),
    runs[0].size,
    runs[0].rss === undefined ? '-' : (Math.max(...runs.map((run) => run.rss)) / MIB).toFixed(0),
  ];
  console.log(`${(size / MIB).toFixed(0)} MiB tar in RAM, medians of ${ours.length} runs in turn\n`);
  const rows = [['', 'wall s', 'CPU s', 'bytes', 'peak RSS MiB'], row('coldcase seal (both SHA-256)', ours)];
  if (plain.length > 0) {
    rows.push(row('zstd -T0 -3 | age -r', plain), row('zstd -T0 -3 | age -r, both SHA-256', hashed));
    rows.push(row('the two SHA-256 alone, at once', hashes).with(3, '-'));
  }
  printTable(rows);
  if (plain.length === 0) {
    console.log(`\nno peer to compare with: ${age ? '' : 'age '}${zstd ? '' : 'zstd '}not installed`);
    return;
  }
  const each = (peer) => median(ours.map((run, i) => run.wall / peer[i].wall)).toFixed(2);
  console.log(`\nwall, against the same work (both SHA-256):  ${each(hashed)}  (goal: 0.80 at most)`);
  console.log(`wall, against the pipeline without hashes:   ${each(plain)}`);
  console.log(
    `size:                                        ${(ours[0].size / plain[0].size).toFixed(4)}  (goal: 1.02 at most)`,
  );
}

/** The payload's cipher against the bare primitive, on the same bytes in chunks of the same size. */
function cipher() {
  const plain = randomBytes(64 * MIB);
  const key = randomBytes(32);
  const bare = () => {
    const nonce = Buffer.alloc(12);
    for (let at = 0; at < plain.length; at += 65536) {
      nonce.writeUInt32BE(at / 65536, 7);
      const chunk = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      chunk.update(plain.subarray(at, at + 65536));
      chunk.final();
      chunk.getAuthTag();
    }
  };
  const ours = () => {
    const writer = new AgeWriter(key);
    for (let at = 0; at < plain.length; at += MIB) writer.write([plain.subarray(at, at + MIB)]);
    writer.end();
  };
  const time = (work) => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  const ratios = [];
  const rates = [];
  for (let i = 0; i < 9; i += 1) {
    const [a, b] = [time(ours), time(bare)];
    ratios.push(a / b);
    rates.push([plain.length / a / 1e6, plain.length / b / 1e6]);
  }
  const rate = (index) => median(rates.map((pair) => pair[index])).toFixed(2);
  console.log(
    `\npayload cipher: ${rate(0)} GB/s; OpenSSL chacha20-poly1305, chunks of 64 KiB: ${rate(1)} GB/s`,
  );
  console.log(
    `time:                                        ${median(ratios).toFixed(2)}  (goal: 1.20 at most)`,
  );
  const speed = opensslSpeed();
  if (speed === undefined) return;
  console.log(
    `openssl speed, one key and nonce, a chunk that stays in the cache: ${(speed / 1e9).toFixed(2)} GB/s`,
  );
  console.log(
    `time:                                        ${(speed / 1e9 / rate(0)).toFixed(2)}  (no goal: node makes a context and two buffers a chunk)`,
  );
}

/** Bytes a second of the openssl command, which encrypts one chunk into the same buffer again and again. */
function opensslSpeed() {
  if (findTool('openssl') === undefined) return undefined;
  const { stdout } = timeShell('openssl speed -mr -bytes 65536 -seconds 1 -evp chacha20-poly1305 2>&1');
  const figure = /^\+F:.*:([\d.]+)$/m.exec(stdout);
  return figure === null ? undefined : Number(figure[1]);
}
