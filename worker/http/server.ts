import fastify, { type FastifyInstance } from 'fastify';

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
  status(): Promise<unknown>;
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
  const url = await server.listen({ host: options.host, port: options.port });
  return { url, close: () => server.close() };
}
