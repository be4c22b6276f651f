import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coldcase } from '../support/coldcase.js';
import { hasLab, labRun, labTitle } from '../support/lab.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-lab-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/**
 * Starts a process with several threads, dumps it with CRIU and leaves it stopped just there, so that a debugger on
 * the live process sees what the checkpoint has. Prints a tar with the images and the PID.
 */
const DUMP = `
set -e
for f in $(ls /proc/$$/fd); do [ $f -gt 2 ] && eval "exec $f>&-" || true; done
d=$(mktemp -d /tmp/coldcase-core.XXXXXX); mkdir $d/checkpoint
case $1 in
python) setsid python3 -c '
import threading, time, mmap
secret = b"THREADED-" + b"PYTHON-SECRET"
m = mmap.mmap(-1, 8192); m.write(b"SECRET of an anonymous mapping")
for i in range(3): threading.Thread(target=time.sleep, args=(10000,)).start()
open("'$d'/ready", "w").close()
time.sleep(10000)' </dev/null >/dev/null 2>&1 & pid=$! ;;
redis) cd $d; setsid redis-server --port 0 --unixsocket $d/s --save "" --io-threads 3 </dev/null >/dev/null 2>&1 & pid=$!
  for i in $(seq 50); do [ -S $d/s ] && break; sleep 0.1; done
  redis-cli -s $d/s set key "SECRET value of redis" >/dev/null; sleep 1; touch $d/ready ;;
esac
for i in $(seq 100); do [ -e $d/ready ] && break; sleep 0.1; done; sleep 0.5
criu dump -t $pid -D $d/checkpoint --leave-stopped -v1 -o $d/dump.log >&2 || { cat $d/dump.log >&2; kill -9 $pid; exit 1; }
echo $pid > $d/checkpoint/pid
tar -C $d -cf - checkpoint
rm -rf $d`;

/** Runs gdb in the lab on a core file from standard input, which keeps it a file only as long as gdb runs. */
const GDB_CORE = `
core=$(mktemp); cat > $core
gdb -nx -batch "$@" --core $core 2>&1; rm -f $core`;

describe.skipIf(!hasLab).each([
  ['python', '/usr/bin/python3', 4],
  ['redis', '/usr/bin/redis-server', 4],
] as const)(`gdb on a core file of %s, beside the same process, ${labTitle}`, (kind, executable, threads) => {
  let pid: string;
  let tar: string;
  let core: Buffer;
  beforeAll(async () => {
    tar = join(directory, `${kind}.tar`);
    writeFileSync(tar, labRun(['bash', '-c', DUMP, '_', kind]));
    pid = (await coldcase(['cat', tar, 'checkpoint/pid'])).stdout.trim();
    const path = join(directory, `core.${kind}`);
    const made = await coldcase(['core', tar, '--pid', pid, '-o', path, '--quiet']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    core = readFileSync(path);
  });
  afterAll(() => {
    if (pid !== undefined) labRun(['kill', '-9', pid]);
  });

  const setup = ['set pagination off', 'set width 0'];
  const onCore = (...commands: string[]): string => {
    const words = [...setup, ...commands].flatMap((command) => ['-ex', command]);
    return labRun(['bash', '-c', GDB_CORE, '_', ...words, executable], core).toString();
  };
  const onProcess = (...commands: string[]): string => {
    const words = [...setup, ...commands].flatMap((command) => ['-ex', command]);
    return labRun(['bash', '-c', 'gdb -nx -batch "$@" 2>&1', '_', ...words, '-p', pid]).toString();
  };

  test('every thread, with the same registers and the same stack', () => {
    const registers = [
      'thread apply all info registers',
      'thread apply all x/32bx $rsp',
      'thread apply all x/32bx $rip',
    ];
    const vectors = [0, 1, 7, 15].map((i) => `thread apply all p $ymm${i}.v4_int64`);
    const fromCore = byThread(onCore('info threads', ...registers, ...vectors));
    const fromProcess = byThread(onProcess('info threads', ...registers, ...vectors));
    expect(fromCore.size).toBeGreaterThanOrEqual(threads);
    expect([...fromCore.keys()].sort()).toEqual([...fromProcess.keys()].sort());
    for (const [lwp, lines] of fromCore) {
      expect(lines.length).toBeGreaterThan(40);
      expect(lines).toEqual(fromProcess.get(lwp));
    }
  });

  test('the same memory, where a search finds it', async () => {
    const found = await coldcase(['memory', 'search', tar, 'SECRET', '--json']);
    const addresses = [...found.stdout.matchAll(/"address": "(0x[0-9a-f]+)"/g)].map(
      ([, address]) => address ?? '',
    );
    expect(addresses.length).toBeGreaterThan(0);
    const commands = addresses.slice(0, 20).map((address) => `x/32bx ${address}`);
    const bytes = memoryLines(onCore(...commands));
    expect(bytes.length).toBeGreaterThanOrEqual(4 * commands.length);
    expect(bytes).toEqual(memoryLines(onProcess(...commands)));
  });
});

/** Lines about registers and memory by thread (LWP), in order. */
function byThread(output: string): Map<string, string[]> {
  const threads = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of output.split('\n')) {
    const lwp = /^Thread \d+ \(.*?LWP (\d+)/.exec(line)?.[1];
    if (lwp !== undefined) {
      lines = threads.get(lwp) ?? [];
      threads.set(lwp, lines);
    } else if (/^(0x[0-9a-f]+.*:\t|(r[a-z0-9]+|eflags|[cdefgs]s|[fg]s_base|k[0-7]) )/.test(line)) {
      lines.push(line.replace(/ <.*?>/g, ''));
    } else if (line.startsWith('$')) {
      lines.push(line.replace(/^\$\d+/, ''));
    }
  }
  return threads;
}

function memoryLines(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => /^0x[0-9a-f]+.*:\t/.test(line))
    .map((line) => line.replace(/ <.*?>/g, ''));
}

