// Quota rules: `*:storage=1G`, `*:messages=1000` (Dovecot up to 2.3).

export type Quota =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'messages'; readonly count: number }
  | { readonly kind: 'other'; readonly reason: string }

/** Without a unit storage is counted in KiB. */
const units: { readonly [unit: string]: number } = {
  '': 1024,
  B: 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
}

export function quotaOf(rule: string): Quota {
  const [, folder = '', kind = '', digits = '', unit = ''] =
    /^([^:]{1,200}):(storage|bytes|messages)=(\+?\d{1,15})([bkmgt%]?)[bB]?$/i.exec(rule.trim()) ??
    []
  if (folder === '') return { kind: 'other', reason: 'no rule of a quota that is understood here' }
  if (folder !== '*' && folder !== '?') {
    return { kind: 'other', reason: `folders have no quota of their own (${folder})` }
  }
  if (digits.startsWith('+') || unit === '%') {
    return { kind: 'other', reason: 'a quota is a number here, and no part of another' }
  }
  const count = Number(digits)
  if (kind.toLowerCase() === 'messages') return { kind: 'messages', count }
  const size = kind.toLowerCase() === 'bytes' && unit === '' ? 1 : units[unit.toUpperCase()]
  return size === undefined
    ? { kind: 'other', reason: `no unit: ${unit}` }
    : { kind: 'bytes', bytes: count * size }
}

/** As a setting of ours has it. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ['TB', 1024 ** 4],
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['KB', 1024],
  ] as const) {
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}
