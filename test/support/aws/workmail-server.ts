// WorkMail's API on loopback, as its public model says: JSON 1.1, a target for each operation, Signature Version 4, pages of 1 to 100, errors
// by their names, ids without addresses, export jobs with their limits. It knows nothing that the model does not say.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signedBy } from './signature.ts'
import type { StubEntity, StubOrganization } from './workmail-organization.ts'

export interface WorkMailServer extends AsyncDisposable {
  readonly endpoint: string
  /** As `ListUsers`, in the order they came; those that were refused too. */
  readonly calls: string[]
  /** As many calls are refused with it before the next is answered. */
  throttled: number
  /** Of every call; undefined: none. */
  refusal: { readonly name: string; readonly status: number } | undefined
  readonly jobs: Map<string, StubJob>
}

export type StubJob = {
  readonly EntityId: string
  readonly ClientToken: string
  readonly Description?: string
  readonly S3BucketName: string
  readonly S3Prefix: string
  readonly startedMs: number
  State: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'
  EstimatedProgress: number
  S3Path?: string
  ErrorInfo?: string
}

type Input = { readonly [member: string]: unknown }

class Fault extends Error {
  readonly status: number
  constructor(name: string, message: string, status = 400) {
    super(message)
    this.name = name
    this.status = status
  }
}

export const JOBS_AT_ONCE_MAX = 10
const DAY_MS = 86_400_000

