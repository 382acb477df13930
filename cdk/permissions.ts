// What services may do, in words they share. Every statement names its actions and what they are done to; whatever a service
// may besides stands in its own file.

import { Stack } from 'aws-cdk-lib'
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { TAKEOUT_OBJECTS } from '#shared/administration/takeouts/records.ts'
import { SETTINGS_PK, SETTINGS_STATE_PK } from '#shared/directory/stored-settings.ts'
import { PARTS_PK as FIGURE_PARTS_PK } from '#shared/figures/parts.ts'
import { STORE_PK } from '#shared/storage/format.ts'
import type { Deployment } from './configuration.ts'
import type { Parts } from './parts.ts'
import type { Queues } from './queues.ts'
import type { Storage } from './storage.ts'

export function allow(
  actions: readonly string[],
  resources: readonly string[],
  conditions: { readonly [operator: string]: { readonly [key: string]: readonly string[] } } = {},
): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: [...resources],
    conditions,
  })
}

/** Only items whose partition key begins in one of these ways. */
export function keysLike(...patterns: readonly string[]) {
  return { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns } } as const
}

/** Reads the version of what is stored, as every entry does that opens tables; for those that may not read the directory anyhow. */
export function readStoreFormat({ tables: { directory } }: Storage): PolicyStatement {
  return allow(['dynamodb:GetItem'], [directory.tableArn], keysLike(STORE_PK))
}

/** What administrators changed of the settings while it runs; every entry that opens tables goes by it. */
export function readSettings({ tables: { directory } }: Storage): PolicyStatement {
  return allow(['dynamodb:Query'], [directory.tableArn], keysLike(SETTINGS_PK))
}

/** Leaves what it counted for the sweeper. */
export function sendFigures({ tables: { counters } }: Storage): PolicyStatement {
  return allow(['dynamodb:PutItem'], [counters.tableArn], keysLike(FIGURE_PARTS_PK))
}

/** Maps: all of a small table, keys of a large one; for those that may read single items of the directory anyhow. */
export function readAccessTables({ tables: { directory } }: Storage): PolicyStatement {
  const actions = ['dynamodb:BatchGetItem', 'dynamodb:Query']
  return allow(actions, [directory.tableArn], keysLike('ACCESS*'))
}

/** Records of decisions, for whoever asks why. */
export function recordDecisions({ tables: { counters } }: Storage): PolicyStatement {
  return allow(['dynamodb:BatchWriteItem'], [counters.tableArn], keysLike('DECISION#*'))
}

/** Notes from where somebody logged in, where a restriction list asks for it. */
export function recentLogins({ tables: { counters } }: Storage): PolicyStatement {
  return allow(['dynamodb:PutItem'], [counters.tableArn], keysLike('POP#*'))
}

/** Reads accounts, and writes a better hash of the same password after a login. */
export function logins({ tables: { directory, counters } }: Storage): PolicyStatement[] {
  return [
    allow(['dynamodb:GetItem'], [directory.tableArn]),
    allow(['dynamodb:UpdateItem'], [directory.tableArn], keysLike('ACC#*')),
    allow(
      ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [counters.tableArn],
      keysLike('AUTH#*'),
    ),
  ]
}

/** Scripts of accounts, and the marks on account and address that there is an active one, where they are managed. */
export function keepScripts(
  { listeners }: Deployment,
  { tables: { directory } }: Storage,
): PolicyStatement[] {
  if (!listeners.includes('managesieve')) return []
  return [
    allow(['dynamodb:PutItem', 'dynamodb:DeleteItem'], [directory.tableArn], keysLike('ACC#*')),
    // Of an address no more than that: whose it is, is administration's.
    allow(['dynamodb:UpdateItem'], [directory.tableArn], {
      'ForAllValues:StringLike': {
        'dynamodb:LeadingKeys': ['D#*'],
        'dynamodb:Attributes': ['pk', 'sk', 'accountId', 'filtered'],
      },
    }),
  ]
}

const deliver = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:BatchWriteItem',
] as const
const empty = [...deliver, 'dynamodb:DeleteItem'] as const
/** Conditions on items that a transaction does not write are a right of their own. */
const manage = [...empty, 'dynamodb:ConditionCheckItem'] as const

/** All that the table driver calls. */
export const tableActions: readonly string[] = manage

/** Appends messages to folders, and makes the folders of new accounts. */
export function deliverToMailboxes({ tables: { mail } }: Storage): PolicyStatement {
  return allow(deliver, [mail.tableArn])
}

/** Takes messages and folders away, besides. */
export function emptyMailboxes({ tables: { mail } }: Storage): PolicyStatement {
  return allow(empty, [mail.tableArn])
}

/** All that a mailbox's owner may do. */
export function manageMailboxes({ tables: { mail } }: Storage): PolicyStatement {
  return allow(manage, [mail.tableArn])
}

