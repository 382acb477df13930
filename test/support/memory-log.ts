// A log that is kept, for tests to look into.

import type { Log, LogFields } from '#shared/runtime/log.ts'

export type LogLine = {
  readonly level: string
  readonly fields: LogFields
  readonly message: string
}

export class MemoryLog implements Log {
  readonly lines: LogLine[]
  readonly #fields: LogFields

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines
    this.#fields = fields
  }

  debug = (fields: LogFields, message: string) => this.#add('debug', fields, message)
  info = (fields: LogFields, message: string) => this.#add('info', fields, message)
  warn = (fields: LogFields, message: string) => this.#add('warn', fields, message)
  error = (fields: LogFields, message: string) => this.#add('error', fields, message)

  child(fields: LogFields): Log {
    return new MemoryLog(this.lines, { ...this.#fields, ...fields })
  }

  /** The first line that says this: its fields, and its level. */
  find(message: string): LogFields | undefined {
    const line = this.lines.find((one) => one.message === message)
    return line && { ...line.fields, level: line.level }
  }

  #add(level: string, fields: LogFields, message: string): void {
    this.lines.push({ level, fields: { ...this.#fields, ...fields }, message })
  }
}
