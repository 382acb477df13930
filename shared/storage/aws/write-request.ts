// A write of the port as the fields of DynamoDB's request, for a call of its own or as a part of a transaction.

import type { TransactWriteItem } from '@aws-sdk/client-dynamodb'
import type { Condition, Write } from '../ports.ts'
import { toAttributes } from './attribute-value.ts'
import { conditionExpression, keyOf, Placeholders, updateExpression } from './expression.ts'

type Put = Extract<Write, { readonly put: unknown }>
type Update = Extract<Write, { readonly update: unknown }>
type Delete = Extract<Write, { readonly delete: unknown }>
type Check = Extract<Write, { readonly check: unknown }>

export function putRequest(tableName: string, write: Put) {
  const use = new Placeholders()
  const condition = write.if && conditionFields(write.if, use)
  return { TableName: tableName, Item: toAttributes(write.put), ...condition, ...use.fields() }
}

export function deleteRequest(tableName: string, write: Delete) {
  const use = new Placeholders()
  const condition = write.if && conditionFields(write.if, use)
  return { TableName: tableName, Key: keyOf(write.delete), ...condition, ...use.fields() }
}

export function updateRequest(tableName: string, write: Update) {
  const use = new Placeholders()
  // An update needs an expression in a transaction, even one that does nothing but create the item.
  const changes = updateExpression(write.changes, use) ?? `REMOVE ${use.name('-')}`
  const condition = write.if && conditionFields(write.if, use)
  return {
    TableName: tableName,
    Key: keyOf(write.update),
    UpdateExpression: changes,
    ...condition,
    ...use.fields(),
  }
}

function checkRequest(tableName: string, write: Check) {
  const use = new Placeholders()
  const condition = conditionFields(write.if, use)
  return { TableName: tableName, Key: keyOf(write.check), ...condition, ...use.fields() }
}

export function transactItem(tableName: string, write: Write): TransactWriteItem {
  if ('put' in write) return { Put: putRequest(tableName, write) }
  if ('update' in write) return { Update: updateRequest(tableName, write) }
  if ('delete' in write) return { Delete: deleteRequest(tableName, write) }
  return { ConditionCheck: checkRequest(tableName, write) }
}

function conditionFields(condition: Condition, use: Placeholders) {
  return {
    ConditionExpression: conditionExpression(condition, use),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  }
}
