// Compiles to dist/, whether or not it looks necessary.
import './require-node.mjs';

const { build, SetupError } = await import('./steps.mjs');
try {
  build();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
