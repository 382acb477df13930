// Domains: those this system receives mail for.

import { z } from '@hono/zod-openapi'
import type { DomainFacts } from '#shared/administration/domains.ts'
import { asKnown } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import { domainParams, domainText, flag, pageOf, pageQuery, time, timeOf } from '../schemas.ts'
import { ofDomain, ofList, ofSystem } from '../subjects.ts'

const domain = z
  .object({
    domain: z.string(),
    accounts: z.number().int(),
    aliases: z.number().int(),
    createdAt: time,
  })
  .openapi('Domain')

const postmaster = z.looseObject({ kind: z.string() }).openapi({
  description: 'Who gets the mail of its postmaster (RFC 5321 §4.5.1): found, or nobody.',
})

const domainOf = ({ domain, accounts, aliases, createdMs }: DomainFacts) => ({
  domain,
  accounts,
  aliases,
  createdAt: timeOf(createdMs),
})

/** A domain has nothing that is changed, but that it is there. */
const versionOf = ({ domain, createdMs }: DomainFacts) => [domain, createdMs]

export const domainOperations = [
  defineOperation({
    id: 'domains.list',
    method: 'get',
    path: '/domains',
    summary: 'Lists domains in the order of their names.',
    right: 'directory.read',
    input: { query: z.strictObject(pageQuery) },
    subject: () => ofList,
    output: pageOf(domain),
    run: ({ query }, call) =>
      listOf(call, query, {}, (request) => call.administration.domains.page(request), domainOf),
  }),
  defineOperation({
    id: 'domains.create',
    method: 'post',
    path: '/domains',
    summary: 'Adds a domain, with keys that sign its mail.',
    right: 'domains.write',
    input: {
      body: z.strictObject({ domain: domainText, postmaster: z.string().max(2_048).optional() }),
    },
    subject: () => ofSystem,
    output: domain.extend({ postmaster }),
    status: 201,
    async run({ body }, { administration }) {
      const added = await administration.domains.add(body)
      if (added.kind !== 'added') return added
      const { domain: facts } = added
      return answer(
        { ...domainOf(facts), postmaster: added.postmaster },
        { location: `/domains/${facts.domain}`, version: versionOf(facts) },
      )
    },
  }),
  defineOperation({
    id: 'domains.get',
    method: 'get',
    path: '/domains/{domain}',
    summary: 'Tells of a domain.',
    right: 'directory.read',
    input: { params: domainParams },
    subject: ({ params }) => ofDomain(params.domain),
    output: domain,
    async run({ params }, { administration }) {
      const shown = await administration.domains.show(params.domain)
      if (shown.kind !== 'domain') return shown
      return answer(domainOf(shown.domain), { version: versionOf(shown.domain) })
    },
  }),
  defineOperation({
    id: 'domains.measure',
    method: 'get',
    path: '/domains/{domain}/usage',
    summary:
      'Counts what would go with a domain. It reads as many items as the domain has accounts.',
    right: 'directory.read',
    input: { params: domainParams },
    subject: ({ params }) => ofDomain(params.domain),
    output: domain.extend({ messages: z.number().int(), bytes: z.number().int() }),
    async run({ params }, { administration }) {
      const measured = await administration.domains.measure(params.domain)
      if (measured.kind !== 'measured') return measured
      const { messages, bytes } = measured
      return answer({ ...domainOf(measured.domain), messages, bytes })
    },
  }),
  defineOperation({
    id: 'domains.delete',
    method: 'delete',
    path: '/domains/{domain}',
    summary: 'Removes a domain; with force all its accounts, their mail and its aliases too.',
    right: 'domains.write',
    input: { params: domainParams, query: z.strictObject({ force: flag.optional() }) },
    subject: ({ params }) => ofDomain(params.domain),
    output: z.object({
      domain: z.string(),
      accounts: z.number().int(),
      aliases: z.number().int(),
      messages: z.number().int(),
    }),
    async current({ params }, { administration }) {
      const shown = await administration.domains.show(params.domain)
      return shown.kind === 'domain' ? versionOf(shown.domain) : undefined
    },
    async rehearse({ params, query }, { administration }) {
      const measured = await administration.domains.measure(params.domain)
      if (measured.kind !== 'measured') return measured
      const { domain, accounts, aliases } = measured.domain
      if (query.force !== true && accounts + aliases > 0) {
        return { kind: 'not-empty', field: 'domain', value: params.domain, accounts, aliases }
      }
      return answer({ domain, accounts, aliases, messages: measured.messages })
    },
    async run({ params, query }, call) {
      const removed = await call.administration.domains.remove({
        domain: params.domain,
        force: query.force,
        ...asKnown(call, versionOf),
      })
      if (removed.kind !== 'removed') return removed
      const { kind: _, ...counts } = removed
      return answer(counts)
    },
  }),
]
