// A quota as people write it, as the command line takes it too: 500MB, 2GB, default, unlimited. The API counts bytes.

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** Null: as the setting says; 0: no limit; undefined: it is none of these. */
export function parseQuota(text: string): number | null | undefined {
  const written = text.trim().toUpperCase()
  if (written === 'DEFAULT') return null
  if (written === 'UNLIMITED') return 0
  const [, digits = '', unit = ''] = /^(\d{1,15})\s?([KMGT]?B)$/.exec(written) ?? []
  const power = (UNITS as readonly string[]).indexOf(unit)
  const bytes = Number(digits) * 1024 ** power
  return power === -1 || bytes === 0 || !Number.isSafeInteger(bytes) ? undefined : bytes
}

/** The largest unit that needs no fraction. */
export function quotaText(bytes: number | null): string {
  if (bytes === null) return 'default'
  if (bytes === 0) return 'unlimited'
  let value = bytes
  let unit = 0
  while (value % 1024 === 0 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${value}${UNITS[unit]}`
}
