import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { chart, defaultValues, type Manifest, readChart, render, renderTexts } from './chart-files.js';
import { HTTP_PORT, readText, unknownVariables } from './settings.js';

const EVERYTHING = {
  image: { repository: 'registry.example.com/worker', tag: '1.2.3' },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: for the worker to fill in.
  config: 'connections:\n  - name: acme\n    senderPassword: ${ACME_SENDER_PASSWORD}\n',
  env: { LOG_LEVEL: 'debug', POLL_EVERY: '1m' },
  secrets: [
    { name: 'intacct-trigger', files: { REDIS_URL: 'redis-url', INTACCT_USER_PASSWORD: 'user-password' } },
    { name: 'others', env: { ADMIN_TOKEN: 'admin-token' } },
  ],
  extraCaConfigMap: 'redis-ca',
  podLabels: { team: 'finance' },
  tolerations: [{ key: 'batch', operator: 'Exists' }],
  networkPolicy: {
    ingressFrom: [{ podSelector: { matchLabels: { app: 'prometheus' } } }],
    redis: { port: 6380, to: [{ podSelector: { matchLabels: { app: 'redis' } } }] },
    extraEgress: [{ ports: [{ port: 4318, protocol: 'TCP' }] }],
  },
  serviceMonitor: { enabled: true },
  prometheusRule: { enabled: true },
  keda: { enabled: true },
};
const RULES = {
  'files/rules.yml': 'groups:\n  - name: worker\n    rules:\n      - alert: A\n        expr: "{{ $x }}"\n',
};

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly [key: string]: unknown;
}

interface Pod {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
  readonly [key: string]: unknown;
}

/** `spec` of what there has to be, seen as T. */
function specOf<T>(manifests: ReadonlyMap<string, Manifest>, kind: string): T {
  const manifest = manifests.get(kind);
  if (manifest === undefined) throw new Error(`There is no ${kind}`);
  return manifest['spec'] as T;
}

function deploymentOf(manifests: ReadonlyMap<string, Manifest>) {
  const spec = specOf<{
    readonly replicas?: number;
    readonly template: { readonly metadata: Readonly<Record<string, Record<string, string>>>; readonly spec: Pod };
  }>(manifests, 'Deployment');
  return { ...spec, pod: spec.template.spec, container: spec.template.spec.containers[0] };
}

describe('the chart with nothing but its defaults', () => {
  const manifests = render();
  const { replicas, pod, container } = deploymentOf(manifests);

  test('is a worker twice, and what belongs to it', () => {
    expect([...manifests.keys()].sort()).toEqual([
      'Deployment',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'ServiceAccount',
    ]);
    expect(replicas).toBe(2);
    expect(container.image).toBe(`sage-intacct-trigger-worker:${chart.appVersion}`);
  });

  test('has no right that it does not need', () => {
    expect(pod['securityContext']).toMatchObject({
      runAsNonRoot: true,
      runAsUser: Number(/^USER (\d+)/m.exec(readText('deploy/Dockerfile'))?.[1]),
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container['securityContext']).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod['automountServiceAccountToken']).toBe(false);
    expect(manifests.get('ServiceAccount')?.['automountServiceAccountToken']).toBe(false);
  });

  test('is asked where the worker answers', () => {
    const { startupProbe, livenessProbe, readinessProbe, ports } = container;
    expect(startupProbe).toMatchObject({ httpGet: { path: '/healthz', port: 'http' } });
    expect(livenessProbe).toMatchObject({ httpGet: { path: '/healthz', port: 'http' } });
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: 'http' } });
    expect(ports).toEqual([{ name: 'http', containerPort: HTTP_PORT }]);
    expect(container.env).toContainEqual({ name: 'HTTP_PORT', value: String(HTTP_PORT) });
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(readText('worker/http/server.ts')).toContain(`'${path}'`);
    }
  });

  test('has longer to stop than the worker takes', () => {
    expect(pod['terminationGracePeriodSeconds']).toBe(20);
  });
});

