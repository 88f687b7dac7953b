import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { BullMQOtel } from 'bullmq-otel';
import { freePort } from '../../deploy/setup/redis-server.mjs';
import { consumeEvents, type TriggerEvent } from '../../shared/index.js';
import { settled } from '../support/scene.js';
import { Stage, suiteRedisUrl } from '../support/stage.js';
import { type SentSpan, startTraceCollector, type TraceCollector } from '../support/trace-collector.js';
import { until } from '../support/until.js';

/** Says at the end which of the packages in question were loaded: they are CommonJS, so that Node keeps a list. */
const TELL_LOADED = [
  "import { createRequire } from 'node:module';",
  'const { cache } = createRequire(process.execPath);',
  "const loaded = (name) => Object.keys(cache).some((path) => path.includes('/@opentelemetry/' + name + '/'));",
  "process.on('exit', () => console.error('LOADED ' + ['sdk-trace', 'resources', 'otlp-exporter-base'].filter(loaded)));",
].join('\n');
const TELLING = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(TELL_LOADED)}` };
/** What arrives was sent because the worker stopped. */
const NOT_BEFORE_STOP = { OTEL_BSP_SCHEDULE_DELAY: '3600000' };

let stage: Stage;
let collector: TraceCollector;
let deafCollector: TraceCollector;

beforeEach(async () => {
  stage = await Stage.open();
  collector = await startTraceCollector();
  deafCollector = await startTraceCollector({ deaf: true });
});

afterEach(async () => {
  await stage.close();
  await Promise.all([collector.close(), deafCollector.close()]);
});

test("a tick leads to its requests and commits, a commit to the consumer's work, and nothing private is told", async () => {
  const { company, credentials, faults } = stage.simulator;
  const sessionIds = watchSessions();
  const worker = await stage.startWorker({
    ...TELLING,
    ...NOT_BEFORE_STOP,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a-test',
  });
  company.create('CUSTOMER', { NAME: 'Confidential Ltd' }, settled());
  const [event] = await until('the event', async () => {
    const events = await stage.events();
    return events.length > 0 && events;
  });
  faults.add({ kind: 'http-status', status: 500, body: 'Confidential trouble' });
  await until('the fault to befall', () => faults.list().length === 0);
  await worker.polledAgain(1);
  const [handled] = await consume();
  expect(await worker.stop()).toEqual({ code: 0, signal: null });

  const ticks = collector.spans.filter(({ name }) => name === 'tick');
  const commit = collector.spans.find(({ attributes }) => Number(attributes['intacct.jobs']) > 0);
  const tick = ticks.find(({ spanId }) => spanId === commit?.parentSpanId);
  expect(handled).toMatchObject({ name: 'process intacct-events', parentSpanContext: { spanId: commit?.spanId } });
  expect(handled?.spanContext().traceId).toBe(commit?.traceId);
  expect(commit).toMatchObject({
    name: 'commit',
    traceId: tick?.traceId,
    attributes: { 'intacct.location': 'all', 'intacct.object': 'CUSTOMER', 'intacct.records': 1, 'intacct.jobs': 1 },
  });
  expect(tick).toMatchObject({
    parentSpanId: null,
    attributes: { 'intacct.connection': credentials.companyId, 'intacct.outcome': 'done', 'intacct.enqueued': 1 },
  });
  expect(requestsOf(tick)).toContainEqual(
    expect.objectContaining({ 'intacct.outcome': 'ok', 'intacct.functions.query': 1 }),
  );
  // Each tick is a trace, and nothing but ticks begins one.
  expect(ticks.length).toBeGreaterThan(1);
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(ticks.length);
  expect(collector.spans.filter(({ parentSpanId }) => parentSpanId === null)).toEqual(ticks);
  expect(new Set(collector.spans.map(({ name }) => name))).toEqual(new Set(['tick', 'request', 'commit']));
  const errors = collector.spans.flatMap(({ attributes }) => attributes['error.type'] ?? []);
  expect(errors.length).toBeGreaterThan(0);

  const sent = collector.text();
  const { senderId, senderPassword, userId, userPassword } = credentials;
  const secrets = [senderId, senderPassword, userId, userPassword, ...sessionIds];
  const hidden = [...secrets, 'Confidential', String(event?.id), String(event?.subject)];
  expect(sessionIds.length).toBeGreaterThan(0);
  expect(sent).toContain('a-test');
  expect(sent).toContain('sage-intacct-trigger-worker');
  expect(hidden.filter((text) => sent.includes(text))).toEqual([]);
  expect(worker.output()).toContain('LOADED sdk-trace,resources,otlp-exporter-base');
});

test('without a collector nothing of it is loaded, and jobs carry nothing', async () => {
  const worker = await stage.startWorker(TELLING);
  stage.simulator.company.create('CUSTOMER', { NAME: 'A' }, settled());
  const [job] = await until('the event', async () => {
    const jobs = await stage.jobs();
    return jobs.length > 0 && jobs;
  });
  expect(job?.opts.telemetry).toBeUndefined();
  expect(await consume()).toMatchObject([{ parentSpanContext: undefined }]);
  await worker.stop();
  expect(worker.output()).toMatch(/^LOADED $/m);
});

test.each([
  { what: 'is not there', reason: 'ECONNREFUSED' },
  { what: 'never answers', reason: 'Request timed out' },
])('a collector that $what changes nothing', async ({ what, reason }) => {
  const url = what === 'never answers' ? deafCollector.url : `http://127.0.0.1:${await freePort()}`;
  const worker = await stage.startWorker({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '400',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  stage.simulator.company.create('CUSTOMER', { NAME: 'A' }, settled());
  await until('the event', async () => (await stage.events()).length === 1);
  await until('its being told', () => worker.log('tracing.not_sent').length > 0);
  await worker.polledAgain(2);
  const stoppedAtMs = performance.now();

  expect(await worker.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - stoppedAtMs).toBeLessThan(5_000);
  expect(worker.log('tracing.not_sent')).toMatchObject([{ level: 'warn', reason }]);
  expect(new Set(worker.log('poll.finished').map(({ outcome }) => outcome))).toEqual(new Set(['done']));
});

/** The ids of the sessions that are opened from here on. */
function watchSessions(): readonly string[] {
  const { sessions } = stage.simulator;
  const ids: string[] = [];
  const open = sessions.open.bind(sessions);
  sessions.open = (location) => {
    const session = open(location);
    ids.push(session.id);
    return session;
  };
  return ids;
}

function requestsOf(tick: SentSpan | undefined) {
  const children = collector.spans.filter(({ parentSpanId }) => parentSpanId === tick?.spanId);
  return children.filter(({ name }) => name === 'request').map(({ attributes }) => attributes);
}

/** Handles one event with BullMQ's own OpenTelemetry, as a consumer does; the spans of that. */
async function consume(): Promise<readonly ReadableSpan[]> {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const events: TriggerEvent[] = [];
  const consumer = consumeEvents({
    redisUrl: suiteRedisUrl(),
    prefix: stage.prefix,
    telemetry: new BullMQOtel({ tracerName: 'consumer' }),
    handler: async (event) => void events.push(event),
  });
  try {
    await until('an event to be handled', () => events.length > 0);
  } finally {
    await consumer.close();
    trace.disable();
    propagation.disable();
  }
  return exporter.getFinishedSpans().filter(({ name }) => name.startsWith('process '));
}
