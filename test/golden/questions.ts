import { VIEWS } from '../../src/views/registry.js';

/** The views in the order of outputs/; new ones come behind. */
const FIRST = [
  'show',
  'findings',
  'ps',
  'files',
  'sockets',
  'mounts',
  'env',
  'maps',
  'signals',
  'threads',
  'creds',
  'network',
  'ipc',
] as const;

const NAMES = [...new Set([...FIRST, ...Object.keys(VIEWS).filter((name) => !name.includes(' '))])];

const OF_EACH_VIEW = ['', '--format table --wide', '--format tree', '--json', '--format csv'] as const;

/** The words of other reading commands, `ARCHIVE` where the archive goes. */
const OTHERS = [
  'ls ARCHIVE',
  'ls ARCHIVE --json',
  'ls ARCHIVE --format tree',
  'ls ARCHIVE checkpoint/*.img',
  'ls ARCHIVE rootfs-diff.tar//',
  'ls ARCHIVE no-such-entry',
  'cat ARCHIVE config.dump spec.dump',
  'cat ARCHIVE no-such-entry',
  'extract ARCHIVE --tar -',
  'extract ARCHIVE --tar - --exclude checkpoint/pages-*.img',
  'inspect ARCHIVE',
  'inspect ARCHIVE --all',
  'inspect ARCHIVE --all --json',
  'inspect ARCHIVE --ps-tree-env -p 1',
  'decode ARCHIVE',
  'decode ARCHIVE --pretty',
  'decode ARCHIVE --info',
  'decode ARCHIVE pstree.img',
  'memory list ARCHIVE',
  'memory list ARCHIVE --json',
  'memory search ARCHIVE PATH= --context 8 --json',
  'memory search ARCHIVE --regex [a-z]+://[^ ]+',
  'memory strings ARCHIVE --min 12',
  'memory strings ARCHIVE -p 1 --encoding utf16 --json',
  'memory dump ARCHIVE -p 1 --range 0-1000',
  'memory dump ARCHIVE -p 1',
  'core ARCHIVE -p 4000 -o /dev/null',
  'recover ARCHIVE',
  'recover ARCHIVE --json',
  'seccomp ARCHIVE',
  'seccomp ARCHIVE --listing',
  'seccomp ARCHIVE --json',
  'ps ARCHIVE -p 4000',
  'ps ARCHIVE --filter pid=1 --columns pid,comm',
  'verify ARCHIVE',
  'unseal ARCHIVE -o -',
  'browse ARCHIVE',
] as const;

/** Every question of one archive. */
export const QUESTIONS: readonly string[] = [
  ...NAMES.flatMap((view) => OF_EACH_VIEW.map((how) => `${view} ARCHIVE ${how}`.trim())),
  ...OTHERS,
];

/** What is asked of an archive that differs from another one only in how it is stored. */
export const SEALED: readonly string[] = [
  'show ARCHIVE',
  'show ARCHIVE --json',
  'ls ARCHIVE --json',
  'cat ARCHIVE config.dump spec.dump',
  'extract ARCHIVE --tar -',
  'inspect ARCHIVE --all --json',
  'memory search ARCHIVE PATH= --context 8 --json',
  'recover ARCHIVE',
  'verify ARCHIVE',
  'unseal ARCHIVE -o -',
  'browse ARCHIVE',
];

/** What is asked of images without an engine: each view once, and all else. */
export const BARE: readonly string[] = [...NAMES.map((view) => `${view} ARCHIVE --json`), ...OTHERS];

/** What is asked without an archive, or of two. */
export const GENERAL: readonly string[] = [
  '',
  '--version',
  'nosuch',
  'diff samples/crio-looper.tar.zst samples/podman-incident.tar.zst',
  'diff samples/crio-looper.tar.zst samples/podman-incident.tar.zst --json',
  'diff samples/containerd-redis.tar.zst samples/containerd-redis.tar.zst',
  'show samples/crio-looper.tar.zst samples/podman-incident.tar.zst samples/containerd-redis.tar.zst',
];
