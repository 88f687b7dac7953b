import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { createHttpTransport } from '../../../worker/intacct/http.js';

const BIG = gzipSync(Buffer.alloc(4_000_000, 'x'));

test('a stop that comes while an answer is unpacked ends the request and not the process', async () => {
  let sent: () => void = () => undefined;
  const server = createServer((request, response) => {
    response.once('finish', () => sent());
    request.resume().on('end', () => response.setHeader('content-encoding', 'gzip').end(BIG));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const transport = createHttpTransport();
  const outcomes = new Set<string>();
  // The moment lies some turns of the event loop after the last byte was sent; how many depends on the machine.
  for (let turns = 0; turns < 600; turns += 40) {
    const stop = new AbortController();
    sent = () => afterTurns(turns, () => stop.abort(new Error('shutting down')));
    const answer = transport.post(url, 'x', stop.signal);
    outcomes.add(
      await answer.then(
        () => 'answered',
        (error: Error) => error.message,
      ),
    );
  }
  transport.close();
  server.close();
  await once(server, 'close');

  expect([...outcomes].filter((outcome) => outcome !== 'answered' && outcome !== 'shutting down')).toEqual([]);
});

function afterTurns(turns: number, then: () => void): void {
  if (turns === 0) then();
  else setImmediate(() => afterTurns(turns - 1, then));
}
