import { describe, expect, it } from 'vitest'
import { conditionExpression, Placeholders } from '#shared/storage/aws/expression.ts'
import type { Condition } from '#shared/storage/ports.ts'

/** With names and values put back, for reading. */
function written(condition: Condition): string {
  const use = new Placeholders()
  const expression = conditionExpression(condition, use)
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } =
    use.fields()
  return expression
    .replace(/#n\d+/g, (name) => names[name] ?? name)
    .replace(/:v\d+/g, (value) => Object.values(values[value] ?? {}).join())
}

const one: Condition = { attribute: 'n', is: '=', value: 1 }
const other: Condition = { exists: 'm' }

describe('conditionExpression', () => {
  // DynamoDB: "The expression has redundant parentheses". A group of one needs none, however deep it stands.
  it.each([
    ['n = 1', { all: [one] }],
    ['n = 1', { any: [one] }],
    ['n = 1', { all: [{ any: [{ all: [one] }] }] }],
    ['(n = 1 AND attribute_exists(m))', { all: [one, other] }],
    ['(n = 1 OR attribute_exists(m))', { any: [one, other] }],
    ['(n = 1 AND attribute_exists(m))', { any: [{ all: [one, other] }] }],
    ['(n = 1 AND (attribute_exists(m) OR n = 1))', { all: [one, { any: [other, one] }] }],
    ['(NOT n = 1)', { not: { all: [one] } }],
    ['(NOT n = 1)', { all: [{ not: one }] }],
    ['(NOT (n = 1 OR attribute_exists(m)))', { not: { any: [one, other] } }],
    ['(attribute_type(s, SS) AND contains(s, x))', { all: [{ attribute: 's', contains: 'x' }] }],
    ['(attribute_exists(pk) OR attribute_not_exists(pk))', { all: [{ all: [] }] }],
    ['(attribute_exists(pk) AND attribute_not_exists(pk))', { any: [] }],
  ] satisfies [string, Condition][])('writes %s', (expression, condition) => {
    expect(written(condition)).toBe(expression)
  })
})
