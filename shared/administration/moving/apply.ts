// A plan of what comes over from another mail system, done: domains, accounts, aliases, tables, signing keys, settings, in this order, each told. What is
// there and as it should be is left alone, so that it may be done again, after an end in the middle and when the old system has changed.

import { itemsOf, type MovingPlan } from '#shared/moving/configurations/plan.ts'
import type { Administration } from '../administration.ts'
import { applyForwards } from './apply-forwards.ts'
import { accountTexts, aliasTexts, applyRows, domainTexts } from './apply-rows.ts'
import { applySettings } from './apply-settings.ts'
import { applySigningKeys } from './apply-signing-keys.ts'
import { applyTables } from './apply-tables.ts'
import type { ApplyOptions, Outcome } from './outcome.ts'

export type ApplyDeps = Pick<
  Administration,
  'domains' | 'imports' | 'accounts' | 'access' | 'settings' | 'signing'
>

export async function* applyPlan(
  administration: ApplyDeps,
  plan: MovingPlan,
  options: ApplyOptions = {},
): AsyncGenerator<Outcome> {
  const { domains, imports, accounts, access, settings, signing } = administration
  /** Domains that a rehearsal has not made. */
  const coming = new Set<string>()
  if (options.dryRun) {
    for (const { domain } of itemsOf(plan, 'domain')) {
      // A server tells of an import how many were added, and not which.
      const found = await domains.show(domain)
      if (found.kind === 'no-such-domain') coming.add(domain)
    }
  }
  yield* applyRows(imports, 'domains', domainTexts(plan), options, coming)
  yield* applyRows(imports, 'accounts', accountTexts(plan), options, coming)
  yield* applyRows(imports, 'aliases', aliasTexts(plan), options, coming)
  yield* applyForwards(accounts, itemsOf(plan, 'forward'), options, coming)
  yield* applyTables(access, itemsOf(plan, 'table'), options)
  yield* applySigningKeys(signing, itemsOf(plan, 'signing-key'), options, coming)
  yield* applySettings(settings, itemsOf(plan, 'setting'), options)
}
