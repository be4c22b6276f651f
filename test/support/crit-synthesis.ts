import { pythonBase64 } from '../../src/criu/base64.js';
import type { CritObject, CritValue } from '../../src/criu/json-text.js';
import { IMAGE_KINDS, type ImageKind, specOf } from '../../src/criu/kinds.js';
import { quotedPrintable } from '../../src/criu/quoted-printable.js';
import { ipcMsg } from '../../src/criu/schema/ipc.js';
import type { MessageType, NamedField, ScalarType } from '../../src/criu/schema.js';

/** magic.h has them, and pycriu no reader: what is built by hand proves them. */
export const NOT_IN_CRIT: ReadonlySet<string> = new Set(['SIGNAL', 'BINFMT_MISC', 'PIDFD']);

export function isKindOfCrit(name: string): name is ImageKind {
  return name in IMAGE_KINDS && !NOT_IN_CRIT.has(name);
}

/** How much of a message is there: its required fields only, or every field, with numbers from one end or another. */
export const VARIANTS = ['required', 'small', 'large', 'odd'] as const;
export type Variant = (typeof VARIANTS)[number];

const SIGNED: Record<Variant, bigint> = { required: 0n, small: 1n, large: -1n, odd: 77n };
const BITS: Partial<Record<ScalarType, number>> = { uint32: 32, int32: 32, sint32: 32 };

/** An image of that kind as crit's plain JSON, for `crit encode`: what its schema allows, extra payloads included. */
export function synthesize(kind: ImageKind, variant: Variant): CritObject {
  const { head, entry } = specOf(kind);
  const entries = [synthesizeEntry(kind, entry, variant), synthesizeEntry(kind, entry, variant)];
  if (kind === 'GHOST_FILE') return { magic: kind, entries: ghostFile(variant) };
  return {
    magic: kind,
    entries: head === undefined ? entries : [synthesizeMessage(head, variant), ...entries],
  };
}

function synthesizeEntry(kind: ImageKind, type: MessageType, variant: Variant): CritObject {
  const entry = synthesizeMessage(type, variant);
  const payload = payloadOf(variant);
  const size = payload.length;
  const extra = pythonBase64(payload);
  switch (kind) {
    case 'PIPES_DATA':
    case 'FIFO_DATA':
      return { ...entry, bytes: size, extra };
    case 'SK_QUEUES':
      return { ...entry, length: size, extra };
    case 'BPFMAP_DATA':
      return { ...entry, keys_bytes: size - 1, values_bytes: 1, extra };
    case 'IPCNS_SHM':
      return { ...entry, size, in_pagemaps: false, extra };
    case 'TCP_STREAM':
      return {
        ...entry,
        inq_len: size,
        outq_len: 3,
        extra: { inq: extra, outq: pythonBase64(Buffer.from('out')) },
      };
    case 'IPCNS_SEM':
      return { ...entry, nsems: 3, extra: [0, 1, 65535] };
    case 'IPCNS_MSG': {
      const message = { ...synthesizeMessage(ipcMsg, variant), msize: size };
      return { ...entry, qnum: 2, extra: [message, extra, message, extra] };
    }
    default:
      return entry;
  }
}

function ghostFile(variant: Variant): CritObject[] {
  const { head, entry } = IMAGE_KINDS.GHOST_FILE;
  const extra = pythonBase64(payloadOf(variant));
  if (variant !== 'large') return [{ ...synthesizeMessage(head, variant), chunks: false, extra }];
  const chunk = { ...synthesizeMessage(entry, variant), len: payloadOf(variant).length, extra };
  return [{ ...synthesizeMessage(head, variant), chunks: true }, chunk, chunk];
}

/** More than one line of base64, of an odd length. */
function payloadOf(variant: Variant): Uint8Array {
  return Buffer.alloc(variant === 'required' ? 1 : 61, `${variant}\0\xff`, 'latin1');
}

function synthesizeMessage(type: MessageType, variant: Variant, depth = 0): CritObject {
  const out: Record<string, CritValue> = {};
  for (const field of type.fields) {
    if (field.presence !== 'required' && !field.late && (variant === 'required' || depth > 3)) continue;
    if (field.presence !== 'repeated') out[field.name] = synthesizeValue(field, variant, depth);
    else {
      const count = field.show.address ? (variant === 'large' ? 4 : 1) : 2;
      out[field.name] = Array.from({ length: count }, () => synthesizeValue(field, variant, depth));
    }
  }
  return out;
}

function synthesizeValue(field: NamedField, variant: Variant, depth: number): CritValue {
  const type = typeof field.type === 'function' ? field.type() : field.type;
  if (typeof type === 'object') {
    if (type.kind === 'message') return synthesizeMessage(type, variant, depth + 1);
    const names = [...type.names.values()];
    return (variant === 'large' ? names.at(-1) : names[0]) ?? '';
  }
  switch (type) {
    case 'bool':
      return variant === 'small';
    case 'string':
      return variant === 'odd' ? `${field.name} "\\\u0007\u00e9\u{1f512}` : variant;
    case 'bytes':
      return field.show.quoted
        ? quotedPrintable(Buffer.from(`\0${variant}= é.\n.`))
        : pythonBase64(payloadOf(variant));
    default: {
      const bits = BITS[type] ?? 64;
      const value = variant === 'odd' ? 77n * (2n ** BigInt(bits - 8) + 1n) : SIGNED[variant];
      return type.startsWith('u') || type === 'fixed64'
        ? BigInt.asUintN(bits, value)
        : BigInt.asIntN(bits, value);
    }
  }
}
