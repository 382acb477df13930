// Old servers that accounts move from, and the accounts that are still there while their clients come here already.

import { z } from '@hono/zod-openapi'
import type { DomainFrontSet, FrontSet, SourceFacts } from '#shared/administration/front.ts'
import { sourceStates } from '#shared/contracts/source.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, domainParams, flag, text, time, timeOf } from '../schemas.ts'
import { ofAccount, ofDomain, ofSystem } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const endpoint = text('imaps://old.example.com').openapi({
  description:
    'Scheme, host and perhaps port: imap, imaps, pop3, pop3s, sieve, submission, submissions. Without TLS from the first byte STARTTLS is asked for; `?tls=no` goes without, `?verify=no` takes any certificate.',
})
const endpoints = {
  imap: endpoint.optional(),
  pop3: endpoint.optional(),
  managesieve: endpoint.optional(),
  submission: endpoint.optional(),
}
const smtp = text('[old.example.com]:25')
const sourceName = text('old')

const source = z
  .object({
    name: z.string(),
    endpoints: z.object(endpoints),
    smtp: smtp.nullable().openapi({ description: 'Null: mail for its accounts waits.' }),
    names: z.enum(['address', 'local-part']),
    masterUser: z
      .string()
      .nullable()
      .openapi({ description: 'Null: each account shows its own password.' }),
    accounts: z.number().int(),
    domains: z.number().int(),
    createdAt: time,
  })
  .openapi('Source')

const sourceOf = ({ createdMs, ...facts }: SourceFacts) => ({
  ...facts,
  createdAt: timeOf(createdMs),
})

const place = z
  .object({ name: z.string(), state: z.enum(sourceStates) })
  .nullable()
  .openapi({ description: 'Null: here.' })
const change = {
  at: place,
  before: place,
  unusable: z.array(z.string()).openapi({
    description: 'Mechanisms that are offered here and log nobody in there.',
  }),
  flushed: z.number().int().openapi({ description: 'Messages that waited for it and go now.' }),
}
const set = z.object({ address: z.string(), ...change })
const setOfDomain = z.object({ domain: z.string(), ...change })
const changed = <T extends FrontSet | DomainFrontSet>({ kind: _, unusable, ...facts }: T) =>
  answer({ ...facts, unusable: [...unusable] })

export const frontOperations = [
  defineOperation({
    id: 'sources.list',
    method: 'get',
    path: '/sources',
    summary: 'Lists old servers that accounts move from.',
    right: 'settings.read',
    subject: () => ofSystem,
    output: z.object({ data: z.array(source) }),
    async run(_, { administration }) {
      const { sources } = await administration.front.listSources()
      return answer({ data: sources.map(sourceOf) })
    },
  }),
  defineOperation({
    id: 'sources.add',
    method: 'post',
    path: '/sources',
    summary: 'Adds an old server: where its services listen, and how logins are made there.',
    right: 'settings.write',
    subject: () => ofSystem,
    input: {
      body: z.strictObject({
        name: sourceName,
        ...endpoints,
        smtp: smtp.optional(),
        names: z.enum(['address', 'local-part']).optional(),
        masterUser: text('front').optional(),
        masterPassword: text('secret').optional(),
        masterSeparator: text('*').optional(),
      }),
    },
    status: 201,
    output: z.object({ name: z.string() }),
    async run({ body }, { administration }) {
      const added = await administration.front.addSource(body)
      if (added.kind !== 'added') return added
      return answer({ name: added.name }, { location: `/sources/${added.name}` })
    },
  }),
  defineOperation({
    id: 'sources.remove',
    method: 'delete',
    path: '/sources/{source}',
    summary: 'Removes an old server that no account and no domain is on any more.',
    right: 'settings.write',
    subject: () => ofSystem,
    input: { params: z.object({ source: sourceName }) },
    output: 'nothing',
    async run({ params }, { administration }) {
      const removed = await administration.front.removeSource(params.source)
      return removed.kind === 'removed' ? answer(null) : removed
    },
  }),
  defineOperation({
    id: 'front.get',
    method: 'get',
    path: '/accounts/{account}/front',
    summary: 'Tells on which old server an account still is, if on one.',
    right: 'directory.read',
    subject: ({ params }) => ofAccount(params.account),
    input: { params: accountParams },
    output: z.object({ address: z.string(), at: place }),
    async run({ params }, call) {
      const shown = await call.administration.front.show(await addressOf(call, params.account))
      return shown.kind === 'front' ? answer({ address: shown.address, at: shown.at }) : shown
    },
  }),
  defineOperation({
    id: 'front.set',
    method: 'put',
    path: '/accounts/{account}/front',
    summary:
      'Passes what clients of an account want on to its old server, or lets nobody in while the last of its mail is fetched.',
    right: 'directory.write',
    subject: ({ params }) => ofAccount(params.account),
    input: {
      params: accountParams,
      body: z.strictObject({ source: sourceName.optional(), state: z.enum(sourceStates) }),
    },
    output: set,
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.front.set({ address, ...body })
      return done.kind === 'front' ? changed(done) : done
    },
  }),
  defineOperation({
    id: 'front.end',
    method: 'delete',
    path: '/accounts/{account}/front',
    summary: 'The account is here from now on.',
    right: 'directory.write',
    subject: ({ params }) => ofAccount(params.account),
    input: {
      params: accountParams,
      query: z.object({
        flushes: flag.optional().openapi({
          description:
            'false: what waits for it goes with the next attempt, or when the domain ends.',
        }),
      }),
    },
    status: 200,
    output: set,
    async run({ params, query }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.front.end({ address, ...query })
      return done.kind === 'front' ? changed(done) : done
    },
  }),
  defineOperation({
    id: 'front.getDomain',
    method: 'get',
    path: '/domains/{domain}/front',
    summary: 'Tells on which old server those of a domain are who have no account here.',
    right: 'directory.read',
    subject: ({ params }) => ofDomain(params.domain),
    input: { params: domainParams },
    output: z.object({ domain: z.string(), at: place }),
    async run({ params }, { administration }) {
      const shown = await administration.front.showDomain(params.domain)
      return shown.kind === 'domain-front' ? answer({ domain: shown.domain, at: shown.at }) : shown
    },
  }),
  defineOperation({
    id: 'front.setDomain',
    method: 'put',
    path: '/domains/{domain}/front',
    summary:
      'Passes logins and mail of all who have no account of the domain here on to an old server, and has accounts that are added be there first.',
    right: 'directory.write',
    subject: ({ params }) => ofDomain(params.domain),
    input: { params: domainParams, body: z.strictObject({ source: sourceName }) },
    output: setOfDomain,
    async run({ params, body }, { administration }) {
      const done = await administration.front.setDomain({ ...params, ...body })
      return done.kind === 'domain-front' ? changed(done) : done
    },
  }),
  defineOperation({
    id: 'front.endDomain',
    method: 'delete',
    path: '/domains/{domain}/front',
    summary:
      'Who has no account of the domain is unknown from now on. Its accounts stay where they are.',
    right: 'directory.write',
    subject: ({ params }) => ofDomain(params.domain),
    input: { params: domainParams },
    status: 200,
    output: setOfDomain,
    async run({ params }, { administration }) {
      const done = await administration.front.endDomain(params.domain)
      return done.kind === 'domain-front' ? changed(done) : done
    },
  }),
]