export async function startWorkMail(
  organization: StubOrganization,
  {
    region = 'eu-west-1',
    now = Date.now,
  }: { readonly region?: string; readonly now?: () => number } = {},
): Promise<WorkMailServer> {
  const answers = operationsOf(organization)
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const [status, answer] = await answerTo(request, body)
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answer))
  })

  async function answerTo(request: IncomingMessage, body: string): Promise<[number, object]> {
    const target = String(request.headers['x-amz-target'])
    const operation = target.replace(/^WorkMailService\./, '')
    state.calls.push(operation)
    try {
      const signed = signedBy(request, body)
      if (signed?.service !== 'workmail' || signed.region !== region) {
        throw new Fault('InvalidSignatureException', 'The request signature does not match', 403)
      }
      if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
        throw new Fault('SerializationException', 'content type')
      }
      if (state.throttled > 0) {
        state.throttled--
        throw new Fault('ThrottlingException', 'Rate exceeded')
      }
      if (state.refusal) throw new Fault(state.refusal.name, 'refused', state.refusal.status)
      const input: Input = JSON.parse(body)
      if (input.OrganizationId !== organization.id) {
        throw new Fault('OrganizationNotFoundException', 'The organization was not found.')
      }
      const answer = answers[operation] ?? jobOperations[operation]
      if (answer === undefined) throw new Fault('UnknownOperationException', operation)
      return [200, answer(input)]
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault
      return [fault.status, { __type: fault.name, Message: fault.message }]
    }
  }

  const jobOperations: { readonly [operation: string]: (input: Input) => object } = {
    StartMailboxExportJob(input) {
      const text = (name: string) => {
        const value = input[name]
        if (typeof value !== 'string' || value === '') {
          throw new Fault('InvalidParameterException', `${name} is required`)
        }
        return value
      }
      for (const name of ['RoleArn', 'KmsKeyArn']) text(name)
      const ClientToken = text('ClientToken')
      const EntityId = text('EntityId')
      const same = [...state.jobs].find(([, job]) => job.ClientToken === ClientToken)
      if (same) return { JobId: same[0] }
      entity(organization, EntityId)
      const jobs = [...state.jobs.values()]
      const running = jobs.filter(({ State }) => State === 'RUNNING')
      const isRecent = jobs.some(
        (job) => job.EntityId === EntityId && now() - job.startedMs < DAY_MS,
      )
      if (running.length >= JOBS_AT_ONCE_MAX || isRecent) {
        throw new Fault('LimitExceededException', 'The request exceeds the limit of the resource.')
      }
      const JobId = randomUUID()
      state.jobs.set(JobId, {
        ...{
          EntityId,
          ClientToken,
          S3BucketName: text('S3BucketName'),
          S3Prefix: text('S3Prefix'),
        },
        ...{ startedMs: now(), State: 'RUNNING', EstimatedProgress: 0 },
      })
      return { JobId }
    },
    DescribeMailboxExportJob({ JobId }) {
      const job = state.jobs.get(String(JobId))
      if (job === undefined) throw new Fault('EntityNotFoundException', 'no such job')
      const { startedMs, ClientToken: _, ...told } = job
      return { ...told, StartTime: startedMs / 1_000 }
    },
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const state: WorkMailServer = {
    endpoint: `http://127.0.0.1:${port}`,
    calls: [],
    throttled: 0,
    refusal: undefined,
    jobs: new Map(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return state
}

/** Of all questions; whoever has a whole list of answers can save them, too. */
function operationsOf(organization: StubOrganization) {
  const { domainDetails, resourceDetails, mailboxes } = organization
  const ofEntity = <T>(table: { readonly [id: string]: T }, id: unknown, empty: T): T => {
    const found = entity(organization, id)
    if (found.State !== 'ENABLED' || found.Email === undefined) {
      throw new Fault('EntityStateException', 'The entity is not enabled.')
    }
    return table[found.Id] ?? empty
  }
  const operations: { readonly [operation: string]: (input: Input) => object } = {
    DescribeOrganization: () => organization.describe,
    ListUsers: (input) => page('Users', organization.users, input),
    ListGroups: (input) => page('Groups', organization.groups, input),
    ListResources: (input) => page('Resources', organization.resources, input),
    ListMailDomains: (input) => page('MailDomains', organization.domains, input),
    GetMailDomain({ DomainName }) {
      const found = domainDetails[String(DomainName)]
      if (found === undefined) throw new Fault('MailDomainNotFoundException', 'no such domain')
      return found
    },
    ListAliases: (input) =>
      page('Aliases', ofEntity(organization.aliases, input.EntityId, []), input),
    ListMailboxPermissions: (input) =>
      page('Permissions', ofEntity(organization.permissions, input.EntityId, []), input),
    ListGroupMembers: (input) =>
      page('Members', organization.members[entity(organization, input.GroupId).Id] ?? [], input),
    ListResourceDelegates: (input) =>
      page('Delegates', ofEntity(organization.delegates, input.ResourceId, []), input),
    DescribeResource: ({ ResourceId }) => ({
      ...entity(organization, ResourceId),
      ...ofEntity(resourceDetails, ResourceId, {}),
    }),
    GetMailboxDetails: ({ UserId }) =>
      ofEntity(mailboxes, UserId, { MailboxQuota: 51_200, MailboxSize: 0 }),
    GetDefaultRetentionPolicy: () => organization.retention,
    ListAccessControlRules: () => ({ Rules: organization.rules }),
  }
  return operations
}

function entity(organization: StubOrganization, id: unknown): StubEntity {
  const { users, groups, resources } = organization
  const found = [...users, ...groups, ...resources].find(({ Id }) => Id === id)
  if (found === undefined) throw new Fault('EntityNotFoundException', `no entity ${String(id)}`)
  return found
}

function page(list: string, all: readonly unknown[], { MaxResults = 100, NextToken = '0' }: Input) {
  const size = Number(MaxResults)
  if (!(size >= 1 && size <= 100)) throw new Fault('InvalidParameterException', 'MaxResults')
  const from = Number(NextToken)
  const end = Math.min(from + Math.min(size, PAGE_MAX), all.length)
  return {
    [list]: all.slice(from, end),
    ...(end < all.length && { NextToken: String(end) }),
  }
}

/** A page may hold fewer than were asked for. */
const PAGE_MAX = 3

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
