// Writes the log: JSON objects, one a line, by pino; or lines for people to read on a terminal. Whoever starts a process makes
// one and hands its children around as `Log`.

import pino from 'pino'
import type { Log, LogFields } from './log.ts'
import {
  asJson,
  cutText,
  errorText,
  FIELD_CHARACTERS_MAX,
  HIDDEN,
  secretFields,
} from './log-text.ts'
import { printable, printableJson } from './printable.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type LogOptions = {
  readonly level: LogLevel
  /** `auto`: pretty when the destination is a terminal. */
  readonly format: 'auto' | 'json' | 'pretty'
  readonly destination: LogDestination
}

/** A stream such as `process.stdout`. Gets whole lines. */
export type LogDestination = {
  write(line: string): unknown
  /** In place of `write` for readable lines, where it is of use what they are. */
  writeAs?(level: LogLevel, line: string): void
  readonly isTTY?: boolean | undefined
  /** It notes the time itself. */
  readonly isStamped?: boolean
}

export function createLog({ level, format, destination }: LogOptions): Log {
  const pretty = format === 'pretty' || (format === 'auto' && destination.isTTY === true)
  return pretty ? new PrettyLog(level, destination, {}) : jsonLog(level, destination)
}

function jsonLog(level: LogLevel, destination: LogDestination): Log {
  const { err } = pino.stdSerializers
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: cutLongTexts },
      serializers: { error: (error: Error) => cutLongTexts({ ...err(error) }) },
      redact: { paths: [...secretFields], censor: HIDDEN },
    },
    // A log is read on a terminal, too.
    { write: (line) => void destination.write(printableJson(line)) },
  )
}

/** Long texts are cut. */
function cutLongTexts(fields: Record<string, unknown>): Record<string, unknown> {
  let tidy = fields
  for (const name in fields) {
    const value = fields[name]
    const isLong = typeof value === 'string' && value.length > FIELD_CHARACTERS_MAX
    if (!isLong) continue
    if (tidy === fields) tidy = { ...fields }
    tidy[name] = cutText(value)
  }
  return tidy
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/** Fields that come before the message, without their names: who speaks and about which message. */
const leadingFields = ['service', 'listener', 'queueId']

/** `2026-11-20 22:10:01 smtp 01J… message accepted from=<…> to=<…> size=…`, times in the machine's zone. */
class PrettyLog implements Log {
  readonly #level: LogLevel
  readonly #destination: LogDestination
  readonly #bound: LogFields

  constructor(level: LogLevel, destination: LogDestination, bound: LogFields) {
    this.#level = level
    this.#destination = destination
    this.#bound = bound
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message)
  }

  child(fields: LogFields): Log {
    return new PrettyLog(this.#level, this.#destination, { ...this.#bound, ...fields })
  }

  #write(level: LogLevel, fields: LogFields, message: string): void {
    if (levels.indexOf(level) < levels.indexOf(this.#level)) return
    const all = Object.entries(cutLongTexts({ ...this.#bound, ...fields })).filter(
      ([, value]) => value !== undefined,
    )
    const leading = leadingFields.flatMap((name) => all.filter(([field]) => field === name))
    const words = [
      ...(this.#destination.isStamped ? [] : [localTime(new Date())]),
      ...(level === 'info' ? [] : [level.toUpperCase()]),
      ...leading.map(([, value]) => showValue(value)),
      message,
      ...all.filter(([name]) => !leadingFields.includes(name)).map(showField),
    ]
    const stack = level === 'error' ? all.flatMap(([, value]) => stackLines(value)) : []
    const line = `${[words.join(' '), ...stack].join('\n')}\n`
    if (this.#destination.writeAs) this.#destination.writeAs(level, line)
    else this.#destination.write(line)
  }
}

/** As people read it: `2026-11-20 22:10:01`. */
function localTime(now: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-')
  return `${day} ${now.toTimeString().slice(0, 8)}`
}

function showField([name, value]: readonly [string, unknown]): string {
  return `${name}=${secretFields.includes(name) ? HIDDEN : showValue(value)}`
}

/** One word: what clients sent must not write lines, fields or colours of its own. */
function showValue(value: unknown): string {
  if (value instanceof Error) return showValue(cutText(errorText(value)))
  const text = typeof value === 'string' ? value : asJson(value)
  const isWord = typeof value !== 'string' || (text !== '' && !/[\s"=\x00-\x1f]/.test(text))
  return printable(isWord ? text : JSON.stringify(text))
}

/** Where an error came from, on lines of its own below. */
function stackLines(value: unknown): string[] {
  if (!(value instanceof Error)) return []
  // Its message, which may be what another host said, is none of them.
  const { stack = '', message } = value
  return stack
    .slice(stack.indexOf(message) + message.length)
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .map(printable)
}
