/**
 * Why CRIU refuses to dump, by what its log says, and what helps. To add one: the message as CRIU's source has it
 * (version 4.2; `pr_err` in the file that is named), and either the option that makes CRIU go on or, where there is
 * none, what a responder can do. The first entry that matches a line wins.
 */
export interface CriuFailure {
  readonly pattern: RegExp;
  /** What is in the way, in a few words. */
  readonly what: string;
  /** A line for CRIU's configuration file, as the runtime reads it. */
  readonly option?: string;
  /** Used where no option helps, or to say what the option costs. */
  readonly advice?: string;
}

export const CRIU_FAILURES: readonly CriuFailure[] = [
  {
    pattern: /Connected TCP socket, consider using --tcp-established/, // sk-inet.c
    what: 'an established TCP connection',
    option: 'tcp-established',
  },
  {
    pattern: /In-flight connection|--skip-in-flight/, // sk-inet.c, sk-unix.c
    what: 'a connection that no accept() has taken yet',
    option: 'skip-in-flight',
    advice: 'or try again in a moment',
  },
  {
    pattern: /Some file locks are hold by dumping tasks/, // file-lock.c
    what: 'a file lock held by a process of the container',
    option: 'file-locks',
  },
  {
    pattern: /Unresolved lock found/, // file-lock.c
    what: 'a file lock whose holder is outside the container',
    advice: 'the volume is shared with a process that holds the lock; release it there, then capture again',
  },
  {
    pattern: /Can't dump ghost file .* increase limit/, // files-reg.c
    what: 'a deleted file that is still open and larger than the limit for such files (1 MiB)',
    option: 'ghost-limit 1073741824',
  },
  {
    pattern: /Can't create link remap for|--link-remap/, // files-reg.c
    what: 'a deleted file that is still open and has another name',
    option: 'link-remap',
  },
  {
    pattern: /Can't link remap to/, // files-reg.c
    what: 'a deleted file on a file system where CRIU cannot give it a name again',
    advice: 'is that volume mounted read-only or full? Remount it writable, then capture again',
  },
  {
    pattern: /External socket is used\. *Consider using --ext-unix-sk/, // sk-unix.c
    what: 'a unix socket whose other end is outside the container',
    option: 'ext-unix-sk',
    advice: 'it covers datagram sockets only',
  },
  {
    pattern: /Can't dump half of stream unix connection|name-less external socket/, // sk-unix.c
    what: 'a unix stream connection to a process outside the container',
    advice:
      'no option helps: close the connection (a log agent, a container runtime socket, a sidecar), or capture its peer',
  },
  {
    pattern: /has unreachable sharing\. Try --enable-external-masters/, // mount.c
    what: 'a mount that shares events with one outside the container',
    option: 'enable-external-masters',
  },
  {
    pattern: /doesn't have a proper root mount|FS mnt .* unsupported id/, // mount.c
    what: 'a mount that came from outside the container after it started',
    option: 'external mnt[]',
    advice: 'CRIU must be told of such mounts; or unmount it, then capture again',
  },
  {
    pattern: /Open files on overmounted mounts are not supported/, // files-reg.c
    what: 'an open file below a mount that covers it',
    advice: 'no option helps: unmount what covers it, then capture again',
  },
  {
    pattern: /Can't lookup mount=/, // files-reg.c
    what: 'an open file on a mount that the container cannot see',
    advice: 'a descriptor was passed in from outside; no option helps',
  },
  {
    pattern: /Nested mount namespaces are not supported/, // mount.c
    what: 'a mount namespace inside the container (a nested container or a sandboxed browser)',
    advice: 'no option helps: capture is possible only after that child has ended',
  },
  {
    pattern: /Can't dump nested (\w+) namespace/, // namespaces.c
    what: 'a namespace inside the container (a nested container, unshare)',
    advice: 'no option helps: CRIU dumps nested pid, ipc, uts and time namespaces not at all',
  },
  {
    // cr-dump.c, infect.c: two `crun checkpoint`, or two of runc, of one container leave these
    pattern: /Timeout reached\. Try to interrupt|Unseizable non-zombie \d+ found/,
    what: 'a process that could not be stopped: another checkpoint, a debugger or strace traces it, or it waits in the kernel',
    advice: 'end what traces it (TracerPid in /proc/PID/status), then capture again',
  },
  {
    pattern: /Can't dump a pid namespace without the process init/, // namespaces.c
    what: 'a pid namespace whose first process is not part of the container (shareProcessNamespace, hostPID)',
    advice: 'CRIU cannot dump such a container; capture the other containers of the pod',
  },
  {
    pattern: /anon_inode:\[?io_uring|io_uring/, // files.c: a file type without a dump routine
    what: 'an io_uring in use',
    advice:
      'CRIU cannot dump io_uring: if the program can be told to go without it, restart it so beforehand',
  },
  {
    pattern: /anon_inode:\[?userfaultfd/, // files.c
    what: 'a userfaultfd in use',
    advice: 'CRIU cannot dump userfaultfd (QEMU, Firecracker and some language runtimes use it)',
  },
  {
    pattern: /anon_inode:\[?(bpf-prog|bpf-link|bpf_link|perf_event|fanotify|kvm)/, // files.c
    what: 'a kernel object that CRIU cannot dump (BPF program, perf event, KVM)',
    advice: 'no option helps: the process must close that descriptor first',
  },
  {
    pattern: /Can't dump file \d+ of that type \[[26]0\d{3}\]/, // files-ext.c: character or block device
    what: 'an open device',
    option: 'external dev[MAJOR/MINOR]:NAME',
    advice: 'GPUs need the CRIU plugin of their vendor; capture before the device is opened, or close it',
  },
  {
    pattern: /Can't dump file \d+ of that type/, // files-ext.c
    what: 'an open file of a kind that CRIU cannot dump',
    advice: 'the line of the log below names it',
  },
  {
    pattern: /Can't find suitable path for handle|Can't dump that handle/, // fsnotify.c
    what: 'an inotify or fanotify watch whose file CRIU cannot find by name',
    option: 'force-irmap',
  },
  {
    pattern: /Unsupported proto \d+ for socket/, // sk-inet.c
    what: 'a socket of a protocol that CRIU cannot dump (multipath TCP, SCTP)',
    advice: 'Go programs: GODEBUG=multipathtcp=0 turns multipath TCP off',
  },
  {
    pattern: /Only stream, dgram and raw are supported|Unsupported socket (family|type)/, // sk-inet.c
    what: 'a socket of a kind that CRIU cannot dump',
    advice: 'no option helps: the process must close it first',
  },
  {
    pattern: /corked dgram socket/, // sk-inet.c
    what: 'a datagram that is half written (UDP_CORK)',
    advice: 'try again in a moment',
  },
  {
    pattern: /The socket has data to read|netlink socket .* (more than 32 groups|bound to groups)/, // sk-netlink.c
    what: 'a netlink socket that CRIU cannot dump',
    advice: 'try again in a moment; a process that listens to kernel events may never be dumpable',
  },
  {
    pattern: /Control messages in queue|More than 1 SCM/, // sk-queue.c
    what: 'descriptors in flight in a unix socket',
    advice: 'try again in a moment',
  },
  {
    pattern: /pidfd pid \d+ is not a part of process tree/, // pidfd.c
    what: 'a pidfd of a process outside the container',
    advice: 'no option helps: the process must close it first',
  },
  {
    pattern: /is not a session leader\. Consider using --shell-job/, // pstree.c
    what: 'a process whose terminal belongs to a session outside the container',
    option: 'shell-job',
  },
  {
    pattern: /Found (dangling tty|slave peer index)|Too many external terminals/, // tty.c
    what: 'a terminal that is connected outside the container (kubectl exec or attach)',
    advice: 'end the kubectl exec or attach session, then capture again',
  },
  {
    pattern: /uprobes vma\. Consider using --allow-uprobes/, // proc_parse.c
    what: 'a process traced by uprobes (a security or profiling agent)',
    option: 'allow-uprobes',
  },
  {
    pattern: /Unsupported mapping found|Can't handle non-regular mapping/, // proc_parse.c
    what: 'a memory mapping that CRIU cannot dump (device memory, a socket, hugetlbfs)',
    advice: 'no option helps; GPUs need the CRIU plugin of their vendor',
  },
  {
    pattern: /Sysv shmem .* hole not supported/, // shmem.c
    what: 'System V shared memory that is mapped only in part',
    advice: 'no option helps: the process must map it whole or not at all',
  },
  {
    pattern: /Unable to freeze cgroup/, // seize.c
    what: 'a process that cannot be frozen (uninterruptible sleep, a hung network file system)',
    option: 'timeout 60',
    advice: 'look for state D in ps on the node',
  },
  {
    pattern: /Zombies? (with threads|thread)|Individually stopped threads/, // seize.c
    what: 'a multi-threaded process that is half dead',
    advice: 'try again in a moment',
  },
  {
    pattern: /Unseizable non-zombie|ptrace.*Operation not permitted/, // compel/src/lib/infect.c
    what: 'a process that is being traced (strace, gdb, a security agent)',
    advice: 'end the tracing, then capture again',
  },
  {
    pattern: /Can't fetch filter on tid_real|seccomp.*(not supported|Can't)/, // seccomp.c
    what: 'seccomp filters that cannot be read',
    advice:
      'CRIU needs CAP_SYS_ADMIN in the initial user namespace and a kernel with CONFIG_CHECKPOINT_RESTORE',
  },
  {
    pattern: /Diag module missing|Sockets \(family \d+ proto \d+\) are not collected/, // sockets.c
    what: 'a kernel module for socket diagnosis that is not loaded',
    advice:
      'on the node: modprobe -a inet_diag tcp_diag udp_diag raw_diag unix_diag netlink_diag af_packet_diag',
  },
  {
    pattern: /unsupported RSEQ ABI|commit [0-9a-f]+ is missing|Kernel reports more capabilities/, // cr-dump.c, kerndat.c
    what: 'a kernel newer or older than this CRIU knows',
    advice: 'update CRIU on the node',
  },
  {
    pattern: /No space left on device|Can't write img file/, // image.c
    what: 'a full disk on the node',
    advice:
      "the images go where the runtime keeps its state and to the kubelet's root directory: make room there",
  },
];

/** A CRIU failure as found in text. */
export interface CriuDiagnosis {
  /** The log's line, untrusted. */
  readonly line: string;
  readonly known: CriuFailure | undefined;
}

const ERROR_LINE = /Error \([^()\n]{1,80}\): /;
const LONGEST_LINE = 500;

/**
 * Finds what stopped CRIU: the first error line that the table knows, otherwise the first error line (CRIU's first
 * error is the cause, the others follow from it).
 */
export function diagnoseCriu(log: string): CriuDiagnosis | undefined {
  const lines = log
    .split('\n')
    .filter((line) => ERROR_LINE.test(line))
    .map((line) => line.trim().slice(0, LONGEST_LINE));
  for (const line of lines) {
    const known = CRIU_FAILURES.find((failure) => failure.pattern.test(line));
    if (known) return { line, known };
  }
  const [line] = lines;
  return line === undefined ? undefined : { line, known: undefined };
}

/** One line saying what helps against a failure that the table knows. */
export function remedyFor(failure: CriuFailure): string {
  if (failure.option === undefined) return failure.advice ?? 'no option of CRIU is known to help';
  const add = `add the line \`${failure.option}\` to /etc/criu/runc.conf (crun: /etc/criu/crun.conf) on the node, then capture again`;
  return failure.advice === undefined ? add : `${add}; ${failure.advice}`;
}
