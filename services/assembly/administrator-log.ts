// What an administrator changes by the command line belongs into the log of the system, which another process writes. The command
// leaves its lines in the `counters` table; a server takes them from there into its own log, at once or when it starts again.
//
//   ADMINISTRATOR   <ms>#<random>   one line: level, message, fields

import { randomUUID } from 'node:crypto'
import type { Change } from '#shared/administration/changes.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import type { LogLevel } from '#shared/runtime/log-writer.ts'
import type { Signals, Table } from '#shared/storage/ports.ts'

const PK = 'ADMINISTRATOR'
export const ADMINISTRATOR_TOPIC = 'administrator'
/** Should no server come for them. */
const KEPT_SECONDS = 30 * 86_400
const ENTRY_CHARACTERS_MAX = 4_000
const PAGE_ITEMS = 100
/** Of one command; with more the last says how many are missing. */
const ENTRIES_MAX = 10_000

/** JSON characters of the changes told of one command: with more, an entry is none that can be read. */
const CHANGES_CHARACTERS_MAX = 1_000

/**
 * The changes of one command, as fields of its line in the log: what was changed, and how it was before and is after. What does not fit
 * is only counted.
 */
export function changeFields(changes: readonly Change[]): LogFields {
  const told: Change[] = []
  let characters = 0
  for (const change of changes) {
    characters += JSON.stringify(change).length
    if (characters <= CHANGES_CHARACTERS_MAX) told.push(change)
  }
  const more = changes.length - told.length
  return { ...(told.length > 0 && { changes: told }), ...(more > 0 && { moreChanges: more }) }
}

type Entry = { readonly level: LogLevel; readonly fields: LogFields; readonly message: string }

/** A log that keeps its lines until they are handed over. `by`: who gives the command. */
export function createAdministratorLog(deps: {
  readonly counters: Table
  readonly signals: Signals
  readonly clock: Clock
  readonly by: string
}): { readonly log: Log; handOver(): Promise<void> } {
  const entries: Entry[] = []
  let missing = 0

  function logWith(bound: LogFields): Log {
    const keep = (level: LogLevel) => (fields: LogFields, message: string) => {
      if (entries.length === ENTRIES_MAX) missing++
      else entries.push({ level, fields: { ...bound, ...fields }, message })
    }
    return {
      // Nobody reads along with a command.
      debug() {},
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
      child: (fields) => logWith({ ...bound, ...fields }),
    }
  }

  return {
    log: logWith({ service: 'cli', by: deps.by }),
    async handOver() {
      if (missing > 0) {
        const fields = { service: 'cli', by: deps.by, missing }
        entries.push({ level: 'warn', fields, message: 'more was changed than is told' })
      }
      const nowMs = deps.clock.now()
      const at = new Date(nowMs).toISOString()
      const puts = entries.splice(0).map(({ level, fields, message }, n) => {
        const text = JSON.stringify({ ...fields, at }).slice(0, ENTRY_CHARACTERS_MAX)
        const sk = `${nowMs}#${String(n).padStart(6, '0')}#${randomUUID()}`
        const ttl = Math.floor(nowMs / 1000) + KEPT_SECONDS
        return { put: { pk: PK, sk, level, message, fields: text, ttl } }
      })
      if (puts.length === 0) return
      await deps.counters.batchWrite(puts)
      deps.signals.publish(ADMINISTRATOR_TOPIC, '')
    },
  }
}

/**
 * Writes what administrators left into the log, in order; told once, or twice after a crash. One call waits for the other, that
 * would write the same lines.
 */
export function createTakeOver(counters: Table, log: Log): () => Promise<void> {
  let last = Promise.resolve()
  return () => {
    last = last
      .then(() => takeOver(counters, log))
      .catch((error) => log.warn({ error }, 'changes of administrators not told'))
    return last
  }
}

async function takeOver(counters: Table, log: Log): Promise<void> {
  for (;;) {
    const page = await counters.query({ pk: PK, limit: PAGE_ITEMS, consistent: true })
    for (const { level, message, fields } of page.items) {
      const write = level === 'error' || level === 'warn' ? level : 'info'
      log[write](fieldsOf(String(fields)), String(message))
    }
    if (page.items.length === 0) return
    await counters.batchWrite(page.items.map(({ pk, sk }) => ({ delete: { pk, sk } })))
  }
}

function fieldsOf(text: string): LogFields {
  try {
    return Object(JSON.parse(text))
  } catch {
    // It was cut.
    return { service: 'cli', fields: text }
  }
}
