// node deploy/setup/run.mjs [redis] dist/some/main.js [arguments]: set-up (packages, build, and Redis if asked), then that program.
//
// The program runs in this very process: signals, exit status, stdin and stdout are its own, with no launcher in between that
// could swallow one.
import { pathToFileURL } from 'node:url';
import './require-node.mjs';

const { ROOT, setUp } = await import('./steps.mjs');
const at = process.argv.findIndex((argument, index) => index > 1 && argument.startsWith('dist/'));
setUp(['packages', 'build', ...process.argv.slice(2, at)]);

const program = `${ROOT}${process.argv[at]}`;
process.argv.splice(1, at, program);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(program).href);
