import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/memory.js';
import { decodeFile, fileInfo } from '../../src/criu/decode.js';
import { jsonOf } from '../../src/criu/json-text.js';
import { IMAGE_KINDS, type ImageKind, specOf } from '../../src/criu/kinds.js';
import * as flags from '../../src/criu/schema/flags.js';
import { ipcMsg } from '../../src/criu/schema/ipc.js';
import type { MessageType, NamedField } from '../../src/criu/schema.js';
import { askCrit, type CritAnswer, parseCritAnswers } from '../support/crit.js';
import { isKindOfCrit, synthesize, VARIANTS } from '../support/crit-synthesis.js';
import { buildImage, encode } from '../support/criu-image.js';
import { parseExact } from '../support/json.js';
import { hasLab, labRun, labTitle } from '../support/lab.js';

const KINDS = Object.keys(IMAGE_KINDS).filter((name): name is ImageKind => name in IMAGE_KINDS);
/** What pycriu knows: every kind's magic, every field of every message. */
const DESCRIBE = `
import importlib, json, pkgutil, sys
import pycriu.images as package
from pycriu.images import images, magic, pb2dict
sys.path.insert(0, list(package.__path__)[0])
import opts_pb2
from google.protobuf.descriptor import FieldDescriptor as FD
types = {getattr(FD, n): n[5:].lower() for n in dir(FD) if n.startswith('TYPE_')}
presence = {FD.LABEL_REQUIRED: 'required', FD.LABEL_OPTIONAL: 'optional', FD.LABEL_REPEATED: 'repeated'}
messages = {}
for module in pkgutil.iter_modules(package.__path__):
    if not module.name.endswith('_pb2') or module.name in ('opts_pb2', 'img_streamer_pb2'): continue
    for m in importlib.import_module(module.name).DESCRIPTOR.message_types_by_name.values():
        messages[m.full_name] = {f.name: {
            'number': f.number, 'type': types[f.type], 'presence': presence[f.label],
            'of': f.message_type.full_name if f.message_type else
                  {v.name: v.number for v in f.enum_type.values} if f.enum_type else None,
            'options': {k.name: v for k, v in f.GetOptions().Extensions[opts_pb2.criu].ListFields()},
        } for f in m.fields}
json.dump({'magics': magic.by_name, 'handlers': list(images.handlers), 'messages': messages,
           'flags': pb2dict.flags_maps}, sys.stdout)
`;

