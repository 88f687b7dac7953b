export default async function globalTeardown() {
  const { suiteRedis } = /** @type {{ suiteRedis?: import('../../deploy/setup/redis-server.mjs').RedisServer }} */ (
    globalThis
  );
  await suiteRedis?.stop();
}
