// The zone that dates are told in where a script names none.

/** Of this machine: `+0100`. */
export function zoneAt(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset()
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `${minutes < 0 ? '-' : '+'}${pad(hours)}${pad(rest)}`
}

const pad = (value: number) => String(value).padStart(2, '0')
