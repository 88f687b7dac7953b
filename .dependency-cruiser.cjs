// Who may import whom, one rule a sentence. Seen with the eyes of the source: a type is an import like any other.
// Rules that type-only imports are free of stand in .dependency-cruiser.runtime.cjs.
//
// TypeScript 7 has no JavaScript API; SWC parses here, and does not tell `import type` from `import`.

/** @param {string} name */
const packaged = (name) => `(^|/)node_modules/${name}/|^${name}$`;

const PRODUCT = '^(worker|shared)/';

/**
 * A package that has one door (or two), so that changing it, or its version, stays in one place.
 *
 * @param {string} name
 * @param {string[]} doors
 * @param {string} comment
 */
const oneDoor = (name, doors, comment) => ({
  name: `${name}-has-one-door`,
  comment,
  severity: 'error',
  from: { path: PRODUCT, pathNot: doors },
  to: { path: packaged(name) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment:
        'worker/core does no I/O and has no clock, logger or randomness: it imports itself, the event type, the query vocabulary and hashing.',
      severity: 'error',
      from: { path: '^worker/core/' },
      to: { pathNot: ['^worker/core/', '^shared/event[.]ts$', '^worker/intacct/query[.]ts$', '^(node:)?crypto$'] },
    },
    {
      name: 'query-vocabulary-stands-alone',
      comment: 'worker/intacct/query.ts is vocabulary that the core speaks too, so it imports nothing.',
      severity: 'error',
      from: { path: '^worker/intacct/query[.]ts$' },
      to: {},
    },
    {
      name: 'intacct-knows-nothing-of-polling',
      comment: 'worker/intacct is a gateway that could serve another program: of worker it imports only itself.',
      severity: 'error',
      from: { path: '^worker/intacct/' },
      to: { path: '^worker/', pathNot: '^worker/intacct/' },
    },
    {
      name: 'shared-knows-nothing-of-the-worker',
      comment: 'shared is what consumers install: it imports nothing of worker.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^worker/' },
    },
    {
      name: 'product-without-test-or-deploy',
      comment: 'worker and shared are shipped without test and deploy, so they import nothing of them.',
      severity: 'error',
      from: { path: PRODUCT },
      to: { path: '^(test|deploy)/' },
    },
    {
      name: 'product-without-dev-dependencies',
      comment: 'worker and shared import only packages that are installed with them: "dependencies" of package.json.',
      severity: 'error',
      from: { path: PRODUCT },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'app-is-the-root',
      comment:
        'worker/app.ts constructs everything; only what starts a process imports it: main, the command line, the demo, tests.',
      severity: 'error',
      from: { pathNot: ['^worker/main[.]ts$', '^worker/cli/', '^deploy/demo/', '^test/'] },
      to: { path: '^worker/app[.]ts$' },
    },
    oneDoor(
      'got',
      ['^worker/intacct/http[.]ts$'],
      'HTTP to Intacct leaves through worker/intacct/http.ts, where time-outs, sizes and retries are set.',
    ),
    oneDoor(
      'fast-xml-parser',
      ['^worker/intacct/(request|response)-xml[.]ts$'],
      'XML is written in request-xml.ts and read in response-xml.ts, where escaping is on and entities are off.',
    ),
    oneDoor(
      'luxon',
      ['^worker/intacct/time[.]ts$'],
      "Intacct's formats of time are luxon's business in worker/intacct/time.ts; everywhere else an instant is epoch milliseconds.",
    ),
    oneDoor(
      'prom-client',
      ['^worker/metrics/registry[.]ts$'],
      'Metrics are made in worker/metrics/registry.ts, each from its definition, on a registry that is passed on.',
    ),
    oneDoor(
      'zod',
      ['^worker/config/', '^shared/event-schema[.]ts$'],
      'Schemas guard the two ways in: the settings (worker/config) and an event read from a queue (shared/event-schema.ts).',
    ),
    oneDoor('yaml', ['^worker/config/'], 'Only the settings are YAML.'),
    oneDoor('fastify', ['^worker/http/'], 'The HTTP server is worker/http.'),
    oneDoor('commander', ['^worker/cli/'], 'The command line is worker/cli.'),
    oneDoor(
      '@opentelemetry',
      ['^worker/tracing/'],
      'What becomes a span, and what of it leaves the process, is decided in worker/tracing.',
    ),
    {
      name: 'tracing-is-loaded-on-demand',
      comment:
        'Without a collector nothing of OpenTelemetry is loaded: worker/tracing.ts imports it when there is one.',
      severity: 'error',
      from: { path: PRODUCT, pathNot: '^worker/tracing/' },
      to: { path: '^worker/tracing/', dynamic: false },
    },
    oneDoor(
      'pino',
      ['^shared/logger[.]ts$'],
      'Log lines take their shape, and lose their secrets, in shared/logger.ts.',
    ),
    {
      name: 'environment-is-read-at-the-edge',
      comment:
        'process.env is read in worker/main.ts alone (Biome watches the global; this rule the module of that name).',
      severity: 'error',
      from: { path: PRODUCT, pathNot: '^worker/main[.]ts$' },
      to: { path: '^(node:)?process$' },
    },
    {
      name: 'no-cycles',
      comment: 'Files that import each other in a circle are one file in disguise, or two in the wrong cut.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere fails when the file is loaded, on a path that no test may have taken.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
