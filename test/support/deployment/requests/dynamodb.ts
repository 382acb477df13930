// Actions of DynamoDB on tables and indexes, with the condition keys of fine-grained access control. Every table of the project
// has the partition key `pk`.

import type { AccessRequest } from '../iam.ts'
import { type JsonRecord, listOf, recordOf, textOf } from '../json.ts'
import {
  bodyOf,
  type Place,
  requiredText,
  targetOperation,
  UnknownRequest,
  type WireRequest,
} from '../wire-request.ts'

const PARTITION_KEY = 'pk'

type Context = AccessRequest['context']
/** Of one request: what its parts need to say where they go. */
type Scope = { readonly request: WireRequest; readonly place: Place }

export function dynamodbAccesses(request: WireRequest, place: Place): readonly AccessRequest[] {
  const operation = targetOperation(request)
  const body = bodyOf(request)
  const scope = { request, place }
  switch (operation) {
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return [itemAccess(scope, operation, body, [body.Key])]
    case 'PutItem':
      return [itemAccess(scope, operation, body, [body.Item])]
    case 'Query':
      return [queryAccess(scope, body)]
    case 'Scan':
      return [access(scope, 'Scan', body, { ...selectContext(body), ...attributes([], body) })]
    case 'DescribeTable':
      return [access(scope, operation, body, {})]
    case 'BatchGetItem':
      return batch(scope, operation, (entry) => listOf(recordOf(entry).Keys))
    case 'BatchWriteItem':
      return batch(scope, operation, (entry) => listOf(entry).map(writtenItem))
    case 'TransactGetItems':
    case 'TransactWriteItems':
      return listOf(body.TransactItems).map((part) => transactionPart(scope, operation, part))
    default:
      throw new UnknownRequest(request)
  }
}

function access(scope: Scope, name: string, body: JsonRecord, context: Context): AccessRequest {
  const table = tableArn(scope, requiredText(scope.request, body.TableName, 'TableName'))
  const index = textOf(body.IndexName)
  return {
    action: `dynamodb:${name}`,
    resource: index === undefined ? table : `${table}/index/${index}`,
    context,
  }
}

function itemAccess(
  scope: Scope,
  name: string,
  body: JsonRecord,
  items: readonly unknown[],
): AccessRequest {
  return access(scope, name, body, {
    'dynamodb:LeadingKeys': items.map((item) => leadingKey(scope, recordOf(item)[PARTITION_KEY])),
    ...attributes(items, body),
  })
}

function queryAccess(scope: Scope, body: JsonRecord): AccessRequest {
  // The partition key is the one attribute bound by `=` in the first place; that of an index has another name.
  const [, name = '', value = ''] =
    /^\s*\(?\s*([\w#]+)\s*=\s*(:\w+)/.exec(textOf(body.KeyConditionExpression) ?? '') ?? []
  const attribute = recordOf(body.ExpressionAttributeNames)[name] ?? name
  if (body.IndexName === undefined && attribute !== PARTITION_KEY) {
    throw new UnknownRequest(scope.request, 'the key condition does not begin with the partition')
  }
  const key = leadingKey(scope, recordOf(body.ExpressionAttributeValues)[value])
  return access(scope, 'Query', body, {
    'dynamodb:LeadingKeys': [key],
    ...selectContext(body),
    ...attributes([], body),
  })
}

/** One for each table. */
function batch(
  scope: Scope,
  name: string,
  itemsOf: (entry: unknown) => readonly unknown[],
): readonly AccessRequest[] {
  const tables = Object.entries(recordOf(bodyOf(scope.request).RequestItems))
  return tables.map(([TableName, entry]) =>
    itemAccess(scope, name, { ...recordOf(entry), TableName }, itemsOf(entry)),
  )
}

function writtenItem(write: unknown): unknown {
  const { PutRequest: put, DeleteRequest: remove } = recordOf(write)
  return put === undefined ? recordOf(remove).Key : recordOf(put).Item
}

const actionOfPart: ReadonlyMap<string, string> = new Map([
  ['Get', 'GetItem'],
  ['Put', 'PutItem'],
  ['Update', 'UpdateItem'],
  ['Delete', 'DeleteItem'],
  ['ConditionCheck', 'ConditionCheckItem'],
])

/** There is no permission for transactions as such: each part needs its own. */
function transactionPart(scope: Scope, operation: string, part: unknown): AccessRequest {
  const [kind = '', value] = Object.entries(recordOf(part))[0] ?? []
  const name = actionOfPart.get(kind)
  if (name === undefined) throw new UnknownRequest(scope.request, `a part ${kind}`)
  const body = recordOf(value)
  const { context, ...rest } = itemAccess(scope, name, body, [body.Key ?? body.Item])
  return { ...rest, context: { ...context, 'dynamodb:EnclosingOperation': [operation] } }
}

/** Of an attribute value as on the wire: `{ "S": "…" }`. */
function leadingKey({ request }: Scope, value: unknown): string {
  const [key] = Object.values(recordOf(value))
  if (typeof key !== 'string') throw new UnknownRequest(request, 'no partition key')
  return key
}

function selectContext(body: JsonRecord): Context {
  const select = textOf(body.Select)
  if (select !== undefined) return { 'dynamodb:Select': select }
  if (body.ProjectionExpression !== undefined) return { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' }
  const isIndex = body.IndexName !== undefined
  return { 'dynamodb:Select': isIndex ? 'ALL_PROJECTED_ATTRIBUTES' : 'ALL_ATTRIBUTES' }
}

const expressions = [
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'ProjectionExpression',
  'UpdateExpression',
]
/** Words of the expression language, which no attribute of ours is called without a placeholder. */
const keywords: ReadonlySet<string> = new Set(
  'SET REMOVE ADD DELETE AND OR NOT BETWEEN IN attribute_exists attribute_not_exists attribute_type begins_with contains size if_not_exists list_append'.split(
    ' ',
  ),
)

/** Top-level attributes that keys, items and expressions name. */
function attributes(items: readonly unknown[], body: JsonRecord): Context {
  const named = expressions
    .flatMap((member) => (textOf(body[member]) ?? '').match(/(?<![\w:#.])[A-Za-z_]\w*/g) ?? [])
    .filter((word) => !keywords.has(word))
  const placed = Object.values(recordOf(body.ExpressionAttributeNames)).map(String)
  const inItems = items.flatMap((item) => Object.keys(recordOf(item)))
  return { 'dynamodb:Attributes': [...new Set([...inItems, ...placed, ...named])].toSorted() }
}

/** The name may be an ARN already. */
function tableArn({ place: { region, accountId } }: Scope, name: string): string {
  return name.startsWith('arn:') ? name : `arn:aws:dynamodb:${region}:${accountId}:table/${name}`
}
