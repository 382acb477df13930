// Domains, accounts and aliases as the API has them.

export type Domain = {
  readonly domain: string
  readonly accounts: number
  readonly aliases: number
  readonly createdAt: string
  /** Null: none. */
  readonly limits: {
    readonly accounts: number | null
    readonly aliases: number | null
    readonly quotaBytes: number | null
  }
}

export type Account = {
  readonly id: string
  readonly address: string
  readonly enabled: boolean
  readonly shared: boolean
  /** 0: no limit. */
  readonly quotaBytes: number
  readonly hasDefaultQuota: boolean
  readonly usedBytes: number
  readonly messages: number
  readonly password: { readonly kind: string; readonly scheme?: string }
  readonly createdAt: string
  /** Where a list is sorted by it; null: none is known. */
  readonly lastLoginAt?: string | null
  readonly frozen: {
    readonly reason: string
    readonly since: string
    readonly isContained: boolean
  } | null
  readonly forward: Forward | null
}

export type Forward = { readonly to: readonly string[]; readonly keep: boolean }

export type Alias = { readonly alias: string; readonly targets: readonly string[] }

export type Warning = { readonly kind: string; readonly [fact: string]: unknown }
