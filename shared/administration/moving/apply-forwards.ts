// Accounts whose own address led elsewhere.

import type { PlannedForward } from '#shared/moving/configurations/plan.ts'
import type { Administration } from '../administration.ts'
import type { ApplyOptions, Outcome } from './outcome.ts'

export async function* applyForwards(
  accounts: Administration['accounts'],
  forwards: readonly PlannedForward[],
  { dryRun = false, update = false }: ApplyOptions,
  coming: ReadonlySet<string>,
): AsyncGenerator<Outcome> {
  for (const { address, targets, keep, from } of forwards) {
    const told = { what: 'forward', name: address, from } as const
    const found = await accounts.show(address)
    if (found.kind !== 'account') {
      const isComing = dryRun && coming.has(address.slice(address.lastIndexOf('@') + 1))
      if (isComing || (dryRun && found.kind === 'no-such-account')) yield { ...told, kind: 'added' }
      else yield { ...told, kind: 'refused', refusal: found }
      continue
    }
    const { forward } = found.account
    if (forward !== null && forward.keep === keep && isSame(forward.to, targets)) {
      yield { ...told, kind: 'unchanged' }
      continue
    }
    // Somebody chose another one meanwhile.
    if (forward !== null && !update) {
      const refusal = { kind: 'differs', field: 'address', value: address } as const
      yield { ...told, kind: 'refused', refusal }
      continue
    }
    const done = dryRun ? undefined : await accounts.forward({ address, to: targets, keep })
    if (done === undefined || done.kind === 'forwarded') {
      yield { ...told, kind: forward === null ? 'added' : 'changed' }
    } else yield { ...told, kind: 'refused', refusal: done }
  }
}

const isSame = (one: readonly string[], other: readonly string[]) =>
  new Set(one).symmetricDifference(new Set(other)).size === 0
