import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { DrawnFaults } from './faults.js';

export interface Outgoing {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bodies beyond this are not requests of this API. */
const LARGEST_REQUEST_BYTES = 16 * 1024 * 1024;

export const HTML_PAGE =
  '<!DOCTYPE html><html lang="en"><head><title>Just a moment...</title></head><body><h1>Checking your browser before accessing intacct.com</h1></body></html>';

/** Reads a request body; undefined when it is larger than anything reasonable. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > LARGEST_REQUEST_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Sends an answer, gzipped when the client accepts it, and damages it on the way as the drawn faults say. Resolves to the bytes sent. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  outgoing: Outgoing,
  faults: DrawnFaults,
): Promise<number> {
  let body = damageText(Buffer.from(outgoing.body as string), faults);
  const headers: Record<string, string> = { 'Content-Type': outgoing.contentType, ...outgoing.headers };
  if (/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    body = await compress(body);
    headers['Content-Encoding'] = 'gzip';
  }
  const lengthOff = faults.find('wrong-content-length')?.by ?? 0;
  headers['Content-Length'] = String(Math.max(0, body.length + lengthOff));
  const breakAt = faults.find('reset-in-body')?.afterBytes;
  if (response.destroyed) return 0;
  if (breakAt !== undefined) return breakOff(response, outgoing.status, headers, body.subarray(0, breakAt));
  // Node checks the length it is told; a wrong one is the point here, so the bytes go to the socket behind its back.
  if (lengthOff !== 0) return sendRaw(response, outgoing.status, headers, body);
  response.writeHead(outgoing.status, headers);
  response.end(body);
  return body.length;
}

function damageText(body: Buffer, faults: DrawnFaults): Buffer {
  const trailing = faults.find('trailing');
  if (trailing !== undefined)
    return Buffer.concat([
      body,
      Buffer.from(trailing.text ?? '<response><control><status>success</status></control></response>'),
    ]);
  const cut = faults.find('cut-body');
  return cut === undefined ? body : body.subarray(0, cut.atByte);
}

/** Flushes the beginning and destroys the connection under the client's feet. */
function breakOff(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  part: Buffer,
): Promise<number> {
  response.writeHead(status, headers);
  response.flushHeaders();
  return new Promise((resolve) => {
    const destroy = (): void => {
      response.socket?.destroy();
      resolve(part.length);
    };
    if (part.length === 0) destroy();
    else response.write(part, () => setImmediate(destroy));
  });
}

function sendRaw(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: Buffer,
): Promise<number> {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { socket } = response;
  if (socket === null) return Promise.resolve(0);
  return new Promise((resolve) => {
    socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} OK\r\n${head.join('')}\r\n`), body]), () =>
      resolve(body.length),
    );
  });
}

function compress(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Level 1: the simulator should not be the slow part of a measurement.
    gzip(body, { level: 1 }, (error, compressed) => (error === null ? resolve(compressed) : reject(error)));
  });
}
