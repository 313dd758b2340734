/** Numbers as Grafana shows them, for the units that the dashboards use: https://grafana.com/docs/grafana/latest/ */
export function formatQuantity(value: number, unit: string): string {
  switch (unit) {
    case 's':
      return formatSeconds(value);
    case 'percentunit':
      return `${Number((value * 100).toFixed(2))} %`;
    case 'bytes':
      return `${(value / 1024 ** 2).toFixed(0)} MiB`;
    case 'ops':
    case 'reqps':
      return `${compact(value)}/s`;
    default:
      return compact(value);
  }
}

function formatSeconds(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (Math.abs(seconds) < 1) return `${compact(seconds * 1_000)} ms`;
  return seconds < 120 ? `${compact(seconds)} s` : `${compact(seconds / 60)} min`;
}

/** Three significant digits, without zeros at the end. */
function compact(value: number): string {
  return String(Number(value.toPrecision(3)));
}
