// The audit as the API tells it: who did what, when, from where; how it was before and is after.

export type AuditRecord = {
  readonly id: string
  readonly at: string
  readonly actor: { readonly name: string; readonly role: string; readonly via: string }
  readonly from: { readonly address: string; readonly client: string }
  readonly operation: string
  readonly object: string
  /** `ok`, or the code of what refused it; null: the end is unknown, the server stopped in between. */
  readonly result: string | null
  readonly changes: readonly AuditChange[]
  /** Changes that are not told. */
  readonly moreChanges: number
  readonly requestId: string | null
}

export type AuditChange = {
  readonly what: string
  readonly name: string
  readonly before: { readonly [name: string]: unknown } | null
  readonly after: { readonly [name: string]: unknown } | null
}

export const auditFilters = ['actor', 'object', 'domain', 'operation', 'since'] as const
