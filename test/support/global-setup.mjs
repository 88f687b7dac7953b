// One private Redis for the whole suite. Tests find it in TEST_REDIS_URL and keep apart by a unique prefix each.
// And one build, of which the end-to-end tests start processes.
import { startRedis } from '../../deploy/setup/redis-server.mjs';
import { ensureBuild, SetupError } from '../../deploy/setup/steps.mjs';

export default async function globalSetup() {
  try {
    ensureBuild();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    // Fails the tests that need the build, with its reason, and not those that do not.
    process.env['TEST_BUILD_PROBLEM'] = error.message;
  }
  const redis = await startRedis();
  process.env['TEST_REDIS_URL'] = redis.url;
  /** @type {{ suiteRedis?: typeof redis }} */ (globalThis).suiteRedis = redis;
}
