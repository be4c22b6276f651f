// What bin/coldcase.js starts: what has to be so before anything else is loaded, then the command line.
import fs = require('node:fs');
import nodeModule = require('node:module');
import os = require('node:os');
import path = require('node:path');
import debugging = require('./no-debugger.cjs');

/** Where bytecode is kept: below the user's home, and nowhere where somebody else could put some that would be run. */
function bytecodeDirectory(): string | undefined {
  const home = os.homedir();
  try {
    // sudo can leave HOME as it was
    if (fs.statSync(home).uid !== process.geteuid?.()) return undefined;
  } catch {
    return undefined; // no home: nothing is kept
  }
  return path.join(home, '.cache', 'coldcase');
}

/** Has node (22.1 and later) keep the bytecode of what it compiles, so that the next start need not compile it. */
function keepBytecode(): void {
  if (!('enableCompileCache' in nodeModule) || typeof nodeModule.enableCompileCache !== 'function') return;
  const directory = bytecodeDirectory();
  if (directory !== undefined) nodeModule.enableCompileCache(directory);
}

/** Runs the command line. */
function start(): void {
  debugging.keepDebuggerShut();
  keepBytecode();
  try {
    require('../bundle/main.cjs');
  } catch (error) {
    // said here, as node would print the source first: a line of the bundle is thousands of characters
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n');
    process.stderr.write(
      `coldcase: cannot start: ${why}\n  a part of it is missing or damaged: install it again\n`,
    );
    process.exitCode = 1;
  }
}

export = { start };
