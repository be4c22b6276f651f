// npm run bench                  all benchmarks
// npm run bench -- seal [flags]  one of them; each file names its flags
import { readdirSync } from 'node:fs';

const directory = new URL('.', import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith('.bench.js'));
const [first, ...rest] = process.argv.slice(2);
const wanted = first?.startsWith('-') ? undefined : first;
const flags = wanted === undefined ? process.argv.slice(2) : rest;

/** `--name value` and `--name` as a map. */
function parseFlags(words) {
  const parsed = {};
  for (let i = 0; i < words.length; i += 1) {
    if (!words[i].startsWith('--')) throw new Error(`not a flag: ${words[i]}`);
    const name = words[i].slice(2);
    const hasValue = words[i + 1]?.startsWith('--') === false;
    if (hasValue) i += 1;
    parsed[name] = hasValue ? words[i] : true;
  }
  return parsed;
}

const chosen = files.filter((name) => wanted === undefined || name === `${wanted}.bench.js`);
if (chosen.length === 0) {
  console.error(
    `no benchmark named ${wanted}; there are: ${files.map((name) => name.slice(0, -9)).join(', ')}`,
  );
  process.exit(2);
}
for (const name of chosen) {
  const { default: run } = await import(new URL(name, directory).href);
  console.log(`\n== ${name.slice(0, -9)}`);
  await run(parseFlags(flags));
}
