// An S3 server for tests, on a thread of its own: calls under test block the thread they are made on. Faults are switched on by shared words.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const S3rver = createRequire(import.meta.url)('s3rver');
const { directory, bucket, faults } = workerData;
const words = new Int32Array(faults);
/** As in server.ts. */
const WORD = { BUSY: 0, RESET: 1, SHORT: 2, DENY_PART: 3, HANG: 4, REQUESTS: 5, DENY_DELETES: 6 };

const s3 = new S3rver({ directory, silent: true, vhostBuckets: false, configureBuckets: [{ name: bucket }] });
await s3.configureBuckets();
const serve = s3.callback();

/** True once for each count that is left. */
function take(word) {
  if (Atomics.load(words, word) <= 0) return false;
  Atomics.sub(words, word, 1);
  return true;
}

function fail(request, response, status, code) {
  request.resume();
  request.on('end', () => {
    response.writeHead(status, { 'Content-Type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>by the test</Message></Error>`);
  });
}

/** Ends the connection in the middle of an answer's body. */
function shorten(response) {
  const write = response.write.bind(response);
  response.write = (chunk) => {
    write(chunk.subarray(0, chunk.length >> 1));
    response.destroy();
    return false;
  };
}

const server = createServer((request, response) => {
  Atomics.add(words, WORD.REQUESTS, 1);
  const { method, url } = request;
  if (take(WORD.BUSY)) return fail(request, response, 503, 'SlowDown');
  if (take(WORD.RESET)) return request.socket.resetAndDestroy();
  if (Atomics.load(words, WORD.HANG) > 0) return undefined;
  if (method === 'PUT' && url.includes('partNumber=2') && take(WORD.DENY_PART))
    return fail(request, response, 403, 'AccessDenied');
  if (url.includes('?delete') && take(WORD.DENY_DELETES)) return fail(request, response, 501, 'NotImplemented');
  if (method === 'GET' && request.headers.range !== undefined && take(WORD.SHORT)) shorten(response);
  return serve(request, response);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
parentPort.postMessage(server.address().port);
