import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { selectorsOf } from '../alerts/promql.js';
import { ROOT } from '../rynxs-process.js';
import { ANYTHING, type Dashboard, queriesOf, readDashboards, withVariables } from './dashboards.js';

const DASHBOARDS = readDashboards();
/** Grafana 10.0 has 38; older ones do not know what panels say here. */
const GRAFANA_10 = 38;
/** https://prometheus.io/docs/practices/naming: what a histogram is read by. */
const OF_A_HISTOGRAM = /_(?:bucket|sum|count)$/;
/** Made by the library; documented as a whole. */
const OF_THE_PROCESS = /^(?:process|nodejs)_/;

const panelsOf = ({ panels }: Dashboard) => panels.filter(({ type }) => type !== 'row');

describe('the dashboards', () => {
  it('have names that stay: links and bookmarks go by them', () => {
    expect(DASHBOARDS.map(({ uid }) => uid)).to.deep.equal(['rynxs-log', 'rynxs-operator']);
  });

  it('begin with service levels, and go down from there', () => {
    const operator = DASHBOARDS.find(({ uid }) => uid === 'rynxs-operator');
    expect(operator?.panels.filter(({ type }) => type === 'row').map(({ title }) => title)).to.deep.equal([
      'Service levels',
      'Leadership',
      'Log',
      'Reconcile',
      'API client',
      'Agents',
      'Processes',
    ]);
  });

  for (const dashboard of DASHBOARDS) {
    describe(dashboard.uid, () => {
      it('is for Grafana 10 and newer, and chooses its data source, namespaces and jobs', () => {
        expect(dashboard.schemaVersion).to.be.at.least(GRAFANA_10);
        expect(dashboard.templating.list.map(({ name }) => name)).to.deep.equal([
          'datasource',
          'namespace',
          'job',
        ]);
      });

      it('says of each panel what it shows, and in which unit', () => {
        for (const { title, description, fieldConfig } of panelsOf(dashboard)) {
          expect(description, title).to.match(/^[A-Z0-9].*\.$/s);
          expect(fieldConfig?.defaults.unit, title).to.be.a('string').and.not.equal('');
        }
      });

      it('has panels of different titles and numbers, in places of their own', () => {
        const panels = panelsOf(dashboard);
        expect(new Set(dashboard.panels.map(({ id }) => id))).to.have.lengthOf(dashboard.panels.length);
        expect(new Set(panels.map(({ title }) => title))).to.have.lengthOf(panels.length);
        const taken = new Map<string, string>();
        for (const { title, gridPos } of dashboard.panels) {
          expect(gridPos.x + gridPos.w, title).to.be.at.most(24);
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
              expect(taken.get(`${x} ${y}`), `at ${x} ${y}, besides ${title}`).to.equal(undefined);
              taken.set(`${x} ${y}`, title);
            }
          }
        }
      });

      it('asks the chosen data source, for the chosen namespaces and jobs', () => {
        for (const { title, targets = [] } of panelsOf(dashboard)) {
          expect(targets, title).not.to.have.lengthOf(0);
          for (const { expr, datasource, legendFormat } of targets) {
            expect(datasource, title).to.deep.equal({ type: 'prometheus', uid: '$datasource' });
            expect(legendFormat, title).not.to.equal('');
            for (const { matchers } of selectorsOf(
              withVariables(expr, { ...ANYTHING, namespace: 'n', job: 'j' }),
            ))
              expect(matchers, title).to.deep.include.members([
                { label: 'namespace', operator: '=~', value: 'n' },
                { label: 'job', operator: '=~', value: 'j' },
              ]);
          }
        }
      });

      it('shows metrics that docs/METRICS.md promises', () => {
        const document = readFileSync(join(ROOT, 'docs/METRICS.md'), 'utf8');
        const names = queriesOf(dashboard)
          .flatMap(({ expr }) => selectorsOf(withVariables(expr, ANYTHING)))
          .map(({ metric }) => metric)
          .filter((name) => !OF_THE_PROCESS.test(name));
        const isDocumented = (name: string) =>
          document.includes(`\`${name}\``) ||
          document.includes(`\`${name.replace(OF_A_HISTOGRAM, '')}\` | histogram`);
        expect(names.filter((name) => !isDocumented(name))).to.deep.equal([]);
      });
    });
  }
});
