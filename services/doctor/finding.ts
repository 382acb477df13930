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

export type Check = () => Promise<readonly Finding[]>

/** A check that fails has found out nothing. */
export async function measured(check: string, of: string, run: Check): Promise<readonly Finding[]> {
  try {
    return await run()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [{ check, of, state: 'unknown', found: `could not be measured: ${why}` }]
  }
}
