// A change of the directory as an event: what is another than it was, and of whom; how, says who is asked.

import type { NewEvent } from './event.ts'

export type ChangeFacts = {
  readonly what: string
  readonly name: string
  /** Null: it was not there, or is gone. */
  readonly before: unknown
  readonly after: unknown
}

export function changeEvent({ what, name, before, after }: ChangeFacts, atMs: number): NewEvent {
  const act = before === null ? 'added' : after === null ? 'removed' : 'changed'
  // `ann@example.org`, `@example.org`, `example.org`; of tables it is none, and nobody's domain.
  const domain = name.slice(name.lastIndexOf('@') + 1).toLowerCase()
  return {
    topic: 'directory',
    scope: { domains: [domain], accountIds: [] },
    atMs,
    data: () => ({ what, name, act }),
  }
}
