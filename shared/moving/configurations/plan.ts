// What becomes here of the configuration of another mail system: one value, made by readers that write nothing, which a person can read
// before anything is done (`--dry-run`) and which shared/administration/moving applies.

/** Where it stood: a file as it is named in its own system, and a line from 1; 0 where a file has none. */
export type Place = { readonly file: string; readonly line: number }

export type PlannedItem =
  /** `text` as our own configuration would have it; its kind has taken it. */
  | { readonly kind: 'setting'; readonly path: string; readonly text: string; readonly from: Place }
  | { readonly kind: 'domain'; readonly domain: string; readonly from: Place }
  | PlannedAccount
  | PlannedAlias
  | PlannedForward
  | PlannedTable
  | PlannedSigningKey

export type PlannedAccount = {
  readonly kind: 'account'
  readonly address: string
  /** With its scheme in braces; null: there is none, and nobody logs in. */
  readonly hash: string | null
  /** 0: no limit; null: as the setting says. */
  readonly quotaBytes: number | null
  readonly enabled: boolean
  readonly from: Place
}

/** `@example.net` is a catch-all. */
export type PlannedAlias = {
  readonly kind: 'alias'
  readonly alias: string
  readonly targets: readonly string[]
  readonly from: Place
}

/** Of an account whose own address led elsewhere; `keep`: to itself as well. */
export type PlannedForward = {
  readonly kind: 'forward'
  readonly address: string
  readonly targets: readonly string[]
  readonly keep: boolean
  readonly from: Place
}

export type PlannedTable = {
  readonly kind: 'table'
  readonly table: string
  /** Results are judged only where restrictions ask the table. */
  readonly use: 'access' | 'list' | 'map'
  readonly entries: readonly PlannedEntry[]
  readonly from: Place
}
export type PlannedEntry = {
  readonly key: string
  readonly result: string
  readonly from: Place
}

/** Of DKIM; `pem` as it stands there, whatever that is. */
export type PlannedSigningKey = {
  readonly kind: 'signing-key'
  readonly domain: string
  readonly selector: string
  readonly pem: string
  readonly from: Place
}

/** What did not come over as it was. */
export type Note = {
  readonly kind: NoteKind
  /** A parameter, a table, an address. */
  readonly about: string
  readonly reason: string
  readonly from: Place
}
export type NoteKind =
  /** It came over, and is not quite the same. */
  | 'differs'
  /** It did not, and nothing is lost. */
  | 'not-needed'
  /** It did not. */
  | 'not-supported'
  /** It needs somebody's hand. */
  | 'to-do'
  /** It was wrong where it stood. */
  | 'faulty'

export type Foreign =
  | 'postfix'
  | 'dovecot'
  | 'qmail'
  | 'sendmail'
  | 'exim'
  | 'courier'
  | 'database'
  | 'opendkim'

export type MovingPlan = {
  readonly from: Foreign
  readonly items: readonly PlannedItem[]
  readonly notes: readonly Note[]
}

type ItemOf<K extends PlannedItem['kind']> = Extract<PlannedItem, { readonly kind: K }>

export const itemsOf = <K extends PlannedItem['kind']>(
  { items }: Pick<MovingPlan, 'items'>,
  kind: K,
): readonly ItemOf<K>[] => items.filter((item): item is ItemOf<K> => item.kind === kind)

/** The same thing said by two sources is one; what the later says counts, where an account's hash is not lost to one without. */
export function mergePlans(first: MovingPlan, ...others: readonly MovingPlan[]): MovingPlan {
  const byName = new Map<string, PlannedItem>()
  for (const item of [first, ...others].flatMap(({ items }) => items)) {
    const name = nameOf(item)
    const before = byName.get(name)
    byName.set(name, before === undefined ? item : merged(before, item))
  }
  return {
    from: first.from,
    items: [...byName.values()],
    notes: withoutDoubles([first, ...others].flatMap(({ notes }) => notes)),
  }
}

/** Of an account that two sources have both say the same. */
function withoutDoubles(notes: readonly Note[]): readonly Note[] {
  const seen = new Set<string>()
  return notes.filter(({ kind, about, reason }) => {
    const text = JSON.stringify([kind, about, reason])
    return seen.size < seen.add(text).size
  })
}

function merged(before: PlannedItem, item: PlannedItem): PlannedItem {
  if (before.kind !== 'account' || item.kind !== 'account') return item
  return {
    ...item,
    hash: item.hash ?? before.hash,
    quotaBytes: item.quotaBytes ?? before.quotaBytes,
    enabled: item.enabled && before.enabled,
  }
}

function nameOf(item: PlannedItem): string {
  switch (item.kind) {
    case 'setting':
      return `setting ${item.path}`
    case 'domain':
      return `domain ${item.domain}`
    case 'account':
      return `account ${item.address}`
    case 'alias':
      return `alias ${item.alias}`
    case 'forward':
      return `forward ${item.address}`
    case 'table':
      return `table ${item.table}`
    case 'signing-key':
      return `key ${item.selector} ${item.domain}`
  }
}
