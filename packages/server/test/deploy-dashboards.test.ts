// What deploy/ asks of Prometheus is what a server says.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startTestServer, type TestServer } from './support/server.js';

const place = (name: string): URL => new URL(`../../../../deploy/${name}`, import.meta.url);
const read = (name: string): string => readFileSync(place(name), 'utf8');

const hasPromtool = (() => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

let server: TestServer;
const known = new Map<string, Set<string>>();
beforeAll(async () => {
  server = await startTestServer();
  await server.client.post('/v1/embed', { text: 'counted' });
  for (const line of (await server.client.get('/metrics')).text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) for (const series of seriesOf(name, type)) known.set(series, known.get(series) ?? new Set());
    const [, sample = '', labels = ''] = /^(\w+)\{([^}]*)\}/.exec(line) ?? [];
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.get(sample)?.add(label);
  }
});
afterAll(() => server.close());

const seriesOf = (name: string, type: string | undefined): string[] =>
  type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];

function expectKnown(expression: string): void {
  const names = [...expression.matchAll(/\b(?:voisin|fastembed|nodejs|process)_\w+/g)].map(([name]) => name);
  for (const name of names) expect([...known.keys()], expression).toContain(name);
  for (const [, name = '', matchers = ''] of expression.matchAll(/\b(\w+)\{([^}]*)\}/g)) {
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*[=!]~?"/g)) {
      // Prometheus itself adds these two; a metric without samples shows no labels.
      if (label !== 'job' && label !== 'instance' && (known.get(name)?.size ?? 0) > 0)
        expect([...(known.get(name) ?? [])], expression).toContain(label);
    }
  }
}

it('the alert rules ask for metrics and labels that there are, and each says what is wrong', () => {
  const { groups } = parse(read('prometheus/voisin.rules.yml')) as {
    groups: { rules: { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(8);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { expr, labels, annotations } of rules) {
    expectKnown(expr);
    expect(['info', 'warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\w/);
  }
});

it.skipIf(!hasPromtool)(`Prometheus can load the alert rules${hasPromtool ? '' : ' (skipped: there is no promtool here)'}`, () => {
  const said = execFileSync('promtool', ['check', 'rules', fileURLToPath(place('prometheus/voisin.rules.yml'))], { encoding: 'utf8' });
  expect(said).toContain('SUCCESS');
});

it('the dashboard asks for metrics and labels that there are, in panels that do not overlap', () => {
  const { panels } = JSON.parse(read('grafana/voisin.json')) as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number }; targets?: { expr: string }[] }[];
  };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { targets = [] } of panels) for (const { expr } of targets) expectKnown(expr);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
