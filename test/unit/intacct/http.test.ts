import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';

import type { IntacctError } from '../../../worker/intacct/errors.js';
import { createHttpTransport, type HttpSettings, type HttpTransport } from '../../../worker/intacct/http.js';

const closers: (() => void)[] = [];

afterEach(() => {
  while (closers.length > 0) closers.pop()?.();
});

async function listen(server: Server): Promise<URL> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ia/xml/xmlgw.phtml`);
}

const serve = (listener: RequestListener) => listen(createServer(listener));

/** Bytes as they are, once the request was read; the socket is closed behind them unless told otherwise. */
function serveBytes(bytes: string | Buffer, end = true): Promise<URL> {
  return listen(
    createTcpServer((socket) => {
      socket.once('data', () => (end ? socket.end(bytes) : socket.write(bytes)));
    }),
  );
}

function transport(settings: Partial<HttpSettings> = {}): HttpTransport {
  const http = createHttpTransport(settings);
  closers.push(() => http.close());
  return http;
}

async function failureOf(promise: Promise<unknown>): Promise<IntacctError> {
  return await promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: IntacctError) => error,
  );
}

describe('a POST', () => {
  test('sends XML, takes gzip and answers what came', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push(
          request.method,
          request.headers['content-type'],
          request.headers['accept-encoding'],
          Buffer.concat(chunks).toString(),
        );
        response.setHeader('content-type', 'text/xml; charset="UTF-8"').setHeader('content-encoding', 'gzip');
        response.setHeader('date', 'Fri, 24 Jul 2026 14:45:12 GMT').end(gzipSync('<response>caf\u00e9</response>'));
      });
    });
    expect(await transport().post(url, '<request>é</request>')).toEqual({
      status: 200,
      contentType: 'text/xml; charset="UTF-8"',
      retryAfterMs: undefined,
      serverDateMs: Date.parse('2026-07-24T14:45:12Z'),
      body: '<response>café</response>',
    });
    expect(seen).toEqual(['POST', 'application/xml; charset=UTF-8', 'gzip', '<request>é</request>']);
  });

  test('uses one connection for one request after another', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end('<a/>'));
    });
    const http = transport();
    for (let index = 0; index < 3; index++) await http.post(url, 'x');
    expect(ports.size).toBe(1);
  });

  test.each([500, 429, 404, 401])('answers with the body of a %i, without a second try', async (status) => {
    let requests = 0;
    const url = await serve((request, response) => {
      requests++;
      request.resume().on('end', () => response.writeHead(status).end('<response/>'));
    });
    expect(await transport().post(url, 'x')).toMatchObject({ status, body: '<response/>' });
    expect(requests).toBe(1);
  });

  test('never follows a redirect: no credential byte leaves', async () => {
    let stolen = 0;
    const thief = await serve((_request, response) => {
      stolen++;
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await serve((request, response) =>
        request.resume().on('end', () => response.writeHead(status, { location: thief.href }).end()),
      );
      expect(await transport().post(url, 'x')).toMatchObject({ status });
    }
    expect(stolen).toBe(0);
  });

  test.each<[string, number | undefined]>([
    ['42', 42_000],
    ['0', 0],
    ['Fri, 24 Jul 2026 14:46:12 GMT', 60_000],
    ['Fri, 24 Jul 2026 14:40:12 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
  ])('reads Retry-After: %s', async (header, retryAfterMs) => {
    const headers = { 'retry-after': header, date: 'Fri, 24 Jul 2026 14:45:12 GMT' };
    const url = await serve((request, response) =>
      request.resume().on('end', () => response.writeHead(429, headers).end()),
    );
    expect((await transport().post(url, 'x')).retryAfterMs).toBe(retryAfterMs);
  });
});

describe('a body', () => {
  test.each<[string, Buffer]>([
    ['UTF-16', Buffer.from('\uFEFF<response/>', 'utf16le')],
    ['latin-1', Buffer.from('<response>caf\u00e9</response>', 'latin1')],
    ['invalid UTF-8', Buffer.from([0x3c, 0x61, 0xc3, 0x28, 0x3e])],
    ['a character cut in two', Buffer.from('café').subarray(0, -1)],
  ])('of %s is refused', async (_what, bytes) => {
    const url = await serve((request, response) => request.resume().on('end', () => response.end(bytes)));
    expect(await failureOf(transport().post(url, 'x'))).toMatchObject({ code: 'INVALID_ENCODING', action: 'retry' });
  });

  test('may begin with a byte order mark', async () => {
    const url = await serve((request, response) => request.resume().on('end', () => response.end('\uFEFF<response/>')));
    expect((await transport().post(url, 'x')).body).toBe('<response/>');
  });

  test('larger than allowed is refused, also when it is a gzip bomb', async () => {
    const big = Buffer.alloc(5_000_000, 'x');
    const small = transport({ maxBodyBytes: 1_000_000 });
    const plain = await serve((request, response) => request.resume().on('end', () => response.end(big)));
    const bomb = await serve((request, response) =>
      request.resume().on('end', () => response.setHeader('content-encoding', 'gzip').end(gzipSync(big))),
    );
    for (const url of [plain, bomb]) {
      expect(await failureOf(small.post(url, 'x'))).toMatchObject({ code: 'BODY_TOO_LARGE', smallerPage: true });
    }
  });

  test('in an unknown packing is refused', async () => {
    const url = await serve((request, response) =>
      request.resume().on('end', () => response.setHeader('content-encoding', 'br').end('x')),
    );
    expect(await failureOf(transport().post(url, 'x'))).toMatchObject({ code: 'INVALID_ENCODING' });
  });

  test.each<[string, string | Buffer]>([
    ['shorter than its Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<response>'],
    ['with chunks missing', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n<response>\r\n'],
    ['with a chunk cut in two', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<response>'],
    [
      'that is half a gzip',
      Buffer.concat([
        Buffer.from('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n'),
        gzipSync('<response>1234567890</response>').subarray(0, -9),
      ]),
    ],
  ])('%s is a cut body', async (_what, bytes) => {
    const error = await failureOf(transport().post(await serveBytes(bytes), 'x'));
    expect(error).toMatchObject({ code: 'CUT_BODY', action: 'retry', smallerPage: true });
  });
});

describe('a network that fails', () => {
  test('is told from a server that refuses', async () => {
    const url = await serve(() => {});
    closers.pop()?.();
    expect(await failureOf(transport().post(url, 'x'))).toMatchObject({
      code: 'CONNECT_FAILED',
      level: 'network',
      action: 'retry',
    });
  });

  test('with a name that does not exist', async () => {
    const error = await failureOf(transport().post(new URL('https://no-such-host.invalid/'), 'x'));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', level: 'network', action: 'retry' });
  });

  test('with a connection that breaks', async () => {
    const url = await listen(createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect(await failureOf(transport().post(url, 'x'))).toMatchObject({ code: 'CONNECTION_LOST', action: 'retry' });
  });

  test('with bytes that are not HTTP', async () => {
    expect(await failureOf(transport().post(await serveBytes('hello\r\n\r\n'), 'x'))).toMatchObject({
      code: 'CONNECTION_LOST',
    });
  });

  test('with an encrypted door that is none', async () => {
    const url = await serveBytes('HTTP/1.1 400 Bad Request\r\n\r\n');
    const error = await failureOf(transport().post(new URL(url.href.replace('http:', 'https:')), 'x'));
    expect(error).toMatchObject({ level: 'network', action: 'retry' });
  });

  test('with an answer that never comes, or never ends', async () => {
    const open = new Set<Socket>();
    const silent = await serve((request) => void open.add(request.socket));
    expect(await failureOf(transport({ responseTimeoutMs: 30 }).post(silent, 'x'))).toMatchObject({
      code: 'TIMEOUT',
      smallerPage: true,
    });
    const endless = await serveBytes('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<resp', false);
    expect(await failureOf(transport({ bodyTimeoutMs: 30 }).post(endless, 'x'))).toMatchObject({
      code: 'TIMEOUT',
      smallerPage: true,
    });
    for (const socket of open)
      await new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once('close', resolve)));
  });

  test('leaves no secret in the error, however deep one looks', async () => {
    const body = '<password>sender secret</password>';
    const failures = [
      transport().post(new URL('https://no-such-host.invalid/'), body),
      transport().post(await serveBytes('hello'), body),
      transport().post(await serveBytes('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<r'), body),
      transport({ responseTimeoutMs: 20 }).post(await serve(() => {}), body),
    ];
    for (const failure of failures) {
      const error = await failureOf(failure);
      expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain('secret');
      expect(error.cause).toBeUndefined();
    }
  });
});

describe('stopping', () => {
  test('an abort ends the request with its own reason and closes the socket', async () => {
    const controller = new AbortController();
    let closed: Promise<unknown> = Promise.resolve();
    const url = await serve((request) => {
      closed = new Promise((resolve) => request.socket.once('close', resolve));
      controller.abort(new Error('shutting down'));
    });
    await expect(transport().post(url, 'x', controller.signal)).rejects.toThrow('shutting down');
    await closed;
  });

  test('an abort while the body is being unpacked ends the request and not the process', async () => {
    const packed = gzipSync(Buffer.alloc(8 * 1024 * 1024, 'x'));
    for (let turns = 0; turns < 40; turns += 4) {
      const controller = new AbortController();
      const url = await serve((_request, response) => {
        response.setHeader('content-encoding', 'gzip').end(packed);
        response.once('finish', () => {
          let left = turns;
          const countDown = () => (left-- > 0 ? setImmediate(countDown) : controller.abort(new Error('shutting down')));
          countDown();
        });
      });
      // Whether the abort or the end comes first is open; an error that nobody listens to would fail the suite.
      await transport()
        .post(url, 'x', controller.signal)
        .catch((error: Error) => expect(error.message).toBe('shutting down'));
    }
  });

  test('an abort that came before sends nothing', async () => {
    let requests = 0;
    const url = await serve(() => requests++);
    await expect(transport().post(url, 'x', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(requests).toBe(0);
  });

  test('close ends requests that are under way', async () => {
    const http = transport();
    const url = await serve(() => http.close());
    expect(await failureOf(http.post(url, 'x'))).toMatchObject({ code: 'CONNECTION_LOST' });
  });
});
