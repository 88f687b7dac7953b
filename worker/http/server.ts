import fastify, { type FastifyInstance } from 'fastify';
import type { Secret } from '../../shared/secret.js';
import { type AdminActions, addAdminRoutes } from './admin.js';
import type { Status } from './status.js';
import { renderStatusPage } from './status-page.js';

export interface Readiness {
  readonly ready: boolean;
  /** One short sentence for each thing that is in the way. */
  readonly problems: readonly string[];
}

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readiness(): Promise<Readiness>;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  status(): Promise<Status>;
  readonly adminToken: Secret | null;
  readonly admin: AdminActions;
}

/** Health, metrics and status. Lives apart from the polling: it answers while Redis or Intacct do not. */
export async function startHttpServer(
  options: HttpServerOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: FastifyInstance = fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const { ready, problems } = await options.readiness();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', problems });
  });
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await options.metrics();
    return reply.header('content-type', contentType).send(text);
  });
  server.get('/status', async () => options.status());
  server.get('/', async (_request, reply) => {
    const [status, { problems }] = await Promise.all([options.status(), options.readiness()]);
    return reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(renderStatusPage(status, problems));
  });
  addAdminRoutes(server, options.adminToken, options.admin);
  // What went wrong stays in the log: an answer could carry a key or a value.
  server.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const code = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 503;
    return reply.code(code).send({ error: code === 503 ? 'Not available now; is Redis up?' : 'Bad request' });
  });
  const url = await listen(server, options);
  return { url, close: () => server.close() };
}

async function listen(server: FastifyInstance, { host, port }: HttpServerOptions): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const advice = 'set HTTP_HOST and HTTP_PORT to an address that is free here, or HTTP_PORT to 0 for none';
    throw new Error(`Health and metrics cannot be served at ${host}:${port} (${code}): ${advice}`, { cause: error });
  }
}
