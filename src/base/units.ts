const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size for people, in binary units with three significant digits at most: `0 B`, `1.5 KiB`, `1.04 GiB`. */
export function formatSize(bytes: number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1023.5 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  const text = digits === 0 ? String(Math.round(value)) : value.toFixed(digits).replace(/\.?0+$/, '');
  return `${text} ${BINARY[unit]}`;
}

/** A duration in milliseconds for people: `0.24 s`, `12.3 s`, `2 min 05 s`, `1 h 03 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A time as ISO 8601 in UTC without fractions: `2026-11-23T16:25:48Z`. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A 64-bit address as `0x` and lower-case hex digits without padding. */
export function formatAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}
