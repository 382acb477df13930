import type { Log, LogFields } from '#shared/runtime/log.ts'

/** Keeps the lines as `level message`, and their fields. */
export function recordedLog(): Log & {
  readonly lines: readonly string[]
  readonly fields: readonly LogFields[]
} {
  const lines: string[] = []
  const fields: LogFields[] = []
  const write = (level: string) => (given: LogFields, message: string) => {
    lines.push(`${level} ${message}`)
    fields.push(given)
  }
  const log = {
    lines,
    fields,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  }
  return log
}
