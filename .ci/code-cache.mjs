// Keeps the bytecode of the bundle beside it, so that V8 need not compile it at every start. It is taken after a run
// that does much of what commands do, as V8 compiles most functions when they are first called.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decompress } from 'zstd-napi';

const SAMPLE = new URL('../samples/podman-incident.tar.zst', import.meta.url);
const [warming] = process.argv.slice(2);

if (warming === undefined) {
  const directory = mkdtempSync(join(tmpdir(), 'coldcase-build-'));
  try {
    const tar = join(directory, 'sample.tar');
    writeFileSync(tar, decompress(readFileSync(SAMPLE)));
    const stdio = ['ignore', 'ignore', 'inherit'];
    const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), tar], { stdio });
    if (run.status !== 0) throw new Error(`the run to warm up ended with ${run.status}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
} else {
  const { start, scripts, cacheOf } = createRequire(import.meta.url)('../dist/cli/start.cjs');
  process.argv = [process.execPath, 'coldcase', 'inspect', '--all', warming];
  process.once('exit', () => {
    for (const [file, script] of scripts) writeFileSync(cacheOf(file), script.createCachedData());
  });
  start();
}