interface CritField {
  readonly number: number;
  readonly type: string;
  readonly presence: string;
  readonly of: unknown;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Described {
  readonly magics: Readonly<Record<string, number>>;
  readonly handlers: readonly string[];
  readonly messages: Readonly<Record<string, Readonly<Record<string, CritField>>>>;
  readonly flags: Readonly<Record<string, readonly (readonly [string, number])[]>>;
}

async function ours(image: Uint8Array, pretty: boolean): Promise<unknown> {
  let text = '';
  const source = new MemorySource(image, 'image');
  for await (const piece of decodeFile('image', source, { pretty })) text += piece;
  return parseExact(text);
}

async function expectSame(answers: ReadonlyMap<string, CritAnswer>): Promise<void> {
  for (const [name, { image, plain, pretty }] of answers) {
    expect(plain, `${name}: crit decodes it`).not.toBeNull();
    const bytes = Buffer.from(image, 'base64');
    expect(await ours(bytes, false), name).toEqual(plain);
    expect(await ours(bytes, true), `${name} --pretty`).toEqual(pretty);
  }
}

describe.skipIf(!hasLab)(`against crit, ${labTitle}`, () => {
  it('knows every kind of image, and every field of every message', () => {
    const theirs = JSON.parse(labRun(['python3', '-c', DESCRIBE]).toString()) as Described;
    // MEMFD_FILE has a reader and no magic: no image can be of that kind.
    expect(theirs.handlers.filter((kind) => kind !== 'MEMFD_FILE').sort()).toEqual(
      KINDS.filter(isKindOfCrit).sort(),
    );
    const messages = new Map<string, MessageType>();
    collect(ipcMsg, messages);
    for (const kind of KINDS) {
      expect(IMAGE_KINDS[kind].magic, kind).toBe(theirs.magics[kind]);
      const { head, entry } = specOf(kind);
      for (const type of [head, entry]) if (type !== undefined) collect(type, messages);
    }
    for (const [name, type] of messages) {
      const described = Object.fromEntries(type.fields.map((field) => [field.name, describeField(field)]));
      expect(described, name).toEqual(theirs.messages[name]);
    }
    expect([...messages.keys()].sort()).toEqual(Object.keys(theirs.messages).sort());
    for (const [name, table] of Object.entries(FLAG_TABLES)) expect(table).toEqual(theirs.flags[name]);
  });

  it.each(VARIANTS)('decodes every kind that crit can encode: %s', async (variant) => {
    const kinds = KINDS.filter(isKindOfCrit);
    const images = Object.fromEntries(kinds.map((kind) => [kind, synthesize(kind, variant)]));
    const answers = parseCritAnswers(askCrit(images));
    expect(answers.size).toBe(kinds.length);
    for (const kind of kinds) {
      const written = parseExact(jsonOf(images[kind] ?? null));
      expect(answers.get(kind)?.plain, `${kind}: encoded whole`).toEqual(written);
    }
    await expectSame(answers);
  });

  it('counts the entries that crit info counts, where crit counts right', async () => {
    const kinds = KINDS.filter((kind) => isKindOfCrit(kind) && specOf(kind).extra === undefined);
    const answers = parseCritAnswers(
      askCrit(Object.fromEntries(kinds.map((kind) => [kind, synthesize(kind, 'small')]))),
    );
    for (const [name, { image, info }] of answers) {
      expect(await fileInfo('image', new MemorySource(Buffer.from(image, 'base64'), name))).toEqual(info);
    }
  });

  it('prints names of sockets, and addresses, as Python does', async () => {
    const images: Record<string, string> = {};
    const add = (image: Buffer): void => {
      images[`image ${Object.keys(images).length}`] = image.toString('base64');
    };
    const random = randomNumbers(7);
    for (let i = 0; i < 400; i += 1) {
      const name = Uint8Array.from(
        { length: random() % 200 },
        () => NASTY[random() % NASTY.length] ?? random(),
      );
      const fown = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 });
      const opts = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0 });
      const unix = { 1: 1, 2: 2, 3: 1, 4: 10, 5: 2, 6: 0, 7: 0, 8: 0, 9: fown, 10: opts, 11: name };
      add(buildImage('UNIXSK', { message: encode(unix) }));
      const words = Array.from(
        { length: i % 2 === 0 ? 1 : 4 },
        () => [0, 0, 0xffff_0000, 0x0100, random()][random() % 5] ?? 0,
      );
      const inet = { 1: 1, 2: 2, 3: 10, 4: 1, 5: 6, 6: 10, 7: 80, 8: 0, 9: 2, 10: 0, 11: words, 12: words };
      add(buildImage('INETSK', { message: encode({ ...inet, 13: fown, 14: opts }) }));
    }
    await expectSame(parseCritAnswers(askCrit(images)));
  });
});

/** Bytes that quoted-printable cares about. */
const NASTY = [0, 9, 10, 13, 32, 39, 34, 46, 61, 92, 65, 66, 127, 0xc3, 0xa9, 0xff, 0xed, 0xa0, 0x80];

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

function collect(type: MessageType, found: Map<string, MessageType>): void {
  if (found.has(type.name)) return;
  found.set(type.name, type);
  for (const field of type.fields) {
    const of = typeof field.type === 'function' ? field.type() : field.type;
    if (typeof of === 'object' && of.kind === 'message') collect(of, found);
  }
}

const FLAG_TABLES = {
  'mmap.prot': flags.MMAP_PROT,
  'mmap.flags': flags.MMAP_FLAGS,
  'mmap.status': flags.VMA_STATUS,
  'rfile.flags': flags.OPEN_FLAGS,
  'pmap.flags': flags.PAGEMAP_FLAGS,
  'seals.flags': flags.SEALS,
};

function describeField(field: NamedField): CritField {
  const type = typeof field.type === 'function' ? field.type() : field.type;
  const { number, show } = field;
  const presence = field.late ? 'required' : field.presence;
  const table = Object.entries(FLAG_TABLES).find(([, candidate]) => candidate === show.flags);
  const options: Record<string, unknown> = {
    ...(show.hex && { hex: true }),
    ...(show.address && { ipadd: true }),
    ...(table && { flags: table[0] }),
    ...(show.device && { dev: true }),
    ...(show.device === 'libc' && { odev: true }),
    ...(show.names && { dict: field.name === 'task_state' ? 'gen' : 'sk' }),
    ...(show.quoted && { conv: 'unix_name' }),
  };
  if (typeof type === 'string') return { number, type, presence, of: null, options };
  if (type.kind === 'message') return { number, type: 'message', presence, of: type.name, options };
  const of = Object.fromEntries([...type.names].map(([value, name]) => [name, value]));
  return { number, type: 'enum', presence, of, options };
}
