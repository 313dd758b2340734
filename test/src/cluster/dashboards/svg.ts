import type { Panel } from '../../dashboards/dashboards.js';
import { formatQuantity } from './quantities.js';

/** One line of a panel: what a query gave for one series. */
export interface Line {
  readonly legend: string;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

export interface DrawnPanel {
  readonly panel: Panel;
  readonly lines: readonly Line[];
}

export interface Picture {
  readonly title: string;
  /** What it is a picture of. */
  readonly caption: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly panels: readonly DrawnPanel[];
}

const COLUMN = 50;
const ROW = 25;
const GAP = 6;
const TOP = 58;
const LINE_HEIGHT = 13;
const MOST_LEGENDS = 8;
const COLOURS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff9830', '#f2495c', '#b877d9', '#8ab8ff', '#fade2a'];
const STAT_COLOURS: Readonly<Record<string, string>> = {
  green: '#73bf69',
  orange: '#ff9830',
  red: '#f2495c',
};

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A dashboard as an SVG: its panels where they are, with what their queries gave. */
export function drawDashboard({ title, caption, fromMs, toMs, panels }: Picture): string {
  const height = TOP + ROW * Math.max(...panels.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h)) + GAP;
  const width = 24 * COLUMN + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, sans-serif">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#111217"/>`,
    text(GAP + 4, 24, title, { size: 17, colour: '#ffffff' }),
    text(GAP + 4, 44, caption, { size: 10.5, colour: '#9fa7b3' }),
    ...panels.map((drawn) => drawPanel(drawn, fromMs, toMs)),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ panel, lines }: DrawnPanel, fromMs: number, toMs: number): string {
  const { x, y, w, h } = panel.gridPos;
  const box: Box = {
    x: x * COLUMN + GAP,
    y: TOP + y * ROW + GAP,
    width: w * COLUMN - GAP,
    height: h * ROW - GAP,
  };
  if (panel.type === 'row') return text(box.x + 4, box.y + 14, panel.title, { size: 13, colour: '#d8d9da' });
  const frame = `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="3" fill="#181b1f" stroke="#2c3235"/>`;
  const heading = text(box.x + 8, box.y + 17, panel.title, { size: 11, colour: '#d8d9da' });
  const inside =
    panel.type === 'stat' ? drawStat(panel, lines, box) : drawGraph(panel, lines, box, fromMs, toMs);
  return [frame, heading, inside].join('\n');
}

function drawStat({ fieldConfig }: Panel, lines: readonly Line[], box: Box): string {
  const { unit = 'none', thresholds } = fieldConfig?.defaults ?? {};
  const shown = lines.slice(0, 2);
  return shown
    .map(({ legend, points }, index) => {
      const value = points.at(-1)?.value ?? Number.NaN;
      const steps = thresholds?.steps.filter((step) => step.value === null || value >= step.value) ?? [];
      const colour = STAT_COLOURS[steps.at(-1)?.color ?? ''] ?? '#ffffff';
      const middle = box.x + (box.width * (2 * index + 1)) / (2 * shown.length);
      const number = text(middle, box.y + 58, formatQuantity(value, unit), {
        size: 24,
        colour,
        anchor: 'middle',
      });
      if (shown.length === 1) return number;
      return `${number}\n${text(middle, box.y + 80, shortened(legend, 16), { size: 9, colour: '#9fa7b3', anchor: 'middle' })}`;
    })
    .join('\n');
}

function drawGraph(panel: Panel, lines: readonly Line[], box: Box, fromMs: number, toMs: number): string {
  const { unit = 'short', max, custom } = panel.fieldConfig?.defaults ?? {};
  const isStacked = custom?.stacking.mode === 'normal';
  const drawn = isStacked ? stacked(lines) : lines;
  const highest = max ?? niceMaximum(drawn.flatMap(({ points }) => points.map(({ value }) => value)));
  const legends = legendRows(drawn, box.width - 16);
  const plot: Box = {
    x: box.x + 58,
    y: box.y + 28,
    width: box.width - 68,
    height: box.height - 50 - legends.length * LINE_HEIGHT,
  };
  const place = (atMs: number, value: number) => ({
    x: plot.x + (plot.width * (atMs - fromMs)) / (toMs - fromMs),
    y: plot.y + plot.height * (1 - value / highest),
  });
  // The first lies over the others: of a stack, the lowest.
  const paths = drawn.map((line, index) => drawLine(line, index, { isStacked, place })).reverse();
  return [
    ...[0, 0.5, 1].map((part) => gridLine(plot, part, formatQuantity(highest * part, unit))),
    ...[0, 0.5, 1].map((part) => timeMark(plot, part, fromMs + (toMs - fromMs) * part)),
    ...paths,
    ...legends.map((row, index) => legendRow(row, box, plot, index)),
  ].join('\n');
}

interface Drawing {
  readonly isStacked: boolean;
  readonly place: (atMs: number, value: number) => { readonly x: number; readonly y: number };
}

function drawLine({ points }: Line, index: number, { isStacked, place }: Drawing): string {
  const colour = COLOURS[index % COLOURS.length];
  return unbroken(points)
    .map((part) => {
      const [first, last] = [part[0], part.at(-1)];
      const places = part.map(({ atMs, value }) => at(place(atMs, value))).join(' ');
      if (!isStacked || first === undefined || last === undefined)
        return `<polyline points="${places}" fill="none" stroke="${colour}" stroke-width="1.3"/>`;
      const feet = `${at(place(last.atMs, 0))} ${at(place(first.atMs, 0))}`;
      return `<polygon points="${places} ${feet}" fill="${colour}" fill-opacity="0.75"/>`;
    })
    .join('\n');
}

function at({ x, y }: { readonly x: number; readonly y: number }): string {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}

/** The parts of a line between which there is nothing: no number, or no answer to a scrape. */
function unbroken(points: Line['points']): readonly Line['points'][] {
  const stepMs = Math.min(...points.slice(1).map(({ atMs }, index) => atMs - (points[index]?.atMs ?? 0)));
  const parts: Line['points'][number][][] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const point of points.filter(({ value }) => Number.isFinite(value))) {
    if (point.atMs - before > stepMs) parts.push([]);
    parts.at(-1)?.push(point);
    before = point.atMs;
  }
  return parts;
}

/** Each line with those before it under it. */
function stacked(lines: readonly Line[]): readonly Line[] {
  const below = new Map<number, number>();
  return lines.map(({ legend, points }) => ({
    legend,
    points: points.map(({ atMs, value }) => {
      below.set(atMs, (below.get(atMs) ?? 0) + value);
      return { atMs, value: below.get(atMs) ?? 0 };
    }),
  }));
}

function niceMaximum(values: readonly number[]): number {
  const highest = Math.max(0, ...values.filter(Number.isFinite));
  if (highest === 0) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(highest));
  return magnitude * ([1, 2, 2.5, 5].find((step) => step * magnitude >= highest) ?? 10);
}

function gridLine(plot: Box, part: number, label: string): string {
  const y = plot.y + plot.height * (1 - part);
  const line = `<line x1="${plot.x}" x2="${plot.x + plot.width}" y1="${y}" y2="${y}" stroke="#2c3235"/>`;
  return `${line}\n${text(plot.x - 5, y + 3, label, { size: 9, colour: '#9fa7b3', anchor: 'end' })}`;
}

function timeMark(plot: Box, part: number, atMs: number): string {
  const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle';
  const label = new Date(atMs).toISOString().slice(11, 19);
  return text(plot.x + plot.width * part, plot.y + plot.height + 13, label, {
    size: 9,
    colour: '#9fa7b3',
    anchor,
  });
}

interface Legend {
  readonly text: string;
  readonly colour: string;
}

/** As many legends as two rows hold. */
function legendRows(lines: readonly Line[], width: number): readonly (readonly Legend[])[] {
  const legends = lines.slice(0, MOST_LEGENDS).map(({ legend }, index) => ({
    text: shortened(legend, 34),
    colour: COLOURS[index % COLOURS.length] ?? '',
  }));
  const more = lines.length - legends.length;
  if (more > 0) legends.push({ text: `and ${more} more`, colour: 'none' });
  const rows: Legend[][] = [[]];
  let used = 0;
  for (const legend of legends) {
    const needed = widthOf(legend);
    if (used + needed > width && used > 0) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(legend);
    used += needed;
  }
  return rows;
}

function legendRow(row: readonly Legend[], box: Box, plot: Box, index: number): string {
  const y = plot.y + plot.height + 28 + index * LINE_HEIGHT;
  let x = box.x + 8;
  return row
    .map((legend) => {
      const mark = `<rect x="${x}" y="${y - 5}" width="9" height="3" fill="${legend.colour}"/>`;
      const label = text(x + 13, y, legend.text, { size: 9, colour: '#c7d0d9' });
      x += widthOf(legend);
      return `${mark}\n${label}`;
    })
    .join('\n');
}

function widthOf({ text: { length } }: Legend): number {
  return 26 + length * 5.4;
}

function shortened(legend: string, most: number): string {
  return legend.length <= most ? legend : `${legend.slice(0, most - 1)}…`;
}

interface TextStyle {
  readonly size: number;
  readonly colour: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

function text(x: number, y: number, content: string, { size, colour, anchor = 'start' }: TextStyle): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
