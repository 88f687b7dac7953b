import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../../shared/secret.js';

/** What an operator may change while the worker runs. Each answers false when there is nothing of that name. */
export interface AdminActions {
  pauseStream(id: string): Promise<boolean>;
  /** Ends a pause and a block. */
  resumeStream(id: string): Promise<boolean>;
  /** After a refused sign-in was put right in Intacct without changing the credentials here. */
  resumeConnection(name: string): Promise<boolean>;
}

/** Calls that change something: with the token only, and without a token configured not at all. */
export function addAdminRoutes(server: FastifyInstance, token: Secret | null, actions: AdminActions): void {
  const route = (path: string, act: (name: string) => Promise<boolean>) => {
    server.post<{ Params: { name: string } }>(path, async (request, reply) => {
      if (!(await isAdmin(request, reply, token))) return reply;
      const known = await act(request.params.name);
      return reply
        .code(known ? 200 : 404)
        .send(known ? { status: 'done' } : { error: 'There is nothing of that name' });
    });
  };
  route('/streams/:name/pause', (id) => actions.pauseStream(id));
  route('/streams/:name/resume', (id) => actions.resumeStream(id));
  route('/connections/:name/resume', (name) => actions.resumeConnection(name));
}

async function isAdmin(request: FastifyRequest, reply: FastifyReply, token: Secret | null): Promise<boolean> {
  if (token === null) {
    await reply.code(403).send({ error: 'Changes over HTTP are off: ADMIN_TOKEN is not set' });
    return false;
  }
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (sameText(given, token.reveal())) return true;
  await reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'Wrong or missing bearer token' });
  return false;
}

/** Hashes are of one length, so the time taken tells neither the token nor how long it is. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
