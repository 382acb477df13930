// Aliases of an import: the lines of Postfix's virtual(5) and of aliases(5), or CSV with a heading.

import {
  ALIAS_TARGETS_MAX,
  type Alias,
  type AliasAdded,
  type AliasChanged,
} from '#shared/directory/aliases.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { ownerOfAlias } from '../alias-owner.ts'
import { addressOfAlias, type Fields, formatAliasName } from '../fields.ts'
import { overDomainLimit } from '../over-limit.ts'
import { badValue, type Parsed, type Refusal } from '../refusals.ts'
import { warnOfAlias } from '../warnings.ts'
import { aliasColumns } from './columns.ts'
import type { Cells, Row } from './lines.ts'
import type { Named, PlanOptions, RowKind } from './plan.ts'

type WantedAlias = Named & Alias

const AT_ONCE = 16

export function aliasRows(
  { directory }: { readonly directory: Directory },
  fields: Fields,
  { madeBy, refusalOf }: Pick<PlanOptions, 'madeBy' | 'refusalOf'> = {},
): RowKind<WantedAlias> {
  const { aliases } = directory

  async function refusedTo({ name }: WantedAlias): Promise<Refusal | undefined> {
    const address = addressOfAlias(name)
    const owner = refusalOf && address && (await ownerOfAlias(directory, address))
    return owner && refusalOf?.(owner)
  }

  return {
    many: 'aliases',
    field: 'alias',
    columns: aliasColumns,
    join: joinContinued,
    parse: (row) =>
      parseAlias(row.kind === 'fields' ? row.fields : virtualCells(row.text.trim()), fields),
    domainOf: ({ name }) => name.domain,
    async standing({ name, targets }) {
      const found = await aliases.get(name)
      if (found === undefined) return 'missing'
      const there = new Set(found.targets.map(formatAddress))
      const given = new Set(targets.map(formatAddress))
      return there.symmetricDifference(given).size === 0 ? 'same' : 'differs'
    },
    async add(all) {
      const refusals = await concurrently(all, AT_ONCE, refusedTo)
      const some = all.filter((_, i) => refusals[i] === undefined)
      const added = (await aliases.addAll(some, madeBy)).values()
      return all.map((wanted, i) => {
        const refused = refusals[i]
        if (refused !== undefined) return refused
        const one: AliasAdded = added.next().value ?? { kind: 'exists' }
        return one.kind === 'ok' ? undefined : refusal(one, wanted)
      })
    },
    async update(wanted) {
      const refused = await refusedTo(wanted)
      if (refused !== undefined) return refused
      const changed = await aliases.set(wanted.name, wanted.targets)
      return changed.kind === 'ok' ? undefined : refusal(changed, wanted)
    },
    warn: (wanted) => warnOfAlias(directory, wanted),
  }
}

/** A line that begins with a blank goes on with the one before it. */
function* joinContinued(rows: Iterable<Row>): Generator<Row> {
  let last: { readonly kind: 'line'; readonly number: number; readonly text: string } | undefined
  for (const row of rows) {
    if (row.kind === 'fields') yield row
    else if (last !== undefined && /^\s/.test(row.text)) {
      last = { ...last, text: `${last.text} ${row.text}` }
    } else {
      if (last !== undefined) yield last
      last = row
    }
  }
  if (last !== undefined) yield last
}

/** `name target, target` or `name: target, target`. */
function virtualCells(text: string): Cells {
  const afterQuotes = text.startsWith('"') ? Math.max(0, text.indexOf('"', 1)) : 0
  const length = text.slice(afterQuotes).search(/[\s:]/)
  const end = length === -1 ? text.length : afterQuotes + length
  return { alias: text.slice(0, end), targets: text.slice(end).replace(/^\s*:/, '') }
}

function parseAlias(cells: Cells, fields: Fields): Parsed<WantedAlias> {
  const name = fields.aliasName(cells.alias ?? '')
  if (name.kind !== 'ok') return name
  const targets = fields.targets([cells.targets ?? ''])
  if (targets.kind !== 'ok') return targets
  const key = formatAliasName(name.value)
  const { size } = new Set(targets.value.map(formatAddress))
  if (size === 0 || size > ALIAS_TARGETS_MAX) return tooManyTargets(key, size)
  // Names of aliases do not tell capitals from small letters.
  const wanted = { key: key.toLowerCase(), name: name.value, targets: targets.value }
  return { kind: 'ok', value: wanted }
}

const tooManyTargets = (key: string, count: number) =>
  badValue('targets', key, { name: 'target-count', count, max: ALIAS_TARGETS_MAX })

/** What changed since all was checked, or what only the directory knows. */
function refusal(
  why: Exclude<AliasAdded | AliasChanged, { readonly kind: 'ok' }>,
  wanted: WantedAlias,
): Refusal {
  const value = wanted.key
  const { kind } = why
  switch (kind) {
    case 'over-limit':
      return overDomainLimit(why, { domain: wanted?.name.domain ?? '', value })
    case 'bad-targets':
      return tooManyTargets(value, wanted.targets.length)
    case 'no-such-domain':
      return { kind, field: 'alias', value, domain: wanted.name.domain }
    case 'exists':
    case 'no-such-alias':
    case 'changed-meanwhile':
      return { kind, field: 'alias', value }
  }
}
