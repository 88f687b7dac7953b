import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createLogger } from '../shared/logger.js';
import { startApp } from './app.js';
import { describeSettings } from './config/describe-settings.js';
import { loadSettings } from './config/load-settings.js';
import { SettingsError } from './config/settings-error.js';

/** The edge of the process: environment, signals, exit code. 2 = wrong settings, 1 = failed. */
async function main(): Promise<void> {
  let loaded: ReturnType<typeof loadSettings>;
  try {
    loaded = loadSettings({ env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const { settings, warnings } = loaded;
  const logger = createLogger(settings.logLevel);
  logger.info({ settings: describeSettings(settings) }, 'worker.starting');
  for (const warning of warnings) logger.warn({ warning }, 'settings.warning');

  const app = await startApp(settings, logger);
  const stop = (signal: string) => {
    logger.info({ signal }, 'worker.stopping');
    void app.stop().then(() => {
      logger.info('worker.stopped');
      // What was abandoned must not keep a stopped worker alive.
      process.exit(0);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** The last words of a process that cannot go on. */
function die(error: unknown): void {
  const logger = createLogger('error');
  logger.fatal({ err: error }, 'worker.failed');
  process.exit(1);
}

process.on('uncaughtException', die);
process.on('unhandledRejection', die);
await main();
