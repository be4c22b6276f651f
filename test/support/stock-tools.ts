import { spawnSync } from 'node:child_process';

/** Debian's own packages, the judges of what is written. */
const PACKAGES = { age: 'age', 'age-keygen': 'age', zstd: 'zstd', script: 'bsdutils', gdb: 'gdb' } as const;
export type StockTool = keyof typeof PACKAGES;

/**
 * Whether the tools are there. A missing one is installed in continuous integration as root, and nowhere else: a
 * test that then cannot run says so in its title, with `stockTitle`.
 */
export function hasStock(...tools: readonly StockTool[]): boolean {
  return tools.every((tool) => found(tool) || (installable() && install(PACKAGES[tool]) && found(tool)));
}

export function stockTitle(title: string, ...tools: readonly StockTool[]): string {
  return hasStock(...tools) ? title : `${title} (skipped: needs ${tools.join(', ')})`;
}

const found = (tool: StockTool): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const installable = (): boolean => process.env['CI'] !== undefined && process.getuid?.() === 0;

function install(name: string): boolean {
  const apt = (...words: string[]): boolean => spawnSync('apt-get', words, { timeout: 120_000 }).status === 0;
  return apt('install', '-y', name) || (apt('update') && apt('install', '-y', name));
}

/** Runs a shell pipeline in a directory; throws with its stderr when any part of it fails. */
export function shell(script: string, cwd: string, env: NodeJS.ProcessEnv = {}): Buffer {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -euo pipefail; ${script}`], {
    cwd,
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${script}: ${stderr.toString()}`);
  return stdout;
}
