// Settings that were changed while the system ran: which are in force beside those of the file or the deployment, and which are not used.

import type { Finding } from './finding.ts'
import type { DoctorWorld } from './world.ts'

/** That are named. */
const NAMED_MAX = 10

export async function checkSettings(
  world: Pick<DoctorWorld, 'changedSettings'>,
): Promise<readonly Finding[]> {
  const { inForce, unused } = await world.changedSettings()
  const some = inForce.slice(0, NAMED_MAX).map(({ path, value }) => `${path}=${value}`)
  const more = inForce.length > NAMED_MAX ? [`and ${inForce.length - NAMED_MAX} more`] : []
  const found = inForce.length === 0 ? 'none was changed' : [...some, ...more].join(', ')
  return [
    { check: 'settings', of: 'changed while it ran', state: 'ok', found },
    ...unused.map(
      ({ path, reason }): Finding => ({
        check: 'settings',
        of: path,
        state: 'warn',
        found: `stored and not used: ${reason}`,
        next: `postwolke setting set ${path} to what goes with the others, or reset it`,
      }),
    ),
  ]
}
