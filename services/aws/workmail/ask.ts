// The API of WorkMail, asked with the administrator's own credentials: pages joined, throttled calls repeated by the SDK after growing pauses.

import {
  DescribeOrganizationCommand,
  DescribeResourceCommand,
  GetDefaultRetentionPolicyCommand,
  GetMailboxDetailsCommand,
  GetMailDomainCommand,
  ListAccessControlRulesCommand,
  ListAliasesCommand,
  ListGroupMembersCommand,
  ListGroupsCommand,
  ListMailboxPermissionsCommand,
  ListMailDomainsCommand,
  ListResourceDelegatesCommand,
  ListResourcesCommand,
  ListUsersCommand,
  WorkMailClient,
} from '@aws-sdk/client-workmail'
import { listIn, textIn } from '#shared/moving/workmail/json.ts'
import { type AskWorkMail, type Question, questions } from '#shared/moving/workmail/questions.ts'
import { requestTimeouts } from '../request-timeouts.ts'
import { answerOfFailure } from './failures.ts'

export type WorkMailClientOptions = {
  readonly region: string
  /** Another server than Amazon's, for tests. */
  readonly endpoint?: string | undefined
  /** Default: the SDK's own chain (environment, profile, role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Of one call, the first among them. */
  readonly attemptsMax?: number
}

/** Rates are not published: an organization of a thousand is some thousand calls, and a pause is at most 20 s. */
const ATTEMPTS_MAX = 10

export function openWorkMailClient(options: WorkMailClientOptions): WorkMailClient {
  const { region, endpoint, credentials, attemptsMax = ATTEMPTS_MAX } = options
  return new WorkMailClient({
    region,
    maxAttempts: attemptsMax,
    requestHandler: requestTimeouts,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  })
}

/** As the API has them; `of` is '' where a question is about all. */
type Input = { readonly OrganizationId: string; readonly of: string } & PageInput
type PageInput = { readonly MaxResults?: number; readonly NextToken?: string }
type Call = (client: WorkMailClient, input: Input) => Promise<object>

const calls: { readonly [question in Question]: Call } = {
  DescribeOrganization: (client, { OrganizationId }) =>
    client.send(new DescribeOrganizationCommand({ OrganizationId })),
  ListUsers: (client, { of: _, ...input }) => client.send(new ListUsersCommand(input)),
  ListGroups: (client, { of: _, ...input }) => client.send(new ListGroupsCommand(input)),
  ListResources: (client, { of: _, ...input }) => client.send(new ListResourcesCommand(input)),
  ListMailDomains: (client, { of: _, ...input }) => client.send(new ListMailDomainsCommand(input)),
  // The only list without pages.
  ListAccessControlRules: (client, { OrganizationId }) =>
    client.send(new ListAccessControlRulesCommand({ OrganizationId })),
  GetDefaultRetentionPolicy: (client, { OrganizationId }) =>
    client.send(new GetDefaultRetentionPolicyCommand({ OrganizationId })),
  GetMailDomain: (client, { OrganizationId, of: DomainName }) =>
    client.send(new GetMailDomainCommand({ OrganizationId, DomainName })),
  GetMailboxDetails: (client, { OrganizationId, of: UserId }) =>
    client.send(new GetMailboxDetailsCommand({ OrganizationId, UserId })),
  ListAliases: (client, { of: EntityId, ...input }) =>
    client.send(new ListAliasesCommand({ ...input, EntityId })),
  ListMailboxPermissions: (client, { of: EntityId, ...input }) =>
    client.send(new ListMailboxPermissionsCommand({ ...input, EntityId })),
  ListGroupMembers: (client, { of: GroupId, ...input }) =>
    client.send(new ListGroupMembersCommand({ ...input, GroupId })),
  DescribeResource: (client, { OrganizationId, of: ResourceId }) =>
    client.send(new DescribeResourceCommand({ OrganizationId, ResourceId })),
  ListResourceDelegates: (client, { of: ResourceId, ...input }) =>
    client.send(new ListResourceDelegatesCommand({ ...input, ResourceId })),
}

/** The most that the API gives at once. */
const PAGE_MAX = 100
/** A token that leads in a circle must not keep us. */
export const PAGES_MAX = 2_000

export function askWorkMail(client: WorkMailClient, OrganizationId: string): AskWorkMail {
  return async (question, of = '') => {
    const row = questions[question]
    const call = calls[question]
    try {
      if (!('list' in row)) {
        return { kind: 'answer', value: await call(client, { OrganizationId, of }) }
      }
      const all: unknown[] = []
      let NextToken: string | undefined
      for (let page = 0; page < PAGES_MAX; page++) {
        const answer: unknown = await call(client, {
          ...{ OrganizationId, of, MaxResults: PAGE_MAX },
          ...(NextToken !== undefined && { NextToken }),
        })
        for (const one of listIn(answer, row.list)) all.push(one)
        NextToken = textIn(answer, 'NextToken')
        if (NextToken === undefined) return { kind: 'answer', value: { [row.list]: all } }
      }
      return { kind: 'refused', name: 'TooMany', why: `more than ${PAGES_MAX} pages` }
    } catch (error) {
      return answerOfFailure(question, error)
    }
  }
}
