// What each entry on AWS reads from its environment: the contract between this folder and cdk/, which sets exactly these
// variables. Mail settings (`POSTWOLKE_…`, docs/settings.md) come beside them and have defaults.

/** What every entry has besides: where its metrics go (embedded metric format), such as `Postwolke/<name>`. */
export const commonVariables = ['METRICS_NAMESPACE'] as const

/** Of a container's memory (MEMORY_MIB), what uploads may hold all together: the rest is for the process and its other budgets. */
export const UPLOAD_MEMORY_SHARE = 1 / 4

/** Required variables of each entry. Containers: edge, or smtp, imap and pop3 each in a service of its own. The rest are functions. */
export const environments = {
  edge: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'COUNTERS_TABLE',
    'OBJECTS_BUCKET',
    'INCOMING_QUEUE_URL',
    'WATCH_QUEUE_PREFIX',
    'POLICY_FUNCTION',
    'TLS_SECRET',
    'HEALTH_PORT',
    'DRAIN_SECONDS',
    'MEMORY_MIB',
  ],
  smtp: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'COUNTERS_TABLE',
    'OBJECTS_BUCKET',
    'INCOMING_QUEUE_URL',
    'POLICY_FUNCTION',
    'TLS_SECRET',
    'HEALTH_PORT',
    'DRAIN_SECONDS',
    'MEMORY_MIB',
  ],
  imap: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'COUNTERS_TABLE',
    'OBJECTS_BUCKET',
    'WATCH_QUEUE_PREFIX',
    'TLS_SECRET',
    'HEALTH_PORT',
    'DRAIN_SECONDS',
    'MEMORY_MIB',
  ],
  pop3: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'COUNTERS_TABLE',
    'OBJECTS_BUCKET',
    'TLS_SECRET',
    'HEALTH_PORT',
    'DRAIN_SECONDS',
    'MEMORY_MIB',
  ],
  policy: ['DIRECTORY_TABLE', 'MAIL_TABLE', 'COUNTERS_TABLE'],
  cleanup: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'INCOMING_QUEUE_URL',
    'ACTIVE_QUEUE_URL',
  ],
  /** RELAY_SECRET: `{"user", "password"}`, perhaps `"ca"`, for the relay host in Secrets Manager, '' for a relay host without a login. */
  delivery: [
    'DIRECTORY_TABLE',
    'MAIL_TABLE',
    'QUEUE_TABLE',
    'OBJECTS_BUCKET',
    'ACTIVE_QUEUE_URL',
    'RELAY_SECRET',
  ],
  /** DIRECTORY_TABLE: for the version of what is stored. */
  sweeper: [
    'DIRECTORY_TABLE',
    'QUEUE_TABLE',
    'INCOMING_QUEUE_URL',
    'ACTIVE_QUEUE_URL',
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
} as const satisfies { readonly [entry: string]: readonly string[] }

export type EntryName = keyof typeof environments

type Variables<Variable extends string> = { readonly [variable in Variable]: string }

export type CommonVariables = Variables<(typeof commonVariables)[number]>

/** Variables as the deployment must set them besides the common ones; what is missing or too much does not compile. */
export type OwnVariables<Name extends EntryName> = Variables<(typeof environments)[Name][number]>

export type EnvironmentOf<Name extends EntryName> = OwnVariables<Name> & CommonVariables

/** Which container has a listener where each protocol is a service of its own. */
export const containerOf = {
  smtp: 'smtp',
  submission: 'smtp',
  submissions: 'smtp',
  lmtp: 'smtp',
  imap: 'imap',
  imaps: 'imap',
  pop3: 'pop3',
  pop3s: 'pop3',
} as const satisfies { readonly [listener: string]: EntryName }

/** Input of the scheduled functions. */
export const sweeperJobs = ['ring'] as const
export const collectorJobs = ['dead', 'orphans', 'removals', 'watch-queues'] as const
export type ScheduledEvent<Job extends string> = { readonly job: Job }
