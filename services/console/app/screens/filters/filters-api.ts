// Scripts and what the console writes as scripts, as the API tells of them.

export type Script = {
  readonly name: string
  readonly bytes: number
  readonly changedAt: string
  readonly isActive: boolean
}

export type Finding = {
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export type WholeScript = Script & {
  readonly text: string
  readonly findings: readonly Finding[]
}

export type Rule = {
  readonly field: 'from' | 'to' | 'subject'
  readonly contains: string
  readonly action:
    | { readonly kind: 'file'; readonly folder: string }
    | { readonly kind: 'flag'; readonly flag: 'flagged' | 'seen' }
    | { readonly kind: 'forward'; readonly to: string; readonly keep: boolean }
    | { readonly kind: 'discard' }
}

export type Away = {
  readonly from: string | null
  readonly until: string | null
  readonly subject: string
  readonly text: string
  readonly addresses: readonly string[]
}

export type Filters = {
  readonly active: string | null
  readonly own: string | null
  /** Null: written by hand. */
  readonly rules: readonly Rule[] | null
  readonly rulesAreOn: boolean
  readonly away: Away | null
  readonly awayIsOn: boolean
  readonly awayIsByHand: boolean
}

export type Trial = {
  readonly trace: readonly {
    readonly script: string
    readonly line: number
    readonly depth: number
    readonly name: string
    readonly result: boolean | null
  }[]
  readonly isCut: boolean
  readonly notes: readonly string[]
  readonly actions: readonly {
    readonly kind: string
    readonly line: number
    readonly folder?: string
    readonly flags?: readonly string[]
    readonly to?: string
    readonly reason?: string
  }[]
  readonly failure: {
    readonly script: string
    readonly line: number
    readonly reason: string
  } | null
}

export type Listed<Row> = { readonly data: readonly Row[] }
