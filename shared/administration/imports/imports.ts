// Imports: rows of a text as domains, accounts or aliases.

import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import type { Source } from './lines.ts'
import type { ImportPlan, PlanOptions } from './plan.ts'

export interface ImportAdministration {
  /** Checks all rows; nothing is changed until the plan is run. */
  plan(what: ImportWhat, source: Source, options?: PlanOptions): Promise<ImportPlan>
}

export type ImportWhat = 'domains' | 'accounts' | 'aliases'

/** Loaded only where something is imported: the mechanism, and the rows, of which accounts bring native code with them. */
export function createImportAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): ImportAdministration {
  return {
    async plan(what, source, { madeBy, within, refusalOf } = {}) {
      const { planImport } = await import('./plan.ts')
      switch (what) {
        case 'domains': {
          const { domainRows } = await import('./domain-rows.ts')
          return await planImport(domainRows(deps), source, deps, { within })
        }
        case 'aliases': {
          const { aliasRows } = await import('./alias-rows.ts')
          return await planImport(aliasRows(deps, fields, { madeBy, refusalOf }), source, deps, {
            within,
          })
        }
        case 'accounts': {
          const { accountRows } = await import('./account-rows.ts')
          return await planImport(accountRows(deps, fields, { madeBy, refusalOf }), source, deps, {
            within,
          })
        }
      }
    },
  }
}
