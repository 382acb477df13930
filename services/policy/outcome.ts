import type { PolicyVerdict } from '#shared/contracts/policy.ts'

/** What counts of a verdict: whether the mail is taken, and what the client is told. */
export function outcomeOf(verdict: PolicyVerdict): string {
  switch (verdict.kind) {
    case 'reject':
      return `${verdict.reply.code} ${verdict.reply.status} (${verdict.restriction})`
    case 'discard':
      return `discarded (${verdict.restriction})`
    default: {
      const { hold, redirect, filter } = verdict
      const besides = [
        hold !== undefined && 'held',
        redirect !== undefined && `redirected to ${redirect}`,
        filter !== undefined && `filtered by ${filter}`,
      ].filter(Boolean)
      return besides.length === 0 ? 'taken' : `taken, ${besides.join(', ')}`
    }
  }
}
