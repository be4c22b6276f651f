import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CRIU_FAILURES, diagnoseCriu, remedyFor } from '../../src/kubelet/criu-failures.js';
import { criuLogPath } from '../../src/kubelet/criu-log.js';

/** A log in which the cause is followed by what it leads to. */
const log = (line: string): string =>
  `(00.000100) Running ptrace\n(00.012638) Error (${line}\n(00.02) Error (criu/cr-dump.c:2128): Dumping FAILED.\n`;

describe('messages of CRIU 4.2 and what helps', () => {
  test.each([
    [
      'criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.',
      'tcp-established',
    ],
    ['criu/cr-dump.c:1655): Timeout reached. Try to interrupt: 0', 'TracerPid in /proc/PID/status'],
    [
      'compel/src/lib/infect.c:262): Unseizable non-zombie 29415 found, state D, err -1/4',
      'TracerPid in /proc/PID/status',
    ],
    ['criu/sk-inet.c:186): inet: In-flight connection (l) for 1f', 'skip-in-flight'],
    [
      'criu/file-lock.c:110): Some file locks are hold by dumping tasks! You can try --file-locks to dump them.',
      'file-locks',
    ],
    ["criu/files-reg.c:1031): Can't dump ghost file /tmp/x of 2097152 size, increase limit", 'ghost-limit'],
    ["criu/files-reg.c:1122): Can't create link remap for /tmp/x. Use link-remap option.", 'link-remap'],
    [
      'criu/sk-unix.c:873): unix: External socket is used. Consider using --ext-unix-sk option.',
      'ext-unix-sk',
    ],
    [
      'criu/mount.c:1092): mnt: Mount 99 ./x (master_id: 1 shared_id: 2) has unreachable sharing. Try --enable-external-masters.',
      'enable-external-masters',
    ],
    ["criu/mount.c:753): mnt: 81:./data doesn't have a proper root mount", 'external'],
    ["criu/files-ext.c:98): Can't dump file 7 of that type [600] (anon anon_inode:[io_uring])", 'io_uring'],
    [
      "criu/files-ext.c:98): Can't dump file 7 of that type [600] (anon anon_inode:[userfaultfd])",
      'userfaultfd',
    ],
    ["criu/files-ext.c:98): Can't dump file 9 of that type [20666] (chr /dev/nvidia0)", 'external dev'],
    [
      "criu/fsnotify.c:263): fsnotify: Can't find suitable path for handle (dev 0x1 ino 0x2): 3",
      'force-irmap',
    ],
    ["criu/namespaces.c:460): Can't dump nested pid namespace for 41", 'nested'],
    [
      'criu/pstree.c:304): The root process 9 is not a session leader. Consider using --shell-job option',
      'shell-job',
    ],
    ["criu/sk-unix.c:881): unix: Can't dump half of stream unix connection. name: /x; peer name: /y", 'peer'],
    ['criu/proc_parse.c:614): PID 5 has uprobes vma. Consider using --allow-uprobes.', 'allow-uprobes'],
    ['criu/sk-inet.c:137): inet: Unsupported proto 262 for socket 5', 'GODEBUG'],
  ])('%s', (line, hint) => {
    const diagnosis = diagnoseCriu(log(line));
    expect(diagnosis?.line).toContain(line.slice(0, 20));
    expect(diagnosis?.known && remedyFor(diagnosis.known)).toContain(hint);
  });

  test('an unknown error is shown as it is, the first one', () => {
    const diagnosis = diagnoseCriu(log('criu/new.c:1): Something new'));
    expect(diagnosis).toEqual({ line: '(00.012638) Error (criu/new.c:1): Something new', known: undefined });
  });

  test('every entry of the table helps in one line', () => {
    for (const failure of CRIU_FAILURES) expect(remedyFor(failure)).toMatch(/^[^\n]{10,240}$/);
  });

  test('never fails on any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => void diagnoseCriu(`Error (a): ${text}`)),
      { numRuns: 200 },
    );
  });
});

test.each([
  [
    'criu failed: type DUMP errno 0 path= /run/containerd/x/criu-dump.log)',
    '/run/containerd/x/criu-dump.log',
  ],
  ['criu failed: type NOTIFY errno 3 log file: /run/x/dump.log', '/run/x/dump.log'],
  ['path= /etc/shadow)', undefined],
  ['path= /run/../etc/criu-dump.log', undefined],
  ['nothing', undefined],
])('path of the log in %j', (message, path) => {
  expect(criuLogPath(message)).toBe(path);
});
