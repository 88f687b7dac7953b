// Who may import whom at run time, looked at in the build (dist/), where type-only imports are gone.
// Everything that holds for types as well stands in .dependency-cruiser.cjs.
const sources = require('./.dependency-cruiser.cjs');

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-stands-alone-at-run-time',
      comment:
        'Of the event the core needs the type alone: at run time worker/core is itself, the query vocabulary and hashing.',
      severity: 'error',
      from: { path: '^dist/worker/core/' },
      to: { pathNot: ['^dist/worker/core/', '^dist/worker/intacct/query[.]js$', '^(node:)?crypto$'] },
    },
    {
      name: 'ioredis-has-one-door',
      comment:
        'Connections to Redis are made in shared/redis.ts, with the options that the guarantee rests on; its types are free.',
      severity: 'error',
      from: { path: '^dist/(worker|shared)/', pathNot: '^dist/shared/redis[.]js$' },
      to: { path: '(^|/)node_modules/ioredis/|^ioredis$' },
    },
  ],
  options: { ...sources.options, parser: 'acorn', exclude: { path: '^dist/.*[.]d[.]ts$' } },
};
