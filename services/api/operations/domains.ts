// Domains: those this system receives mail for.

import { z } from '@hono/zod-openapi'
import type { DomainFacts } from '#shared/administration/domains.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import { domainParams, domainText, pageOf, pageQuery, time, timeOf } from '../schemas.ts'
import { ofDomain, ofList, ofSystem } from '../subjects.ts'

const domain = z
  .object({
    domain: z.string(),
    accounts: z.number().int(),
    aliases: z.number().int(),
    createdAt: time,
  })
  .openapi('Domain')

const domainOf = ({ domain, accounts, aliases, createdMs }: DomainFacts) => ({
  domain,
  accounts,
  aliases,
  createdAt: timeOf(createdMs),
})

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
    output: domain,
    status: 201,
    async run({ body }, { administration }) {
      const added = await administration.domains.add(body)
      if (added.kind !== 'added') return added
      const { domain: name } = added.domain
      return answer(domainOf(added.domain), { location: `/domains/${name}`, version: { name } })
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
      return answer(domainOf(shown.domain), { version: { name: shown.domain.domain } })
    },
  }),
]
