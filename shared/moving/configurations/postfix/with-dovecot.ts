// Postfix and Dovecot of one machine.

import { type MovingPlan, mergePlans } from '../plan.ts'

/** Quotas are Dovecot's: Postfix's limits are of files that it writes itself. */
const dovecots: readonly string[] = ['mailboxSizeLimit', 'mailboxMessageLimit']

/** Of what both say Postfix's counts. */
export function withDovecot(postfix: MovingPlan, dovecot: MovingPlan): MovingPlan {
  const said = new Set(
    dovecot.items.flatMap((item) =>
      item.kind === 'setting' && dovecots.includes(item.path) ? [item.path] : [],
    ),
  )
  const items = postfix.items.filter((item) => item.kind !== 'setting' || !said.has(item.path))
  return { ...mergePlans(dovecot, { ...postfix, items }), from: 'postfix' }
}