describe('the chart with everything', () => {
  const manifests = render(EVERYTHING, RULES);
  const { replicas, pod, container, template } = deploymentOf(manifests);

  test('gives the worker only settings that it knows, each once', () => {
    const names = container.env.map(({ name }) => name);
    expect(unknownVariables(names)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('hands over secrets by reference, as files or as variables', () => {
    expect(container.env).toContainEqual({ name: 'REDIS_URL_FILE', value: '/run/secrets/intacct-trigger/redis-url' });
    expect(container.env).toContainEqual({
      name: 'ADMIN_TOKEN',
      valueFrom: { secretKeyRef: { name: 'others', key: 'admin-token' } },
    });
    expect(container.volumeMounts).toContainEqual({
      name: 'secret-intacct-trigger',
      mountPath: '/run/secrets/intacct-trigger',
      readOnly: true,
    });
  });

  test('mounts the volumes it has, and has the volumes it mounts', () => {
    const mounted = container.volumeMounts.map(({ name }) => name).sort();
    expect(pod.volumes.map(({ name }) => name).sort()).toEqual(mounted);
  });

  test('hands over the text of the configuration unchanged; another text makes other pods', () => {
    expect(manifests.get('ConfigMap')?.['data']).toEqual({ 'connections.yaml': EVERYTHING.config });
    const file = container.env.find(({ name }) => name === 'CONFIG_FILE')?.value ?? '';
    const folder = container.volumeMounts.find(({ name }) => name === 'config')?.mountPath;
    expect(file).toBe(`${folder}/connections.yaml`);
    const other = deploymentOf(render({ ...EVERYTHING, config: 'connections: []' }, RULES)).template;
    expect(other.metadata['annotations']).not.toEqual(template.metadata['annotations']);
  });

  test('selects its own pods everywhere', () => {
    const { labels = {} } = template.metadata;
    const selector = {
      'app.kubernetes.io/name': 'sage-intacct-trigger-worker',
      'app.kubernetes.io/instance': 'triggers',
    };
    expect(labels).toMatchObject(selector);
    expect(manifests.get('Service')?.['spec']).toMatchObject({ selector });
    expect(manifests.get('Deployment')?.['spec']).toMatchObject({ selector: { matchLabels: selector } });
    expect(manifests.get('PodDisruptionBudget')?.['spec']).toMatchObject({ selector: { matchLabels: selector } });
    expect(manifests.get('NetworkPolicy')?.['spec']).toMatchObject({ podSelector: { matchLabels: selector } });
    expect(manifests.get('ServiceMonitor')?.['spec']).toMatchObject({ selector: { matchLabels: selector } });
  });

  test('lets the worker reach names, Redis and Intacct', () => {
    const { egress } = specOf<{
      egress: { ports: { port: number }[]; to?: unknown }[];
    }>(manifests, 'NetworkPolicy');
    expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([53, 53, 6380, 443, 4318]);
    expect(egress[1]?.to).toEqual(EVERYTHING.networkPolicy.redis.to);
  });

  test('leaves the number of replicas to KEDA', () => {
    expect(replicas).toBeUndefined();
    const { scaleTargetRef, triggers } = specOf<{
      scaleTargetRef: unknown;
      triggers: { metadata: Record<string, string> }[];
    }>(manifests, 'ScaledObject');
    expect(manifests.get('Deployment')).toMatchObject({ metadata: scaleTargetRef });
    const query = triggers[0]?.metadata['query'] ?? '';
    const [metric = ''] = /intacct_trigger_(\w+)/.exec(query) ?? [];
    expect(readText('worker/metrics/definitions.ts')).toContain(`${metric.replace('intacct_trigger_', '')}: {`);
    expect(query).toContain('namespace="intacct"');
  });

  test('hands over the alert rules, whose own braces stay as they are', () => {
    const spec = manifests.get('PrometheusRule')?.['spec'];
    expect(spec).toMatchObject({ groups: [{ rules: [{ expr: '{{ $x }}' }] }] });
    expect(() => render(EVERYTHING)).toThrow('the chart has no files/rules.yml');
  });

  test('says how to look at what was installed', () => {
    expect(renderTexts(EVERYTHING, RULES).get('NOTES.txt')).toContain('port-forward service/triggers-sage-intacct');
  });
});

describe('values.schema.json', () => {
  const schema = z.fromJSONSchema(JSON.parse(readChart('values.schema.json')));
  const accepts = (values: object) => schema.safeParse({ ...defaultValues, ...values }).success;

  test('accepts the defaults, and knows each of them', () => {
    const known = Object.keys(JSON.parse(readChart('values.schema.json')).properties);
    expect(accepts({})).toBe(true);
    expect(Object.keys(defaultValues).filter((name) => !known.includes(name))).toEqual([]);
  });

  test.each([
    ['a value that there is not', { replicaCount: 3 }],
    ['a negative number of replicas', { replicas: -1 }],
    ['a configuration that is not a text', { config: { connections: [] } }],
    ['a setting that is not a text', { env: { POLL_EVERY: 5 } }],
    ['a setting that is the business of the chart', { env: { HTTP_PORT: '80' } }],
    ['a secret without a name', { secrets: [{ files: { REDIS_URL: 'url' } }] }],
    ['a secret under an impossible name', { secrets: [{ name: 'Not_A_Name' }] }],
  ])('refuses %s', (_, values) => {
    expect(accepts(values)).toBe(false);
  });
});

describe('the files of the chart', () => {
  test('carry the version of the package', () => {
    expect(chart.appVersion).toBe(/"version": "(.*)"/.exec(readText('package.json'))?.[1]);
  });

  test('hold the alert rules of deploy/prometheus, unchanged', () => {
    expect(readChart('files/rules.yml')).toBe(readText('deploy/prometheus/rules.yml'));
  });
});
