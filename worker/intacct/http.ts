import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import got, { TimeoutError } from 'got';

import { badAnswer } from './bad-answer.js';
import { IntacctError } from './errors.js';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfterMs: number | undefined;
  /** The Date header, whole seconds. */
  readonly serverDateMs: number | undefined;
  readonly body: string;
}

export interface HttpTransport {
  /**
   * One POST, no retry, no redirect. Any status is an answer.
   * @throws {IntacctError} when there is no whole, readable answer; the reason of the signal when it was aborted.
   */
  post(url: URL, body: string, signal?: AbortSignal): Promise<HttpAnswer>;
  /** Closes all sockets, also those in use. */
  close(): void;
}

export interface HttpSettings {
  readonly connectTimeoutMs: number;
  /** Until the first byte of the answer. Sage itself gives up after 15 minutes. */
  readonly responseTimeoutMs: number;
  /** From the first byte of the answer to its last. */
  readonly bodyTimeoutMs: number;
  /** Of the answer, unpacked. A full page of 2,000 wide rows takes some 10 MB. */
  readonly maxBodyBytes: number;
}

const HTTP_DEFAULTS: HttpSettings = {
  connectTimeoutMs: 10_000,
  responseTimeoutMs: 300_000,
  bodyTimeoutMs: 120_000,
  maxBodyBytes: 64 * 1024 * 1024,
};

const unzip = promisify(gunzip);

export function createHttpTransport(overrides: Partial<HttpSettings> = {}): HttpTransport {
  const settings = { ...HTTP_DEFAULTS, ...overrides };
  const agent = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

  return {
    async post(url, body, signal) {
      signal?.throwIfAborted();
      const stream = got.stream.post(url, {
        agent,
        body,
        headers: {
          'content-type': 'application/xml; charset=UTF-8',
          'accept-encoding': 'gzip',
          'user-agent': 'sage-intacct-trigger-worker',
        },
        // Unpacked here, because the bound on the body has to hold for what comes out.
        decompress: false,
        followRedirect: false,
        retry: { limit: 0 },
        throwHttpErrors: false,
        strictContentLength: true,
        timeout: {
          lookup: settings.connectTimeoutMs,
          connect: settings.connectTimeoutMs,
          secureConnect: settings.connectTimeoutMs,
          response: settings.responseTimeoutMs,
          read: settings.bodyTimeoutMs,
        },
        ...(signal === undefined ? {} : { signal }),
      });
      // Reading the body tells of every error up to its end, and stops listening there; a signal that fires while the body is being
      // unpacked would otherwise be an error that nobody listens to, which ends the process.
      stream.on('error', () => undefined);
      try {
        const packed = await collect(stream, settings.maxBodyBytes);
        const response = stream.response;
        if (response === undefined || !response.complete) throw badAnswer('CUT_BODY');
        const { headers } = response;
        return {
          status: response.statusCode,
          contentType: headers['content-type'] ?? '',
          retryAfterMs: retryAfter(headers['retry-after'], httpDate(headers.date)),
          serverDateMs: httpDate(headers.date),
          body: decode(await unpack(packed, headers['content-encoding'], settings.maxBodyBytes)),
        };
      } catch (error) {
        signal?.throwIfAborted();
        throw error instanceof IntacctError ? error : networkError(error, stream.response !== undefined);
      } finally {
        stream.destroy();
      }
    },
    close() {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

async function collect(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw badAnswer('BODY_TOO_LARGE');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function unpack(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity' || body.length === 0) return body;
  if (name !== 'gzip' && name !== 'x-gzip') throw badAnswer('INVALID_ENCODING', 'an unknown content encoding');
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (error) {
    throw badAnswer(codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? 'BODY_TOO_LARGE' : 'CUT_BODY');
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badAnswer('INVALID_ENCODING');
  }
}

/** Seconds, or a date on the clock of the server that wrote it; nothing when it is neither. */
function retryAfter(header: string | undefined, serverDateMs: number | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000;
  const atMs = httpDate(header);
  return atMs === undefined ? undefined : Math.max(0, atMs - (serverDateMs ?? Date.now()));
}

function httpDate(header: string | undefined): number | undefined {
  // Date.parse alone would take "-5" for a date.
  const atMs = header === undefined || !/ GMT$/.test(header) ? Number.NaN : Date.parse(header);
  return Number.isNaN(atMs) ? undefined : atMs;
}

const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** The errors of got carry the request, credentials included: only the code of one survives. */
function networkError(error: unknown, withinAnswer: boolean): IntacctError {
  const cause = codeOf(error);
  if (error instanceof TimeoutError) {
    const connecting = error.event === 'lookup' || error.event === 'connect' || error.event === 'secureConnect';
    return connecting
      ? failed('CONNECT_FAILED', 'could not be reached in time')
      : failed('TIMEOUT', 'did not answer in time', true);
  }
  if (cause !== undefined && NOT_CONNECTED.has(cause))
    return failed('CONNECT_FAILED', `could not be reached (${cause})`);
  if (cause !== undefined && /CERT|TLS|SSL|ALTNAME|SIGNATURE/.test(cause))
    return failed('TLS_FAILED', `could not be trusted (${cause})`);
  // Broken chunks, another length than announced, a reset in the middle.
  if (withinAnswer) return badAnswer('CUT_BODY', cause);
  return failed('CONNECTION_LOST', cause === undefined ? 'broke the connection' : `broke the connection (${cause})`);
}

function failed(code: string, what: string, smallerPage = false): IntacctError {
  return new IntacctError(`Intacct ${what}`, {
    code,
    action: 'retry',
    level: 'network',
    smallerPage,
    advice:
      'Nothing to do if it passes; if it stays, check name resolution, firewall and proxy between the worker and Intacct.',
  });
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
