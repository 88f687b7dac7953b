import { describe, expect, test } from '@jest/globals';
import { compose, service } from './compose-file.js';
import { exists, HTTP_PORT, readText, unknownVariables } from './settings.js';

const services = Object.entries(compose.services);
const ofDemo = (name: string) => service(name).profiles?.includes('demo') === true;

describe('deploy/compose.yaml', () => {
  test.each(services)('%s has no right that it does not need', (_, one) => {
    expect(one.read_only).toBe(true);
    expect(one.cap_drop).toEqual(['ALL']);
    expect(one.security_opt).toEqual(['no-new-privileges:true']);
  });

  test.each(services)('%s is an image with an exact tag, or built here', (_, { image, build }) => {
    if (build === undefined) {
      expect(image).toMatch(/:v?\d+\.\d+/);
      return;
    }
    expect(build).toMatchObject({ context: '..', dockerfile: 'deploy/Dockerfile' });
    expect(readText('deploy/Dockerfile')).toMatch(new RegExp(`^FROM .* AS ${build.target}$`, 'm'));
  });

  test.each(services)('%s has its ports open to this machine only', (_, { ports = [] }) => {
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test.each(services)('%s depends on what starts with it', (name, one) => {
    const others = Array.isArray(one.depends_on) ? one.depends_on : Object.keys(one.depends_on ?? {});
    expect(others.filter((other) => compose.services[other] === undefined || (ofDemo(other) && !ofDemo(name)))).toEqual(
      [],
    );
  });

  test('mounts files that exist, read-only, and volumes that it declares', () => {
    for (const [, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [source = '', , mode] = volume.split(':');
        if (!source.startsWith('./')) {
          expect(Object.keys(compose.volumes)).toContain(source);
          continue;
        }
        expect({ volume, mode }).toEqual({ volume, mode: 'ro' });
        expect({ volume, exists: exists(`deploy/${source.slice(2)}`) }).toEqual({ volume, exists: true });
      }
    }
  });

  test('gives a worker only settings that it knows, and its passwords as files', () => {
    for (const name of ['worker', 'demo-worker']) {
      expect(unknownVariables(Object.keys(service(name).environment ?? {}))).toEqual([]);
    }
    const { environment = {}, secrets = [] } = service('worker');
    const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'));
    expect(files.map(([, path]) => path)).toEqual(secrets.map((name) => `/run/secrets/${name}`));
    expect(Object.keys(environment).filter((name) => /PASSWORD|TOKEN/.test(name) && !name.endsWith('_FILE'))).toEqual(
      [],
    );
    expect(Object.keys(compose.secrets)).toEqual(secrets);
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    expect(readText('deploy/secrets/.gitignore')).toBe('*\n!.gitignore\n');
  });

  test('leaves every setting of the worker to its default, unless it is set outside', () => {
    const { REDIS_URL, LOG_LEVEL, ...rest } = service('worker').environment ?? {};
    const given = Object.entries(rest).filter(([name]) => !name.endsWith('_FILE'));
    expect(given).toEqual(given.map(([name]) => [name, `\${${name}:-}`]));
    expect(REDIS_URL).toBe('redis://redis:6379');
    expect(LOG_LEVEL).toBe(['$', '{LOG_LEVEL:-info}'].join(''));
  });

  test('publishes the port on which the worker listens', () => {
    expect(service('worker').ports).toEqual([`127.0.0.1:\${WORKER_PORT:-${HTTP_PORT}}:${HTTP_PORT}`]);
    expect(service('demo-company').ports?.[0]).toMatch(new RegExp(`:${HTTP_PORT}$`));
  });

  test('keeps Redis on a network without a way out, which the worker and the consumer share', () => {
    expect(compose.networks['state']).toEqual({ internal: true });
    expect(service('redis').networks).toEqual(['state']);
    expect(service('redis').ports).toBeUndefined();
    expect(service('worker').networks).toContain('state');
    expect(service('demo').networks).toEqual(['state']);
  });

  test('gives the worker longer to stop than it takes', () => {
    expect(service('worker').stop_grace_period).toBe('15s');
  });
});
