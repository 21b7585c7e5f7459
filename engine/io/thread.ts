import { parentPort, workerData } from 'node:worker_threads';
import { IoControl, type NewPort, STATE, type ThreadInit } from './protocol.ts';
import { Transfers } from './transfers.ts';

/** Entry of the threads that wait for storage so that others need not: one for transfers to remote storage, one that reads ahead. */
const init = workerData as ThreadInit;
if (parentPort === null) throw new Error('the I/O module runs in a worker thread only');

// This thread's own copy of the environment: what the SDK says about its future versions is for us, not for the user.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

if (init.role === 'transfers') {
  const control = new IoControl(init.io);
  const transfers = new Transfers(control);
  parentPort.on('message', (m: NewPort) => transfers.serve(m));
  process.on('uncaughtException', (e) => {
    control.end(STATE.DEAD, e.message);
    process.exit(1);
  });
  process.on('exit', () => control.end(STATE.DEAD, 'it exited'));
} else {
  const { readAhead } = await import('./read_ahead.ts');
  const ahead = readAhead(init);
  parentPort.on('message', ahead);
}
