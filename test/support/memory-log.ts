// A log that is kept, for tests to look into.

import type { Log, LogFields } from '#shared/runtime/log.ts'

export type LogLine = LogFields & { readonly level: string; readonly message: string }

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

  find(message: string): LogLine | undefined {
    return this.lines.find((line) => line.message === message)
  }

  #add(level: string, fields: LogFields, message: string): void {
    this.lines.push({ ...this.#fields, ...fields, level, message })
  }
}
