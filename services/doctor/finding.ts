import type { Finding } from '#shared/contracts/finding.ts'

export type { Finding }

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
