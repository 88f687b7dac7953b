import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Simulator } from '../../simulator/simulator.js';

/** A client that knows nothing: the tests write requests as text, so that no builder can hide what the simulator is strict about. */
export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly encoding: string | undefined;
  readonly body: string;
}

export interface EnvelopeParts {
  readonly control?: string;
  readonly authentication?: string;
  readonly operation?: string;
  readonly content?: string;
}

export function envelope(sim: Simulator, parts: EnvelopeParts): string {
  const { senderId, senderPassword } = sim.credentials;
  const control =
    parts.control ??
    `<senderid>${senderId}</senderid><password>${senderPassword}</password><controlid>request-1</controlid><uniqueid>false</uniqueid>` +
      '<dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace>';
  const operation =
    parts.operation ??
    `<operation><authentication>${parts.authentication ?? login(sim)}</authentication><content>${parts.content ?? ''}</content></operation>`;
  return `<?xml version="1.0" encoding="UTF-8"?><request><control>${control}</control>${operation}</request>`;
}

export function login(sim: Simulator, locationId?: string): string {
  const { userId, companyId, userPassword } = sim.credentials;
  const location = locationId === undefined ? '' : `<locationid>${locationId}</locationid>`;
  return `<login><userid>${userId}</userid><companyid>${companyId}</companyid><password>${userPassword}</password>${location}</login>`;
}

export function call(body: string, controlId = 'f1'): string {
  return `<function controlid="${controlId}">${body}</function>`;
}

export function customerQuery(inner: string, select = '<field>RECORDNO</field><field>NAME</field>'): string {
  return call(`<query><object>CUSTOMER</object><select>${select}</select>${inner}</query>`);
}

/** Sends with plain node:http, one connection per request: what arrives is what was sent. */
export function post(sim: Simulator, body: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      sim.url,
      {
        method: 'POST',
        agent: false,
        headers: { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const raw = Buffer.concat(chunks);
          const encoding = response.headers['content-encoding'];
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            encoding,
            body: (encoding === 'gzip' ? gunzipSync(raw) : raw).toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Signs in and asks in one request. */
export async function ask(sim: Simulator, content: string, authentication = login(sim)): Promise<string> {
  return (await post(sim, envelope(sim, { content, authentication }))).body;
}

export async function openSession(sim: Simulator, authentication = login(sim), location?: string): Promise<string> {
  const inner =
    location === undefined ? '<getAPISession/>' : `<getAPISession><locationid>${location}</locationid></getAPISession>`;
  return texts(await ask(sim, call(inner), authentication), 'sessionid')[0] ?? '';
}

/** The text of every element of a name, as sent. */
export function texts(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name.replaceAll('.', '\\.')}>([^<]*)</`, 'g'))].map((found) => found[1] ?? '');
}
