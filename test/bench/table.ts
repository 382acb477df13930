export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

/** median [lowest-highest] */
export function spread(values: readonly number[], digits = 0): string {
  const show = (value: number) => value.toFixed(digits)
  return `${show(median(values))} [${show(Math.min(...values))}-${show(Math.max(...values))}]`
}

export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heading.map((_, i) =>
    Math.max(...[heading, ...rows].map((row) => row[i]?.length ?? 0)),
  )
  for (const row of [heading, widths.map((width) => '-'.repeat(width)), ...rows]) {
    console.log(`| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`)
  }
}
