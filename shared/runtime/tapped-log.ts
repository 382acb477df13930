// The same log, with somebody who is shown each line: to count it, to tell of it. A tap returns at once and never throws.

import type { Log, LogFields } from './log.ts'

export type LineLevel = 'debug' | 'info' | 'warn' | 'error'

export type LogLine = {
  readonly level: LineLevel
  /** Of the line itself. */
  readonly fields: LogFields
  /** Of the log that it was written to. */
  readonly bound: LogFields
  readonly message: string
}

export function tappedLog(log: Log, tap: (line: LogLine) => void, bound: LogFields = {}): Log {
  const tapped = (level: LineLevel) => (fields: LogFields, message: string) => {
    tap({ level, fields, bound, message })
    log[level](fields, message)
  }
  return {
    debug: tapped('debug'),
    info: tapped('info'),
    warn: tapped('warn'),
    error: tapped('error'),
    child: (fields) => tappedLog(log.child(fields), tap, { ...bound, ...fields }),
  }
}
