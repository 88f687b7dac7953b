import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrawnFaults, Faults } from './faults.js';
import type { Gateway, Prepared } from './gateway.js';
import type { Behaviour } from './settings.js';
import type { Slots } from './slots.js';
import type { LoggedRequest, Stats } from './stats.js';
import { HTML_PAGE, type Outgoing, readBody, send } from './transport.js';

export interface ExchangeParts {
  readonly gateway: Gateway;
  readonly faults: Faults;
  readonly stats: Stats;
  readonly slots: Slots;
  readonly behaviour: Behaviour;
  readonly companyNow: () => number;
  /** Aborted when the simulator stops, so that no delayed answer outlives it. */
  readonly stopping: AbortSignal;
}

const XML_TYPES = /^(application|text)\/(xml|x-intacct-xml-request)\b/i;

/** One request to the XML gateway from its first byte to its last. */
export async function exchange(
  parts: ExchangeParts,
  request: IncomingMessage,
  response: ServerResponse,
  ownUrl: string,
): Promise<void> {
  const { stats, slots } = parts;
  const startedAtMs = Date.now();
  const entry: LoggedRequest = {
    atMs: startedAtMs,
    companyAtMs: parts.companyNow(),
    authentication: null,
    location: null,
    controlId: null,
    functions: [],
    faults: [],
    status: 0,
    failure: null,
    bytes: 0,
    durationMs: 0,
  };
  stats.begin(entry);
  try {
    const body = await readBody(request);
    const refusal = refusalOf(request, body);
    if (refusal !== null || body === undefined) {
      await respond(
        request,
        response,
        refusal ?? gatewayError(413, 'GW-0011', 'The request is too large'),
        parts.faults.draw([]),
        entry,
      );
      return;
    }
    const prepared = parts.gateway.prepare(body.toString('utf8'));
    const faults = parts.faults.draw(prepared.targets);
    entry.faults = faults.kinds;
    if (!(await slots.take(() => (stats.counters.waited += 1)))) {
      stats.counters.refusedByLimit += 1;
      await respond(request, response, gatewayError(429, 'GW-0010', 'Too many concurrent requests'), faults, entry);
      return;
    }
    try {
      await work(parts, request, response, prepared, faults, entry, ownUrl);
    } finally {
      slots.release();
    }
  } finally {
    entry.durationMs = Date.now() - startedAtMs;
    stats.end(entry);
  }
}

async function work(
  parts: ExchangeParts,
  request: IncomingMessage,
  response: ServerResponse,
  prepared: Prepared,
  faults: DrawnFaults,
  entry: LoggedRequest,
  ownUrl: string,
): Promise<void> {
  const waitMs = parts.behaviour.latencyMs + (faults.find('delay')?.ms ?? 0);
  if (waitMs > 0) await sleep(waitMs, undefined, { signal: parts.stopping }).catch(() => undefined);
  if (faults.has('hang')) {
    await gone(request, response, parts.stopping);
    return;
  }
  if (faults.has('reset')) {
    response.socket?.destroy();
    return;
  }
  await respond(request, response, replaced(faults) ?? answered(parts, prepared, faults, entry, ownUrl), faults, entry);
}

function answered(
  parts: ExchangeParts,
  prepared: Prepared,
  faults: DrawnFaults,
  entry: LoggedRequest,
  ownUrl: string,
): Outgoing {
  const { body, contentType } = parts.gateway.answer(prepared, faults, entry, ownUrl);
  return { status: 200, contentType: `${contentType}; charset=UTF-8`, body };
}

/** What comes instead of an answer; the request is then never worked on. */
function replaced(faults: DrawnFaults): Outgoing | null {
  const status = faults.find('http-status');
  if (status !== undefined) {
    const headers = status.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(status.retryAfterSeconds) };
    const plain =
      status.status === 429
        ? gatewayError(429, 'GW-0010', 'Rate limit exceeded')
        : { contentType: 'text/html', body: HTML_PAGE };
    return {
      status: status.status,
      contentType: status.contentType ?? plain.contentType,
      body: status.body ?? plain.body,
      headers,
    };
  }
  if (faults.has('html-page')) return { status: 200, contentType: 'text/html; charset=UTF-8', body: HTML_PAGE };
  const body = faults.find('body');
  return body === undefined
    ? null
    : {
        status: body.status ?? 200,
        contentType: body.contentType ?? 'application/xml; charset=UTF-8',
        body: body.body,
      };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  outgoing: Outgoing,
  faults: DrawnFaults,
  entry: LoggedRequest,
): Promise<void> {
  entry.status = outgoing.status;
  entry.bytes = await send(request, response, outgoing, faults);
}

/** What the gateway in front refuses before the XML is looked at. */
function refusalOf(request: IncomingMessage, body: Buffer | undefined): Outgoing | null {
  if (request.method !== 'POST') return gatewayError(405, 'GW-0011', 'POST is expected');
  if (!XML_TYPES.test(request.headers['content-type'] ?? ''))
    return gatewayError(400, 'GW-0011', 'Content-Type application/xml is expected');
  return body === undefined || body.length > 0 ? null : gatewayError(400, 'GW-0011', 'The request is empty');
}

function gatewayError(status: number, errorno: string, text: string): Outgoing {
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>\n<response><control><status>failure</status></control><errormessage><error>' +
    `<errorno>${errorno}</errorno><description></description><description2>${text}</description2><correction></correction></error></errormessage></response>`;
  return { status, contentType: 'application/xml; charset=UTF-8', body };
}

/** Waits until the client gives up or the simulator stops. */
function gone(request: IncomingMessage, response: ServerResponse, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stopping.removeEventListener('abort', done);
      response.socket?.destroy();
      resolve();
    };
    if (stopping.aborted || request.socket.destroyed) done();
    response.once('close', done);
    stopping.addEventListener('abort', done, { once: true });
  });
}
