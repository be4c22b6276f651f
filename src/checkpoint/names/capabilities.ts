/** Capabilities by bit number (linux/capability.h, Linux 6.12). */
const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;

/**
 * The capabilities in a set, as `CAP_...`; bits that have no name yet as `CAP_<number>`.
 *
 * @param words - the set as CRIU's creds_entry has it: 32 bits a word, the lowest first
 */
export function capabilityNames(words: readonly number[]): readonly string[] {
  const names: string[] = [];
  for (const [index, word] of words.slice(0, 2).entries()) {
    for (let bit = 0; bit < 32; bit += 1) {
      if ((word >>> bit) % 2 === 1) names.push(`CAP_${CAPABILITIES[index * 32 + bit] ?? index * 32 + bit}`);
    }
  }
  return names;
}
