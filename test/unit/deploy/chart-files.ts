import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GoTemplates, mergeValues, parseYaml } from '../../support/go-template.js';

const CHART = new URL('../../../deploy/helm/sage-intacct-trigger-worker/', import.meta.url);

export interface Manifest {
  readonly kind: string;
  readonly [key: string]: unknown;
}

export interface Chart {
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
}

export const readChart = (path: string): string => readFileSync(new URL(path, CHART), 'utf8');
export const chart = parseYaml(readChart('Chart.yaml')) as Chart;
export const defaultValues = parseYaml(readChart('values.yaml')) as Record<string, unknown>;

/** The chart's templates with these values, each as text. */
export function renderTexts(
  values: object = {},
  files: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  const templates = new GoTemplates(new Map(Object.entries(files)));
  const names = readdirSync(fileURLToPath(new URL('templates/', CHART)));
  for (const name of names) templates.add(name, readChart(`templates/${name}`));
  const data = {
    Values: mergeValues(defaultValues, values),
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Release: { Name: 'triggers', Namespace: 'intacct', Service: 'Helm' },
  };
  return new Map(names.filter((name) => !name.startsWith('_')).map((name) => [name, templates.render(name, data)]));
}

/** What Kubernetes would be given, by kind. */
export function render(
  values: object = {},
  files: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, Manifest> {
  const manifests = [...renderTexts(values, files)]
    .filter(([name, text]) => name.endsWith('.yaml') && text.trim() !== '')
    .map(([, text]) => parseYaml(text) as Manifest);
  return new Map(manifests.map((manifest) => [manifest.kind, manifest]));
}