/** Asks whether a message may come in, and puts it into the queue. */
export function spoolMessages(parts: {
  readonly storage: Storage
  readonly queues: Queues
  readonly policy: { readonly lambda: IFunction }
}): PolicyStatement[] {
  return [
    allow(['lambda:InvokeFunction'], [parts.policy.lambda.functionArn]),
    // And into the journal, by which messages are found that wait from the first on.
    allow(['dynamodb:PutItem'], [parts.storage.tables.queue.tableArn], keysLike('Q#*', 'J#*')),
    allow(['sqs:SendMessage'], [parts.queues.incoming.queue.queueArn]),
    recordDecisions(parts.storage),
    // Who gets copies, and what senders become.
    readAccessTables(parts.storage),
    // What an account sends is counted as it is accepted.
    allow(['dynamodb:UpdateItem'], [parts.storage.tables.counters.tableArn], keysLike('SENT#*')),
    countRates(parts.storage),
  ]
}

/** Puts what scripts in mailboxes send into the queue, and counts it as what its owner submits. Of the queue it reads nothing. */
export function sendByScripts({
  storage,
  queues,
}: {
  readonly storage: Storage
  readonly queues: Queues
}): PolicyStatement[] {
  const { queue, counters } = storage.tables
  return [
    allow(['dynamodb:PutItem'], [queue.tableArn], keysLike('Q#*', 'J#*')),
    allow(['sqs:SendMessage'], [queues.incoming.queue.queueArn]),
    // Who gets copies, and what senders become.
    readAccessTables(storage),
    allow(['dynamodb:UpdateItem'], [counters.tableArn], keysLike('SENT#*')),
    countRates(storage),
  ]
}

/** What scripts remember: whom they answered, what they saw, that their owner was told of a failure. */
export function scriptMemory({ tables: { counters } }: Storage): PolicyStatement {
  return allow(
    ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    [counters.tableArn],
    keysLike('SIEVE#*'),
  )
}

/** Events, in buckets that all processes share. */
export function countRates({ tables: { counters } }: Storage): PolicyStatement {
  return allow(['dynamodb:UpdateItem'], [counters.tableArn], keysLike('RATE#*'))
}

/** Ends the sending of an account that behaves as if its password were stolen. */
export function freezeAccounts({ tables: { directory } }: Storage): PolicyStatement {
  return allow(['dynamodb:UpdateItem'], [directory.tableArn], keysLike('ACC#*'))
}

/** Marks the object of a refused message for the collector. */
export function discardedMessages({ tables: { mail } }: Storage): PolicyStatement {
  return allow(['dynamodb:PutItem'], [mail.tableArn], keysLike('B#*'))
}

/** Sends in the name of every domain that SES has verified for the account, and asks how fast that may be. */
export function sendBySes(scope: Construct): PolicyStatement[] {
  const { partition, region, account } = Stack.of(scope)
  return [
    allow(
      ['ses:SendEmail', 'ses:SendRawEmail'],
      [`arn:${partition}:ses:${region}:${account}:identity/*`],
    ),
    // Of the account, and of nothing in it.
    allow(['ses:GetAccount'], ['*']),
  ]
}

/** Without the right to list, S3 says of an object that is not there only that one may not read it. */
export function readObjects({ objects }: Storage): PolicyStatement[] {
  return [
    allow(['s3:GetObject'], [objects.arnForObjects('mail/*')]),
    allow(['s3:ListBucket'], [objects.bucketArn]),
  ]
}

/** Content filters look at what was spooled, and may have it written anew. */
export function readSpooled(deployment: Deployment, storage: Storage): PolicyStatement[] {
  return deployment.contentFilters.length > 0 ? readObjects(storage) : []
}

/** Counts what came in the name of domains that want reports, and makes them of it, where that is done. */
export function dmarcReports(
  { sendsDmarcReports }: Deployment,
  { tables: { counters } }: Storage,
): PolicyStatement[] {
  if (!sendsDmarcReports) return []
  return [
    allow(
      ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
      [counters.tableArn],
      keysLike('DMARC#*'),
    ),
  ]
}

/** Makes reports of how TLS to other domains went, and of each one once, where that is done. */
export function tlsReports(
  { sendsTlsReports }: Deployment,
  { tables: { counters } }: Storage,
): PolicyStatement[] {
  if (!sendsTlsReports) return []
  return [
    allow(
      ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
      [counters.tableArn],
      keysLike('TLSRPT#*'),
    ),
  ]
}

/** What signs requests to the webhook, where there is one. */
export function readWebhookSecret({ webhookSecretArn }: Deployment): PolicyStatement[] {
  return webhookSecretArn === '' ? [] : [readSecret(webhookSecretArn)]
}

/** What the issuer of logins gave this system, where it is no public client. */
export function readOidcSecret({ oidcClientSecretArn }: Deployment): PolicyStatement[] {
  return oidcClientSecretArn === '' ? [] : [readSecret(oidcClientSecretArn)]
}

export function writeObjects({ objects }: Storage): PolicyStatement {
  return allow(['s3:PutObject', 's3:AbortMultipartUpload'], [objects.arnForObjects('mail/*')])
}

