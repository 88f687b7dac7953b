import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { describeWithPrometheus } from '../../support/prometheus.js';
import { namesIn, unknownMetrics } from './metric-names.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}

interface RulesTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (path: string): string => readFileSync(`${DEPLOY}${path}`, 'utf8');

const { groups } = parse(read('prometheus/rules.yml')) as { groups: readonly { rules: readonly Rule[] }[] };
const RULES = groups.flatMap(({ rules }) => rules);
const TESTS = (parse(read('prometheus/rules.test.yml')) as { tests: readonly RulesTest[] }).tests;
const RUNBOOK = read('RUNBOOK.md');

describe.each(RULES.map((rule) => [rule.alert, rule] as const))('%s', (alert, rule) => {
  test('asks for metrics that exist', () => {
    expect(namesIn(rule.expr).length).toBeGreaterThan(0);
    expect(unknownMetrics(rule.expr)).toEqual([]);
    expect(unknownMetrics(rule.annotations.description)).toEqual([]);
  });

  test('is tried both firing and not firing', () => {
    const tried = TESTS.flatMap((one) => one.alert_rule_test).filter(({ alertname }) => alertname === alert);
    expect(tried.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(tried.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  test('tells how urgent it is, what is wrong, and where to read on', () => {
    const { severity } = rule.labels;
    const { summary, description, runbook_url } = rule.annotations;
    expect(['critical', 'warning']).toContain(severity);
    expect(summary).not.toBe('');
    expect(description).not.toBe('');
    expect(runbook_url).toBe(`deploy/RUNBOOK.md#${alert.toLowerCase()}`);
  });

  test('has a section in the runbook: what it means, what to look at, what to do, when it is over', () => {
    const [, section = ''] = new RegExp(`^## ${alert}\n(.*?)(?=^## |(?![^]))`, 'ms').exec(RUNBOOK) ?? [];
    for (const part of ['**What it means.**', '**Look first**', '**Do.**', '**Over when**'])
      expect(section).toContain(part);
  });
});

test('the runbook has no section of an alert that does not exist', () => {
  const sections = [...RUNBOOK.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(sections.sort()).toEqual(RULES.map(({ alert }) => alert).sort());
});

test('the runbook and the document of metrics link to sections and files that exist', () => {
  const anchors = [...RUNBOOK.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor);
  expect(anchors.filter((anchor) => !RULES.some(({ alert }) => alert.toLowerCase() === anchor))).toEqual([]);
});

describeWithPrometheus('promtool', ({ promtool }) => {
  test.each([
    ['accepts the configuration and its rules', ['check', 'config', 'prometheus.yml']],
    ['finds no fault with the rules', ['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml']],
    ['sees every alert fire when it should, and only then', ['test', 'rules', 'rules.test.yml']],
  ])('%s', (_what, args) => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: `${DEPLOY}prometheus`, encoding: 'utf8' });
    expect({ status, output: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, output: '' });
  });
});
