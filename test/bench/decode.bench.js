// --runs N       default 5
// COLDCASE_LAB   path of the lab's script: crit is there
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { decompress } from 'zstd-napi';
import { printTable, ROOT, timeColdcase } from './support.js';

/** Unpacks the tar from standard input, then times `crit decode --pretty`: of one image, and of each in turn. */
const TIME_CRIT = `
import io, json, os, subprocess, sys, tarfile, tempfile, time
def best(work):
    times = []
    for _ in range(int(sys.argv[1])):
        start = time.perf_counter(); work(); times.append(time.perf_counter() - start)
    return min(times)
with tempfile.TemporaryDirectory() as folder:
    tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())).extractall(folder, filter='data')
    def crit(name): return subprocess.run(['crit', 'decode', '--pretty', '-i', f'{folder}/checkpoint/{name}'],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    images = [name for name in os.listdir(folder + '/checkpoint') if name.endswith('.img') and crit(name) == 0]
    loop = 'for i in ' + ' '.join(images) + f'; do crit decode --pretty -i {folder}/checkpoint/$i > /dev/null; done'
    print(json.dumps({'images': len(images), 'one': best(lambda: crit('pagemap-1.img')),
                      'all': best(lambda: subprocess.run(['sh', '-c', loop]))}))
`;

/** `coldcase decode --pretty` on a tar against `crit decode --pretty` on the extracted files; best of the runs. */
export default async function run(flags) {
  const lab = process.env['COLDCASE_LAB'];
  if (!lab) {
    console.log('skipped: crit is in the lab; set COLDCASE_LAB to its script, and be root');
    return;
  }
  const runs = Number(flags.runs ?? 5);
  const tar = decompress(readFileSync(`${ROOT}samples/podman-incident.tar.zst`));
  const directory = mkdtempSync('/dev/shm/coldcase-bench-');
  try {
    const path = `${directory}/checkpoint.tar`;
    writeFileSync(path, tar);
    const crit = timeCrit(lab, tar, runs);
    const one = await best(['decode', '--pretty', path, 'pagemap-1.img'], runs);
    const all = await best(['decode', '--pretty', path], runs);
    const row = (what, ours, theirs) => [
      what,
      `${ours.toFixed(3)} s`,
      `${theirs.toFixed(3)} s`,
      (ours / theirs).toFixed(2),
    ];
    printTable([
      ['decode --pretty', 'coldcase', 'crit', 'ratio'],
      row('one image', one, crit.one),
      row(`${crit.images} images`, all, crit.all),
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function timeCrit(lab, tar, runs) {
  const { status, stdout, stderr } = spawnSync(lab, ['run', 'python3', '-c', TIME_CRIT, String(runs)], {
    input: tar,
  });
  if (status !== 0) throw new Error(`lab: ${stderr}`);
  return JSON.parse(stdout.toString());
}

async function best(words, runs) {
  const walls = [];
  for (let run = 0; run < runs; run += 1) walls.push((await timeColdcase(words)).wall);
  return Math.min(...walls);
}
