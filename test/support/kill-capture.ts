import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { coldcase } from './coldcase.js';
import { startStandIn } from './kubelet/stand-in.js';
import { provedSha256, sha256 } from './sealed.js';

/** How runs that were killed at random moments ended. */
export interface KillFigures {
  readonly runs: number;
  /** Ended before the signal came. */
  readonly finished: number;
  /** Killed with only the original there. */
  readonly originalOnly: number;
  /** Killed with both: the sealed copy had its name, the original was not yet removed. */
  readonly both: number;
  /** Killed after the original was removed. */
  readonly sealedOnly: number;
  /** Left a file that is visibly unfinished. */
  readonly leftovers: number;
}

/**
 * Kills captures of a tar at random moments of their run, and checks after each: the original or a sealed copy that
 * gives it back is there, and whatever has a final name is whole.
 *
 * @throws Error at the first run for which that does not hold
 */
export async function killCaptures(
  tar: Uint8Array,
  runs: number,
  seed: number,
  signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL',
): Promise<KillFigures> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const wanted = sha256(tar);
  const kubelet = await startStandIn();
  const name = 'checkpoint-payments-node-a_prod-cache-2026-11-23T162548Z.tar';
  const original = join(kubelet.checkpoints, name);
  let wroteAt = 0;
  kubelet.state.checkpoint = async () => {
    writeFileSync(original, tar, { mode: 0o600 });
    wroteAt = performance.now();
    return original;
  };
  const out = join(kubelet.root, 'out');
  const words = [
    ...[
      'capture',
      'prod/payments-node-a/cache',
      '--kubelet',
      kubelet.url,
      '--certificate-authority',
      kubelet.ca,
    ],
    ...['--client-certificate', kubelet.client('admin').both, '--checkpoint-dir', kubelet.checkpoints],
    ...['-r', recipient, '-o', out],
  ];
  const random = randomFrom(seed);
  const figures = { runs, finished: 0, originalOnly: 0, both: 0, sealedOnly: 0, leftovers: 0 };
  try {
    // from the archive being there to its removal and the manifest, whichever is last, on this machine now
    let span = 0;
    for (let run = 0; run < runs + 2; run += 1) {
      rmSync(out, { recursive: true, force: true });
      rmSync(original, { force: true });
      mkdirSync(out);
      wroteAt = 0;
      let killed = false;
      let gone = 0;
      const measuring = run < 2;
      // a third of the runs wait for the moment that matters most: the sealed file just got its name
      const aimed = run % 3 === 2;
      const delay = aimed ? random() * 4 : random() * span;
      const { code } = await coldcase(words, {
        started: (child) => {
          const clock = setInterval(() => {
            if (wroteAt === 0) return;
            if (measuring) {
              const done = !existsSync(original) && existsSync(join(out, `${name}.zst.age.json`));
              if (done) gone ||= performance.now();
              return;
            }
            if (aimed && !existsSync(join(out, `${name}.zst.age`))) return;
            clearInterval(clock);
            const wait = aimed ? delay : delay - (performance.now() - wroteAt);
            const timer = setTimeout(() => {
              killed = child.kill(signal);
            }, wait);
            child.on('close', () => clearTimeout(timer));
          }, 1);
          child.on('close', () => clearInterval(clock));
        },
      });
      if (measuring) {
        if (code !== 0) throw new Error(`an undisturbed capture ended with ${code}`);
        span = Math.max(span, (gone || performance.now()) - wroteAt);
        continue;
      }
      const left = await leftBehind(kubelet.checkpoints, out, name, identity, wanted);
      figures.leftovers += left.unfinished;
      if (!killed || code === 0) figures.finished += 1;
      else if (left.original && left.sealed) figures.both += 1;
      else if (left.original) figures.originalOnly += 1;
      else figures.sealedOnly += 1;
    }
  } finally {
    await kubelet.close();
  }
  return figures;
}

interface Left {
  readonly original: boolean;
  readonly sealed: boolean;
  readonly unfinished: number;
}

async function leftBehind(
  checkpoints: string,
  out: string,
  name: string,
  identity: string,
  wanted: string,
): Promise<Left> {
  const originals = readdirSync(checkpoints);
  if (originals.some((one) => one !== name)) throw new Error(`something strange: ${originals.join(', ')}`);
  const original = originals.includes(name);
  if (original && sha256(readFileSync(join(checkpoints, name))) !== wanted)
    throw new Error('the original changed');
  const names = readdirSync(out);
  const unfinished = names.filter((one) => /^\..*\.partial$/.test(one));
  const final = names.filter((one) => !unfinished.includes(one));
  const sealed = final.find((one) => one === `${name}.zst.age`);
  for (const one of final) {
    if (one === `${name}.zst.age.json`) JSON.parse(readFileSync(join(out, one), 'utf8'));
    else if (one !== sealed) throw new Error(`a file under a strange name: ${one}`);
  }
  if (sealed !== undefined && (await provedSha256(join(out, sealed), identity)) !== wanted) {
    throw new Error('a half file under the final name');
  }
  if (!original && sealed === undefined) throw new Error('neither the original nor a sealed copy is there');
  return { original, sealed: sealed !== undefined, unfinished: unfinished.length };
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
