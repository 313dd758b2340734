/** Hashes of a full tile, entries of a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;
const MAX_LEVEL = 63;

/**
 * Path of a tile, relative to the export's directory (C2SP tlog-tiles): `tile/0/x001/234`, and with the width of a
 * partial one `tile/0/x001/234.p/17`. The level `entries` stands for entry bundles.
 * Throws RangeError for a level, index or width that no tile has.
 */
export function tilePath(level: number | 'entries', index: number, width: number = TILE_WIDTH): string {
  if (level !== 'entries' && !isWhole(level, 0, MAX_LEVEL))
    throw new RangeError(`${level} is not the level of a tile`);
  if (!isWhole(index, 0, Number.MAX_SAFE_INTEGER))
    throw new RangeError(`${index} is not the index of a tile`);
  if (!isWhole(width, 1, TILE_WIDTH)) throw new RangeError(`${width} is not the width of a tile`);
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
