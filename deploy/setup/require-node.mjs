// Imported first, and written so that an old Node can still read it. The tools want 20.19; the built worker runs on any 20.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node 20.19 or newer is needed here; this is Node ${process.versions.node}.`);
  console.error('With nvm: "nvm install 20 && nvm use 20". Otherwise see https://nodejs.org');
  process.exit(1);
}
