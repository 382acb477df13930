// Conditions and changes as DynamoDB expressions. Every attribute name and value is a placeholder, so that no reserved
// word and no character of ours can be read as syntax.

import { compareUtf8 } from '../condition.ts'
import type { Changes, Condition, Key, SortRange, Value } from '../ports.ts'
import { type Attributes, toAttribute } from './attribute-value.ts'

/** Placeholders of one request, shared by all of its expressions. */
export class Placeholders {
  readonly #names = new Map<string, string>()
  readonly #values: Attributes = {}
  #valueCount = 0

  name(attribute: string): string {
    let placeholder = this.#names.get(attribute)
    if (placeholder === undefined) {
      placeholder = `#n${this.#names.size}`
      this.#names.set(attribute, placeholder)
    }
    return placeholder
  }

  value(value: Value): string {
    const placeholder = `:v${this.#valueCount++}`
    this.#values[placeholder] = toAttribute(value)
    return placeholder
  }

  /** The request's fields; DynamoDB refuses empty ones. */
  fields(): {
    ExpressionAttributeNames?: Record<string, string>
    ExpressionAttributeValues?: Attributes
  } {
    const names: Record<string, string> = {}
    for (const [attribute, placeholder] of this.#names) names[placeholder] = attribute
    return {
      ...(this.#names.size > 0 && { ExpressionAttributeNames: names }),
      ...(this.#valueCount > 0 && { ExpressionAttributeValues: this.#values }),
    }
  }
}

export function conditionExpression(condition: Condition, use: Placeholders): string {
  if ('exists' in condition) return `attribute_exists(${use.name(condition.exists)})`
  if ('absent' in condition) return `attribute_not_exists(${use.name(condition.absent)})`
  if ('is' in condition) {
    return `${use.name(condition.attribute)} ${condition.is} ${use.value(condition.value)}`
  }
  if ('contains' in condition) {
    // DynamoDB's `contains` alone would also find a part of a string.
    const attribute = use.name(condition.attribute)
    return `(attribute_type(${attribute}, ${use.value('SS')}) AND contains(${attribute}, ${use.value(condition.contains)}))`
  }
  if ('not' in condition) return `(NOT ${conditionExpression(condition.not, use)})`
  const [members, operator] =
    'all' in condition ? [condition.all, ' AND '] : [condition.any, ' OR ']
  if (members.length === 0) return constant('all' in condition, use)
  // DynamoDB refuses parentheses around parentheses.
  const [only, ...more] = members
  if (only !== undefined && more.length === 0) return conditionExpression(only, use)
  return `(${members.map((member) => conditionExpression(member, use)).join(operator)})`
}

/** DynamoDB has no literals for true and false. */
function constant(truth: boolean, use: Placeholders): string {
  const pk = use.name('pk')
  return `(attribute_exists(${pk}) ${truth ? 'OR' : 'AND'} attribute_not_exists(${pk}))`
}

/** Of checked changes: no set is empty. Undefined when there is nothing to change (the update then only makes sure that the item exists). */
export function updateExpression(changes: Changes, use: Placeholders): string | undefined {
  const set: string[] = []
  const add: string[] = []
  const withdraw: string[] = []
  const remove = (changes.remove ?? []).map((name) => use.name(name))
  for (const [name, value] of Object.entries(changes.set ?? {})) {
    set.push(`${use.name(name)} = ${use.value(value)}`)
  }
  for (const [name, value] of Object.entries(changes.setIfAbsent ?? {})) {
    const attribute = use.name(name)
    set.push(`${attribute} = if_not_exists(${attribute}, ${use.value(value)})`)
  }
  for (const [name, value] of Object.entries(changes.add ?? {})) {
    add.push(`${use.name(name)} ${use.value(value)}`)
  }
  for (const [name, members] of Object.entries(changes.insert ?? {})) {
    add.push(`${use.name(name)} ${use.value(members)}`)
  }
  for (const [name, members] of Object.entries(changes.withdraw ?? {})) {
    withdraw.push(`${use.name(name)} ${use.value(members)}`)
  }
  const clauses: string[] = []
  if (set.length > 0) clauses.push(`SET ${set.join(', ')}`)
  if (add.length > 0) clauses.push(`ADD ${add.join(', ')}`)
  if (withdraw.length > 0) clauses.push(`DELETE ${withdraw.join(', ')}`)
  if (remove.length > 0) clauses.push(`REMOVE ${remove.join(', ')}`)
  return clauses.length > 0 ? clauses.join(' ') : undefined
}

/** Names of the two attributes that a query's keys are in: the table's own or those of an index. */
export type KeyAttributes = { readonly pk: string; readonly sk: string }

export const tableKey: KeyAttributes = { pk: 'pk', sk: 'sk' }

/** Undefined when the range holds no key at all, which DynamoDB would refuse as an error. */
export function keyExpression(
  pk: string,
  range: SortRange | undefined,
  key: KeyAttributes,
  use: Placeholders,
): string | undefined {
  const partition = `${use.name(key.pk)} = ${use.value(pk)}`
  if (range === undefined) return partition
  // DynamoDB refuses names that are not used, so the sort key is named only where it is bound.
  const bound = (operator: string, value: string) =>
    `${partition} AND ${use.name(key.sk)} ${operator} ${use.value(value)}`
  if ('prefix' in range) {
    if (range.prefix === '') return partition
    return `${partition} AND begins_with(${use.name(key.sk)}, ${use.value(range.prefix)})`
  }
  // Sort keys are never empty, so an empty `from` is no bound and an empty `to` excludes all.
  const from = range.from === '' ? undefined : range.from
  const { to } = range
  if (to === '' || (from !== undefined && to !== undefined && compareUtf8(from, to) > 0)) {
    return undefined
  }
  if (from !== undefined && to !== undefined)
    return `${bound('BETWEEN', from)} AND ${use.value(to)}`
  if (from !== undefined) return bound('>=', from)
  if (to !== undefined) return bound('<=', to)
  return partition
}

export function keyOf(key: Key): Attributes {
  return { pk: { S: key.pk }, sk: { S: key.sk } }
}
