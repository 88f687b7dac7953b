// A Redis server of a test's own, for what must not be done to the shared one (TEST_REDIS_URL): kill -9, restart, little memory.
export { type RedisOptions, type RedisServer, startRedis } from '../../deploy/setup/redis-server.mjs';
