// Keeps node's debugger shut. At a SIGUSR1 node opens it on 127.0.0.1:9229, where every user of the machine reaches
// it, and whoever connects reads the memory of this process and runs code in it. Tools that ask for progress send that
// signal (to dd, for one), so nobody need have meant it.
import inspector = require('node:inspector');

/** Whether whoever started node asked for its debugger: that is their own business. */
function isWanted(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  return /--inspect(-brk|-wait)?(?![-\w])/.test(options);
}

/** To be called before anything else. */
function keepDebuggerShut(): void {
  if (isWanted()) return;
  // takes the place of node's own handler, and does nothing
  process.on('SIGUSR1', () => {});
  // A signal that came before: node opens the debugger from another thread, at once or in a moment. It then tells its
  // cluster module of it with this event (NotifyClusterWorkers in src/inspector_agent.cc).
  process.on('internalMessage', inspector.close);
  inspector.close();
}

export = { keepDebuggerShut };
