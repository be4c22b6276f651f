/**
 * What the stanzas of an age header are for, by their first argument: those of age itself (age-encryption.org/v1, and
 * filippo.io/age for tags and SSH keys), and those of plugins that are in use (github.com/FiloSottile/awesome-age).
 */
const KINDS: Readonly<Record<string, string>> = {
  X25519: 'X25519 (age1...)',
  mlkem768x25519: 'mlkem768x25519 (age1pq1..., post-quantum)',
  scrypt: 'scrypt (a passphrase)',
  'ssh-rsa': 'ssh-rsa (an SSH key)',
  'ssh-ed25519': 'ssh-ed25519 (an SSH key)',
  p256tag: 'p256tag (age1tag1..., a hardware key)',
  mlkem768p256tag: 'mlkem768p256tag (age1tagpq1..., a hardware key)',
  'piv-p256': 'piv-p256 (age-plugin-yubikey or age-plugin-se)',
  'tpm-ecc': 'tpm-ecc (age-plugin-tpm)',
  'fido2-hmac': 'fido2-hmac (age-plugin-fido2-hmac)',
  tlock: 'tlock (a time lock)',
};

/** More kinds than these are counted, not named. */
const NAMED = 8;

/**
 * Whom a header is for, in words: an age header names kinds of recipients, and not the recipients.
 *
 * @param stanzaTypes - the first argument of each stanza: untrusted text
 */
export function recipientKinds(stanzaTypes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of stanzaTypes) {
    // stands for nobody: it is there so that readers get used to kinds that they do not know
    if (type.endsWith('-grease')) continue;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  if (counts.size === 0) return 'nobody';
  const words = [...counts].slice(0, NAMED).map(([type, count]) => `${count} ${kindOf(type)}`);
  const more = counts.size - words.length;
  return `${words.join(', ')}${more > 0 ? ` and ${more} other kinds` : ''}`;
}

function kindOf(type: string): string {
  if (Object.hasOwn(KINDS, type)) return KINDS[type] ?? type;
  return `${type.slice(0, 64)} (a kind that coldcase does not know, of a plugin maybe)`;
}
