/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'cjs', 'json', 'node'],
  // Sources name the emitted file ("./x.js"); the file that exists is "./x.ts".
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // The order matters: the plain line must stand below Jest's own summary.
  reporters: ['default', '<rootDir>/test/support/plain-summary-reporter.mjs'],
  // Two processes: the suite starts Redis servers and workers of its own, and CI machines have two cores.
  maxWorkers: 2,
  // Tests marked as concurrent wait for the next poll most of the time.
  maxConcurrency: 10,
  testTimeout: 30_000,
};
