// What a command works with on a server: the same administration, over its API.

import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Administration } from '#shared/administration/administration.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Common, Context, Process } from '../command-context.ts'
import { CommandFailure } from '../failure.ts'
import { createOutput } from '../output.ts'
import type { Services } from '../services.ts'
import { remoteAccounts } from './accounts.ts'
import { type ApiClient, createApiClient, returningRefusals } from './client.ts'
import {
  remoteAccess,
  remoteAliases,
  remoteDns,
  remoteDomains,
  remoteGrants,
  remoteSigning,
  remoteSrs,
} from './directory.ts'
import { remoteFront } from './front.ts'
import { remoteGreylist, remoteSending } from './greylist.ts'
import { remoteHeldLogins } from './held-logins.ts'
import { remoteImports } from './imports.ts'
import { type RemoteJobs, remoteJobs } from './jobs.ts'
import {
  remoteAppPasswords,
  remoteClientSetup,
  remoteContainment,
  remoteFactors,
  remoteInvitations,
  remoteLogins,
  remoteRecovery,
  remoteRoles,
  remoteTokens,
} from './people.ts'
import { remotePolicy } from './policy.ts'
import { remoteQueue } from './queue.ts'
import { remoteAudit, remoteAuditSeals, remoteQuarantine, remoteTrace } from './record.ts'
import { remoteFilters, remoteScripts, remoteScriptTrials } from './scripts.ts'
import { readServers } from './servers-file.ts'
import { remoteSearch, remoteSessions, remoteUsage } from './services.ts'
import { remoteSettings } from './settings.ts'
import { createTransport, parseServer } from './transport.ts'

export async function createRemoteContext(
  server: string,
  common: Common,
  process: Process,
): Promise<Context> {
  if (common.config !== undefined || common.set !== undefined) {
    throw new CommandFailure(
      'a server has its own settings; --config and --set have no place',
      'usage',
    )
  }
  const client = await clientOf(server, process)
  const jobs = remoteJobs(client, pause)
  return {
    where: 'server',
    administration: remoteAdministration(client, jobs),
    services: remoteServices(client, jobs),
    get backend(): never {
      throw new CommandFailure(
        'this works on a data folder or a deployment, and not on a server',
        'usage',
      )
    },
    audit: undefined,
    settings: {
      hostname: client.server.hostname,
      traceRetention: undefined,
      policyRecordLifetime: undefined,
    },
    log: silentLog,
    by: '',
    changes: [],
    output: createOutput(common.json === true, process.write, process.columns),
    process,
  }
}

/** With the token of the file, or of POSTWOLKE_TOKEN. */
export async function clientOf(server: string, process: Process): Promise<ApiClient> {
  const url = parseServer(server)
  const known = (await readServers(process.environment))[url.origin]
  const token = process.environment.POSTWOLKE_TOKEN || known?.token
  if (token === undefined) {
    throw new CommandFailure(
      `no token for ${url.host}; 'postwolke login ${url.origin}' gets one`,
      'noPermission',
    )
  }
  const transport = createTransport({ ca: await readCa(known?.ca) })
  const credentials = { authorization: `Bearer ${token}` }
  return createApiClient({ transport, server: url, credentials, say: process.say, pause })
}

export async function readCa(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  return await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandFailure(`cannot read the certificates of --ca: ${error.message}`, 'noInput')
  })
}

function remoteAdministration(client: ApiClient, jobs: RemoteJobs): Administration {
  return {
    domains: returningRefusals(remoteDomains(client)),
    accounts: returningRefusals(remoteAccounts(client)),
    roles: returningRefusals(remoteRoles(client)),
    tokens: returningRefusals(remoteTokens(client)),
    invitations: returningRefusals(remoteInvitations(client)),
    recovery: returningRefusals(remoteRecovery(client)),
    containment: returningRefusals(remoteContainment(client)),
    audit: remoteAudit(client),
    auditSeals: remoteAuditSeals(client),
    appPasswords: returningRefusals(remoteAppPasswords(client)),
    clientSetup: returningRefusals(remoteClientSetup(client)),
    logins: returningRefusals(remoteLogins(client)),
    heldLogins: returningRefusals(remoteHeldLogins(client)),
    factors: returningRefusals(remoteFactors(client)),
    aliases: returningRefusals(remoteAliases(client)),
    front: returningRefusals(remoteFront(client)),
    grants: returningRefusals(remoteGrants(client)),
    access: returningRefusals(remoteAccess(client)),
    srs: returningRefusals(remoteSrs(client)),
    signing: returningRefusals(remoteSigning(client)),
    dns: returningRefusals(remoteDns(client)),
    queue: returningRefusals(remoteQueue(client, jobs)),
    imports: remoteImports(jobs),
    mailImports: { bring: onlyBesideTheStore, verify: onlyBesideTheStore },
    mailExports: {
      own: writtenBesideTheStore,
      write: writtenBesideTheStore,
      verify: writtenBesideTheStore,
      // biome-ignore lint/correctness/useYield: it refuses when the first file is asked for.
      async *directory() {
        await writtenBesideTheStore()
      },
    },
    takeouts: {
      begin: noCommandTakesOut,
      list: noCommandTakesOut,
      volume: noCommandTakesOut,
      remove: noCommandTakesOut,
    },
    status: {
      async read() {
        throw new Error('the status is of a machine')
      },
    },
    sending: returningRefusals(remoteSending(client)),
    greylist: returningRefusals(remoteGreylist(client)),
    trace: returningRefusals(remoteTrace(client)),
    settings: returningRefusals(remoteSettings(client)),
    policy: returningRefusals(remotePolicy(client)),
    quarantine: returningRefusals(remoteQuarantine(client)),
    scripts: returningRefusals(remoteScripts(client)),
    scriptTrials: returningRefusals(remoteScriptTrials(client)),
    filters: returningRefusals(remoteFilters(client)),
  }
}

async function noCommandTakesOut(): Promise<never> {
  throw new Error('takeouts are begun and fetched by the console and the API')
}

/** What is brought lies on this machine, and not on the server. */
async function onlyBesideTheStore(): Promise<never> {
  throw new CommandFailure(
    'mail is brought where the store is: give --data or --aws, or begin a job that reads it by IMAP',
    'unavailable',
  )
}

async function writtenBesideTheStore(): Promise<never> {
  throw new CommandFailure(
    'mail is written out where the store is: give --data or --aws',
    'unavailable',
  )
}

const remoteServices = (client: ApiClient, jobs: RemoteJobs): Services =>
  returningRefusals<Services>({
    jobs: returningRefusals<RemoteJobs>(jobs),
    sessions: returningRefusals(remoteSessions(client)),
    search: remoteSearch(client),
    usage: remoteUsage(client),
  })
