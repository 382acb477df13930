// The contract between this folder and cdk/: what each entry reads from its environment (cdk/ sets exactly these variables), what
// wakes the scheduled ones, and which metrics they write. Mail settings (`POSTWOLKE_…`, docs/settings.md) come beside the
// variables and have defaults.

import type { QueueName, TableName } from '#shared/storage/ports.ts'

/** What every entry has besides: where its metrics go (embedded metric format), such as `Postwolke/<name>`. */
export const commonVariables = ['METRICS_NAMESPACE'] as const

/** Of a container's memory (MEMORY_MIB), what uploads may hold all together: the rest is for the process and its other budgets. */
export const UPLOAD_MEMORY_SHARE = 1 / 4

/**
 * What every container has: accounts, mail and its objects, failed logins, the certificate, and what its task is given.
 * OIDC_CLIENT_SECRET: what the issuer of logins gave this system, '' for a public client.
 */
const containerVariables = [
  'DIRECTORY_TABLE',
  'MAIL_TABLE',
  'COUNTERS_TABLE',
  'OBJECTS_BUCKET',
  'TLS_SECRET',
  'OIDC_CLIENT_SECRET',
  'HEALTH_PORT',
  'DRAIN_SECONDS',
  'MEMORY_MIB',
] as const

/**
 * Required variables of the container: edge, which serves all protocols, or smtp, imap and pop3 each in a service of its own.
 * WEBHOOK_SECRET: what signs requests to the webhook, '' for nothing.
 */
const containerEnvironments = {
  edge: [
    ...containerVariables,
    'QUEUE_TABLE',
    'INCOMING_QUEUE_URL',
    'WATCH_QUEUE_PREFIX',
    'POLICY_FUNCTION',
    'WEBHOOK_SECRET',
  ],
  smtp: [
    ...containerVariables,
    'QUEUE_TABLE',
    'INCOMING_QUEUE_URL',
    'POLICY_FUNCTION',
    'WEBHOOK_SECRET',
  ],
  imap: [...containerVariables, 'QUEUE_TABLE', 'INCOMING_QUEUE_URL', 'WATCH_QUEUE_PREFIX'],
  pop3: [...containerVariables],
} as const satisfies { readonly [container: string]: readonly string[] }

/** Administration: all that is stored, and who is told of changes. */
const administrationVariables = [
  'DIRECTORY_TABLE',
  'MAIL_TABLE',
  'QUEUE_TABLE',
  'COUNTERS_TABLE',
  'INCOMING_QUEUE_URL',
  'ACTIVE_QUEUE_URL',
  'DEFERRED_QUEUE_URL',
  'WATCH_QUEUE_PREFIX',
] as const

/** Required variables of each function. */
const functionEnvironments = {
  policy: ['DIRECTORY_TABLE', 'MAIL_TABLE', 'COUNTERS_TABLE'],
  cleanup: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'COUNTERS_TABLE',
    'INCOMING_QUEUE_URL',
    'ACTIVE_QUEUE_URL',
    'DEFERRED_QUEUE_URL',
  ],
  /**
   * RELAY_SECRET: `{"user", "password"}`, perhaps `"ca"`, for the relay host in Secrets Manager, '' for a relay host without a login.
   * SES_SENDERS: how many invocations share the rate of SES, '' where it is not used.
   */
  delivery: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'COUNTERS_TABLE',
    'OBJECTS_BUCKET',
    'INCOMING_QUEUE_URL',
    'ACTIVE_QUEUE_URL',
    'DEFERRED_QUEUE_URL',
    'RELAY_SECRET',
    'SES_SENDERS',
  ],
  /** DIRECTORY_TABLE: for the version of what is stored, and the signing keys of its domains. */
  sweeper: [
    'DIRECTORY_TABLE',
    'QUEUE_TABLE',
    'COUNTERS_TABLE',
    'INCOMING_QUEUE_URL',
    'ACTIVE_QUEUE_URL',
    'DEFERRED_QUEUE_URL',
    'INCOMING_DEAD_QUEUE_URL',
    'ACTIVE_DEAD_QUEUE_URL',
  ],
  collector: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'OBJECTS_BUCKET',
    'WATCH_QUEUE_PREFIX',
  ],
  /** PROBE_SECRET: `{"user", "password"}` of the account that writes to itself. */
  probe: ['PROBE_SECRET', 'PROBE_SUBMISSIONS_PORT', 'PROBE_IMAPS_PORT'],
  /** CERTIFICATE_SOURCE: `acm` (with CERTIFICATE_ARN) or `acme` (with the others); the variables of the other are ''. */
  certificates: [
    'TLS_SECRET',
    'CERTIFICATE_SOURCE',
    'CERTIFICATE_ARN',
    'ACME_DIRECTORY_URL',
    'ACME_CONTACT',
    'ACME_ACCOUNT_SECRET',
    'HOSTED_ZONE_ID',
  ],
  /**
   * JOBS_FUNCTION: is woken when a job begins. VERSION: of what is deployed. IDLE_USD_PER_MONTH: what it costs when no mail comes, at list
   * prices, such as `62.90`.
   */
  api: [
    ...administrationVariables,
    'OBJECTS_BUCKET',
    'JOBS_FUNCTION',
    'VERSION',
    'OIDC_CLIENT_SECRET',
    'IDLE_USD_PER_MONTH',
  ],
  jobs: [...administrationVariables, 'OBJECTS_BUCKET'],
} as const satisfies { readonly [name: string]: readonly string[] }