export function writeTakeouts({ objects }: Storage): PolicyStatement {
  const actions = ['s3:PutObject', 's3:AbortMultipartUpload']
  return allow(actions, [objects.arnForObjects(`${TAKEOUT_OBJECTS}*`)])
}

export function readTakeouts({ objects }: Storage): PolicyStatement {
  return allow(['s3:GetObject'], [objects.arnForObjects(`${TAKEOUT_OBJECTS}*`)])
}

export function readSecret(secretArn: string): PolicyStatement {
  return allow(['secretsmanager:GetSecretValue'], [secretArn])
}

/**
 * Queues that tasks make for themselves: the one thing in the system whose name must be known beforehand. No name of a system has
 * the character at its end, so that the queues of `mail` are never those of `mail-test`.
 */
export function watchQueuePrefix(name: string): string {
  return `pw-watch-${name}_`
}

export function watchQueues(scope: Construct, prefix: string): string {
  return Stack.of(scope).formatArn({ service: 'sqs', resource: `${prefix}*` })
}

/** Hints to whoever watches a folder. */
export function sendHints(scope: Construct, prefix: string): PolicyStatement {
  return allow(['sqs:SendMessage'], [watchQueues(scope, prefix)])
}

/** A queue of the task's own. */
export function ownWatchQueue(scope: Construct, prefix: string): PolicyStatement {
  const actions = ['CreateQueue', 'TagQueue', 'DeleteQueue', 'ReceiveMessage', 'DeleteMessage']
  return allow(
    actions.map((action) => `sqs:${action}`),
    [watchQueues(scope, prefix)],
  )
}

/** Brings forward what failed, which would otherwise come back when its visibility ends. */
export function changeVisibility(queue: IQueue): PolicyStatement {
  return allow(['sqs:ChangeMessageVisibility'], [queue.queueArn])
}

/** Partitions of the directory that administration works on: all but the version of what is stored, which is the sweeper's. */
const administered = {
  jobs: [
    ...[
      'DOMAINS',
      'D#*',
      'ACC#*',
      'IDENTITY#*',
      'ROLES',
      'REMOVED',
      'POSTMASTER',
      'SOURCES',
      'WORD#*',
      'WORDS',
    ],
    ...['ACCESS', 'ACCESS#*', 'DKIM#*', 'TOKENS', 'TOKEN#*', 'AUDIT#*'],
  ],
  api: ['SRS', 'PASSKEYS', 'API', 'SIEVE', SETTINGS_PK, SETTINGS_STATE_PK],
} as const
/** Of those that end by themselves: who is signed in, what was begun, what others counted and is looked at. */
const administeredCounters = {
  jobs: [
    ...['JOB#*', 'JOBS*', 'ADMINISTRATOR', FIGURE_PARTS_PK, 'SESSION#*', 'LINK#*', 'SETUP#*'],
    ...['AUTH#*', 'RATE#*', 'SENT#*', 'DESTINATION#*', 'GREY#*', 'VERIFY#*', 'POP#*'],
  ],
  api: ['TAKEOUTS#*', 'TICKET#*', 'FACTOR#*', 'REPEAT#*', 'FIGURES#*', 'DECISION#*'],
} as const
/** Mailboxes of accounts, their folders and messages; who is to be told of a change. */
const administeredMail = ['A#*', 'F#*', 'B#*', 'W#*', 'T#*', 'EVERYONE'] as const
const queueActions = [
  ...['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
  ...['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
] as const

/** What an administrator may, as the function `api` does it at once, and `jobs` what takes long: the directory, mailboxes as a whole, the queue. */
export function administer(
  scope: Construct,
  { deployment, storage, queues }: Parts,
  who: 'api' | 'jobs',
): PolicyStatement[] {
  const { directory, mail, queue, counters } = storage.tables
  const of = (partitions: typeof administered | typeof administeredCounters) =>
    keysLike(...partitions.jobs, ...(who === 'api' ? partitions.api : []))
  return [
    // `jobs` makes no tokens, which asks whether their account is there.
    allow(who === 'api' ? manage : empty, [directory.tableArn], of(administered)),
    readStoreFormat(storage),
    ...(who === 'api' ? [] : [readSettings(storage)]),
    allow(empty, [mail.tableArn], keysLike(...administeredMail)),
    // Who works on jobs forgets one only where it is over.
    allow(who === 'api' ? empty : manage, [counters.tableArn], of(administeredCounters)),
    allow(queueActions, [queue.tableArn], keysLike('Q#*', 'J#*')),
    allow(['dynamodb:Query'], [`${queue.tableArn}/index/due`, `${queue.tableArn}/index/list`]),
    allow(
      ['sqs:SendMessage'],
      [queues.incoming, queues.active, queues.deferred].map(({ queue }) => queue.queueArn),
    ),
    sendHints(scope, watchQueuePrefix(deployment.name)),
  ]
}
