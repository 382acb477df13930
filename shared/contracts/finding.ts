// What a look at the system found: told by services/doctor, kept by a job, shown by whoever asks.

/** One line of what was measured. `next`: what to do, where there is something to do. */
export type Finding = {
  readonly check: string
  /** What it is of: an address, a domain, a record. */
  readonly of: string
  /** unknown: it could not be measured, and nothing follows from it. */
  readonly state: 'ok' | 'warn' | 'bad' | 'unknown'
  readonly found: string
  readonly next?: string
}
