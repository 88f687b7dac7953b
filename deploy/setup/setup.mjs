// node deploy/setup/setup.mjs [packages] [redis] [prometheus] [build]: what a fresh clone lacks; all when none is named.
import './require-node.mjs';

const { setUp } = await import('./steps.mjs');
setUp(process.argv.slice(2));
