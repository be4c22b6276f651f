import { type Command, Option } from 'commander';
import { type DeniedError, FailedError, FormatError, IntegrityError, WrongKeyError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { openFile } from '../bytes/file.js';
import { sniffSource } from '../bytes/sniff.js';
import type { ByteSource } from '../bytes/source.js';
import { escapeText } from '../render/escape.js';
import { manifestPath } from '../seal/manifest.js';
import { readManifest } from '../seal/read-manifest.js';
import { type SealCheck, type SealVerdict, verify } from '../seal/verify.js';
import { type ArchiveOptions, addArchiveOptions } from './archive-options.js';
import type { CommandModule } from './command.js';
import { readKeys } from './identity-options.js';
import { interrupted } from './interrupt.js';
import { printJson } from './output.js';
import { createProgress } from './progress.js';
import { writeOut } from './write-out.js';
import { withRecipientsOf } from './wrong-key.js';

interface Options extends ArchiveOptions {
  readonly manifest?: string;
  readonly passphrase?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const HELP = `
Without an identity, the sealed file is compared with its manifest. With one, also every encrypted chunk, every
frame, the seek table, the index and the SHA-256 of the tar are checked. What could not be checked is said. The
exit code is 5 when anything is wrong, and 3 when nothing is, but no key that was given opens the file.

--json prints one object: file, result (intact, damaged, incomplete: nothing wrong, but not all could be checked)
and checks, a list of {check, verdict (ok, failed, not checked), detail}.

Example:
  coldcase verify evidence.tar.zst.age -i key.txt`;

export const verifyCommand: CommandModule = {
  configure(command: Command): void {
    addArchiveOptions(command.argument('<file>', 'sealed file'))
      .addOption(new Option('--manifest <file>', 'its manifest; default: FILE.json, if that is there'))
      .option('-p, --passphrase', 'ask for the passphrase that the file is locked with')
      .option('--json', 'print the checks as JSON')
      .option('-q, --quiet', 'no progress')
      .addHelpText('after', HELP)
      .action(run);
  },
};

async function run(file: string, options: Options): Promise<void> {
  const progress = createProgress(options);
  const source = openFile(file);
  try {
    const { manifest, check } = await readManifest(file, options.manifest, interrupted);
    const checks: SealCheck[] = [check];
    if (checks.every(({ verdict }) => verdict === 'not checked')) await requireSealed(source);
    const wanted = options.passphrase === true || (options.identity?.length ?? 0) > 0;
    const keys = wanted ? await readKeys(file, options) : undefined;
    const onProgress = progress.report.bind(progress);
    let denied: DeniedError | undefined;
    const onWrongKey = (error: DeniedError): void => {
      denied = error;
    };
    checks.push(...(await verify(source, { manifest, keys, onProgress, onWrongKey, signal: interrupted })));
    progress.clear();
    if (manifest !== undefined && denied instanceof WrongKeyError) {
      denied = withRecipientsOf(denied, manifest, options.manifest ?? manifestPath(file));
    }
    await report(shownUrl(file), checks, options, denied);
  } finally {
    progress.clear();
    await source.close();
  }
}

/** What is not encrypted at all, and has no manifest either, is no damaged sealed file but another kind of file. */
async function requireSealed(source: ByteSource): Promise<void> {
  if ((await sniffSource(source)) === 'age') return;
  throw new FormatError(source.name, 0, 'not a sealed file', {
    remedy: 'verify takes NAME.tar.zst.age; coldcase seal makes one of an archive',
  });
}

async function report(
  file: string,
  checks: readonly SealCheck[],
  options: Options,
  denied: DeniedError | undefined,
): Promise<void> {
  const has = (verdict: SealVerdict): boolean => checks.some((check) => check.verdict === verdict);
  const result = has('failed') ? 'damaged' : has('not checked') ? 'incomplete' : 'intact';
  if (options.json === true) await printJson({ file, result, checks });
  else await writeOut(formatReport(file, result, checks));
  if (result === 'damaged') {
    const failed = checks.filter(({ verdict }) => verdict === 'failed').map(({ check }) => check);
    throw new IntegrityError(`${file} does not hold: ${failed.join(', ')}`, {
      remedy: 'take another copy; if there is none, unseal and recover what still authenticates',
    });
  }
  if (denied !== undefined) throw denied;
  const compared = checks.some(({ check, verdict }) => verdict === 'ok' && COMPARING.includes(check));
  if (compared) return;
  throw new FailedError(`nothing to check ${file} against`, {
    remedy: 'give an identity (-i), or the manifest (--manifest)',
  });
}

/** The checks that tell a damaged file from a whole one; the others only look at its form. */
const COMPARING = ['sealed file', 'key'];

const SUMMARY = {
  intact: 'intact: everything was checked',
  damaged: 'DAMAGED: do not rely on it',
  incomplete: 'nothing wrong found, but not everything could be checked',
} as const;

function formatReport(file: string, result: keyof typeof SUMMARY, checks: readonly SealCheck[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = checks.map(({ check, verdict, detail }) => {
    return `  ${verdict.padEnd(11)}  ${check.padEnd(width)}  ${escapeText(detail)}`;
  });
  return `${escapeText(file)}\n${lines.join('\n')}\n${SUMMARY[result]}\n`;
}
