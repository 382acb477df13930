// Where the log of a server goes: standard output, or a file, a syslog server, or both of these. What the settings say of it may
// change while the server runs; whoever has a Log need not know.

import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { Log, LogFields } from './log.ts'
import { createLog, type LogDestination, type LogLevel, type LogOptions } from './log-writer.ts'
import { type Facility, openSyslog, type SyslogServer } from './syslog.ts'

/** The settings `log.*`. */
export type LogSettings = Pick<LogOptions, 'level' | 'format'> & {
  /** Of those that log more or less than the rest. */
  readonly serviceLevels: readonly { readonly service: string; readonly level: LogLevel }[]
  /** '' for none. */
  readonly file: string
  readonly syslogServer: SyslogServer | null
  readonly syslogFacility: Facility
}

export type LogTargets = {
  readonly log: Log
  /** Opens the file again under its name, and does from now on what the settings say. Throws when the file cannot be opened. */
  change(settings: LogSettings): void
  /** The same with the settings that it has. */
  reopen(): void
  close(): void
}

type Target = LogDestination & { readonly kind: 'stream' | 'file' | 'syslog'; close(): void }

const LOG_FILE_MODE = 0o600
/** Nothing waits for whoever reads a pipe: without a reader it cannot be opened, and a full one loses lines. */
const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants

/** `complain` is told, once for each target, that it takes nothing. */
export function openLogTargets(
  settings: LogSettings,
  stdout: LogDestination,
  complain: (text: string) => void,
): LogTargets {
  let current = settings
  let targets = openTargets(settings, stdout, complain)
  const root = new ChangingLog(logOf(settings, targets))
  const change = (next: LogSettings) => {
    const opened = openTargets(next, stdout, complain)
    for (const target of targets) target.close()
    targets = opened
    current = next
    root.current = logOf(next, targets)
  }
  return {
    log: root,
    change,
    reopen: () => change(current),
    close() {
      for (const target of targets) target.close()
    },
  }
}

function openTargets(
  { file, syslogServer, syslogFacility }: LogSettings,
  stdout: LogDestination,
  complain: (text: string) => void,
): readonly Target[] {
  const targets: Target[] = []
  if (file !== '') targets.push(openFile(file, complain))
  if (syslogServer !== null) targets.push(openSyslog(syslogServer, syslogFacility, complain))
  if (targets.length > 0) return targets
  const write = (line: string) => stdout.write(line)
  return [{ kind: 'stream', write, isTTY: stdout.isTTY, close: () => {} }]
}

function logOf({ level, format, serviceLevels }: LogSettings, targets: readonly Target[]): Log {
  const logs = targets.map((destination) => {
    // A line of JSON says neither its level nor its length before it is parsed.
    const own: LogOptions['format'] = destination.kind === 'syslog' ? 'pretty' : format
    const logAt = (of: LogLevel) => createLog({ level: of, format: own, destination })
    if (serviceLevels.length === 0) return logAt(level)
    const byService = new Map(
      serviceLevels.map(({ service, level: of }) => [service, logAt(of)] as const),
    )
    return new LevelledLog(logAt(level), byService)
  })
  const [first, second] = logs
  if (first === undefined) throw new Error('no target')
  return second === undefined ? first : both(first, second)
}

/** The log of a service, from where it is told which one it is. */
class LevelledLog implements Log {
  readonly #rest: Log
  readonly #byService: ReadonlyMap<string, Log>
  readonly #fields: LogFields

  constructor(rest: Log, byService: ReadonlyMap<string, Log>, fields: LogFields = {}) {
    this.#rest = rest
    this.#byService = byService
    this.#fields = fields
  }

  debug(fields: LogFields, message: string): void {
    this.#of(fields).debug(fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.#of(fields).info(fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#of(fields).warn(fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.#of(fields).error(fields, message)
  }

  child(fields: LogFields): Log {
    const all = { ...this.#fields, ...fields }
    const { service } = fields
    const own = typeof service === 'string' ? this.#byService.get(service) : undefined
    // Whose children are of the same service.
    if (own !== undefined) return own.child(all)
    return new LevelledLog(this.#rest.child(fields), this.#byService, all)
  }

  /** One line may say by itself which service it is of. */
  #of({ service }: LogFields): Log {
    const own = typeof service === 'string' ? this.#byService.get(service) : undefined
    return own === undefined ? this.#rest : own.child(this.#fields)
  }
}

function both(first: Log, second: Log): Log {
  const write = (level: LogLevel) => (fields: LogFields, message: string) => {
    first[level](fields, message)
    second[level](fields, message)
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => both(first.child(fields), second.child(fields)),
  }
}

/** Line by line and at once, so that what a crash leaves is all there was. Many processes may append. */
function openFile(path: string, complain: (text: string) => void): Target {
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, LOG_FILE_MODE)
  let isComplaining = false
  let isClosed = false
  return {
    kind: 'file',
    write(line) {
      // Its number may be another file's by now.
      if (isClosed) return
      try {
        writeSync(file, line)
        isComplaining = false
      } catch (error) {
        // A full disk must not stop the mail.
        if (!isComplaining) complain(`cannot write the log ${path}: ${String(error)}\n`)
        isComplaining = true
      }
    },
    close() {
      isClosed = true
      closeSync(file)
    },
  }
}

/** Children are made again when the log they stand on is another one. */
class ChangingLog implements Log {
  readonly #parent: ChangingLog | undefined
  readonly #fields: LogFields
  #own: Log
  #madeOf: Log | undefined

  constructor(log: Log, parent?: ChangingLog, fields: LogFields = {}) {
    this.#parent = parent
    this.#fields = fields
    this.#own = log
    this.#madeOf = parent?.current
  }

  get current(): Log {
    const base = this.#parent?.current
    if (base !== undefined && base !== this.#madeOf) {
      this.#own = base.child(this.#fields)
      this.#madeOf = base
    }
    return this.#own
  }

  set current(log: Log) {
    this.#own = log
  }

  debug(fields: LogFields, message: string): void {
    this.current.debug(fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.current.info(fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.current.warn(fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.current.error(fields, message)
  }

  child(fields: LogFields): Log {
    return new ChangingLog(this.current.child(fields), this, fields)
  }
}