/** Required variables of containers that nobody connects to. */
const workerEnvironments = {
  sender: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'COUNTERS_TABLE',
    'OBJECTS_BUCKET',
    'INCOMING_QUEUE_URL',
    'ACTIVE_QUEUE_URL',
    'DEFERRED_QUEUE_URL',
  ],
} as const satisfies { readonly [name: string]: readonly string[] }

/** Required variables of each entry. */
export const environments = {
  ...containerEnvironments,
  ...workerEnvironments,
  ...functionEnvironments,
} as const

export const containerNames = Object.keys(containerEnvironments) as readonly ContainerName[]
export const functionNames = Object.keys(functionEnvironments) as readonly FunctionName[]

export type ContainerName = keyof typeof containerEnvironments
export type WorkerName = keyof typeof workerEnvironments
export type FunctionName = keyof typeof functionEnvironments
export type EntryName = keyof typeof environments

type Variables<Variable extends string> = { readonly [variable in Variable]: string }

/** Which variable names a table or a queue of the store. */
export const tableVariables = {
  directory: 'DIRECTORY_TABLE',
  mail: 'MAIL_TABLE',
  queue: 'QUEUE_TABLE',
  counters: 'COUNTERS_TABLE',
} as const satisfies { readonly [name in TableName]: string }
export const queueVariables = {
  incoming: 'INCOMING_QUEUE_URL',
  active: 'ACTIVE_QUEUE_URL',
  deferred: 'DEFERRED_QUEUE_URL',
  'incoming-dead': 'INCOMING_DEAD_QUEUE_URL',
  'active-dead': 'ACTIVE_DEAD_QUEUE_URL',
} as const satisfies { readonly [name in QueueName]: string }

export type CommonVariables = Variables<(typeof commonVariables)[number]>

/** Variables as the deployment must set them besides the common ones; what is missing or too much does not compile. */
export type OwnVariables<Name extends EntryName> = Variables<(typeof environments)[Name][number]>

/** Those of them that all containers have. */
export type ContainerVariables = Variables<(typeof containerVariables)[number]>

export type EnvironmentOf<Name extends EntryName> = OwnVariables<Name> & CommonVariables

/** Which container has a listener where each protocol is a service of its own. */
export const containerOf = {
  smtp: 'smtp',
  submission: 'smtp',
  submissions: 'smtp',
  lmtp: 'smtp',
  reinjection: 'smtp',
  imap: 'imap',
  imaps: 'imap',
  pop3: 'pop3',
  pop3s: 'pop3',
  // Scripts are part of a mailbox, whose owner manages them beside it.
  managesieve: 'imap',
} as const satisfies { readonly [listener: string]: ContainerName }

/** Input of the scheduled functions. */
export const sweeperJobs = ['ring', 'signing-keys'] as const
export const collectorJobs = ['dead', 'orphans', 'removals', 'watch-queues'] as const
export const jobsJobs = ['work', 'seal', 'forget'] as const
export type ScheduledEvent<Job extends string> = { readonly job: Job }

/** Every metric and its unit (as CloudWatch spells it). Counters add up; of gauges the greatest value since the last line is told. */
export const metricUnits = {
  Accepted: 'Count',
  Rejected: 'Count',
  Delivered: 'Count',
  Deferred: 'Count',
  Failed: 'Count',
  Corrupt: 'Count',
  DeadLetters: 'Count',
  LoginFailures: 'Count',
  /** Lines logged as errors. */
  Failures: 'Count',
  DueLagSeconds: 'Seconds',
  /** Of the oldest message that is tried again. */
  DeferredAgeSeconds: 'Seconds',
  /** Messages and groups that wait for an operator. */
  Held: 'Count',
  /** Attempts that DynamoDB refused because a table or a partition was asked for too much. */
  Throttled: 'Count',
  /** Of a message from a user to itself. */
  RoundTripSeconds: 'Seconds',
  CertificateDaysLeft: 'Count',
  /** DNS lists that a process has begun to leave alone. */
  DnsListsOff: 'Count',
  EventLoopLagMilliseconds: 'Milliseconds',
} as const

export type MetricName = keyof typeof metricUnits
