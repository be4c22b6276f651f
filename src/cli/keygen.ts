import type { Command } from 'commander';
import { formatTime } from '../base/units.js';
import { writeFileAside } from '../base/write-aside.js';
import { readIdentityFile } from '../bytes/age-identity.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { askPassphrase } from './prompt.js';
import { writeOut } from './write-out.js';

interface Options {
  readonly pq?: boolean;
  readonly output?: string;
  readonly recipients?: string;
}

const HELP = `
Prints what age-keygen prints, so either tool's keys serve the other. Keep the file off the nodes: they need only
the recipient, which is public.

Examples:
  coldcase keygen -o key.txt
  coldcase keygen -y key.txt >> recipients.txt`;

export const keygenCommand: CommandModule = {
  configure(command: Command): void {
    command
      .option('--pq', 'a post-quantum hybrid identity (age1pq1...), for age 1.3 and later')
      .option('-o, --output <file>', 'write the identity to a new file, mode 0600; default: standard output')
      .option('-y, --recipients <file>', 'make nothing; print the recipients of the identities in a file')
      .addHelpText('after', HELP)
      .action(run);
  },
};

async function run(options: Options): Promise<void> {
  const age = await import('age-encryption');
  if (options.recipients !== undefined) {
    for (const identity of await readIdentityFile(options.recipients, askPassphrase, interrupted)) {
      await writeOut(`${await age.identityToRecipient(identity)}\n`);
    }
    return;
  }
  const identity = await (options.pq === true ? age.generateHybridIdentity() : age.generateX25519Identity());
  const recipient = await age.identityToRecipient(identity);
  const text = `# created: ${formatTime(new Date())}\n# public key: ${recipient}\n${identity}\n`;
  if (options.output === undefined) await writeOut(text);
  else await writeFileAside(options.output, text);
  if (options.output !== undefined || !process.stdout.isTTY)
    process.stderr.write(`Public key: ${recipient}\n`);
}