/** A container with one of everything that only memory holds. Prints its checkpoint as podman exports it. */
const CONTAINER = `
set -e
n=coldcase-recover-$$
trap 'podman rm -f -t 0 $n >/dev/null 2>&1; rm -f /tmp/$n.tar' EXIT
podman run -d --name $n --network=none --tmpfs /scratch localhost/lab:latest python3 -c '
import ctypes, os, socket, time, mmap
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
at = libc.shmat(libc.shmget(0x1234, 10000, 0o1600), None, 0); ctypes.memmove(at + 5000, b"SYSV-SHM-SECRET", 15)
tmp = libc.shmat(libc.shmget(0x5678, 4096, 0o1640), None, 0); ctypes.memmove(tmp, b"DETACHED-SHM", 12)
libc.shmdt(ctypes.c_void_p(tmp))
q = libc.msgget(0x4321, 0o1600)
for kind, text in ((7, b"SYSV-MESSAGE-ONE"), (8, b"TWO")):
    libc.msgsnd(q, ctypes.create_string_buffer(kind.to_bytes(8, "little") + text, 8 + len(text)), len(text), 0)
with open("/dev/shm/posix-seg", "w+b") as f: f.write(b"POSIX-SHM-SECRET")
held = open("/dev/shm/posix-seg", "r+b")
with open("/scratch/loot", "w") as f: f.write("TMPFS-SECRET")
os.mkfifo("/tmp/fifo"); fifo = os.open("/tmp/fifo", os.O_RDWR); os.write(fifo, b"FIFO-SECRET")
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.send(b"DGRAM-1;"); a.send(b"DGRAM-2;")
m = os.memfd_create("sparse"); os.ftruncate(m, 8 << 20); os.pwrite(m, b"MEMFD-SECRET", 5 << 20)
with open("/tmp/mapped", "wb") as f: f.write(b"DELETED-BUT-MAPPED" + bytes(8192))
fd = os.open("/tmp/mapped", os.O_RDWR); mm = mmap.mmap(fd, 8192); os.close(fd); os.unlink("/tmp/mapped")
print("ready", flush=True)
time.sleep(10000)' >/dev/null
for i in $(seq 60); do podman logs $n 2>/dev/null | grep -q ready && break; sleep 0.5; done
podman container checkpoint --leave-running --file-locks --compress=none --export=/tmp/$n.tar $n >/dev/null
cat /tmp/$n.tar`;

test.skipIf(!hasLab)(`one of everything that only memory holds comes back, ${labTitle}`, async () => {
  const tar = join(directory, 'recover.tar');
  writeFileSync(tar, labRun(['bash', '-c', CONTAINER]));
  const out = join(directory, 'recovered');
  const done = await coldcase(['recover', tar, '-C', out, '--json']);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  const rows: { kind: string; name: string; path: string; size: number }[] = JSON.parse(done.stdout);
  const content = (kind: string, name: string | RegExp): Buffer => {
    const row = rows.find((each) => each.kind === kind && each.name.match(name));
    if (row === undefined) throw new Error(`no ${kind} ${name}`);
    const bytes = readFileSync(join(out, row.path));
    expect(bytes).toHaveLength(row.size);
    return bytes;
  };
  expect(content('deleted-file', '/tmp/mapped').toString()).toBe(`DELETED-BUT-MAPPED${'\0'.repeat(8192)}`);
  const memfd = Buffer.alloc(8 << 20);
  memfd.write('MEMFD-SECRET', 5 << 20);
  expect(content('memfd', 'sparse').equals(memfd)).toBe(true);
  expect(content('pipe-data', '/tmp/fifo').toString()).toBe('FIFO-SECRET');
  expect(content('socket-data', 'unix').toString()).toBe('DGRAM-1;DGRAM-2;');
  expect(content('posix-shm', '/dev/shm/posix-seg').toString()).toBe('POSIX-SHM-SECRET');
  expect(content('tmpfs-file', '/scratch/loot').toString()).toBe('TMPFS-SECRET');
  expect(content('sysv-shm', '0x1234').toString('latin1', 5000, 5015)).toBe('SYSV-SHM-SECRET');
  expect(content('sysv-shm', '0x5678').toString('latin1', 0, 12)).toBe('DETACHED-SHM');
  expect(content('sysv-message', 'message 1 of type 7').toString()).toBe('SYSV-MESSAGE-ONE');
  expect(content('sysv-message', 'message 2 of type 8').toString()).toBe('TWO');
});
