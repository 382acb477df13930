// Domains: those this system receives mail for.

import { z } from '@hono/zod-openapi'
import { DOMAIN_COUNT_MAX } from '#shared/administration/domain-limits.ts'
import type { DomainFacts } from '#shared/administration/domains.ts'
import { asKnown } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import {
  domainParams,
  domainText,
  flag,
  pageOf,
  pageQuery,
  sortQuery,
  time,
  timeOf,
} from '../schemas.ts'
import { ofDomain, ofList, ofSystem } from '../subjects.ts'

const domain = z
  .object({
    domain: z.string(),
    accounts: z.number().int(),
    aliases: z.number().int(),
    createdAt: time,
    limits: z
      .object({
        accounts: z.number().int().nullable(),
        aliases: z.number().int().nullable(),
        quotaBytes: z.number().int().nullable().openapi({
          description: 'Of all accounts together.',
        }),
      })
      .openapi({ description: 'null: none. They hold whoever adds.' }),
  })
  .openapi('Domain')

/** Of all accounts of a domain. */
const QUOTA_BYTES_MAX = 2 ** 50

const postmaster = z.looseObject({ kind: z.string() }).openapi({
  description: 'Who gets the mail of its postmaster (RFC 5321 §4.5.1): found, or nobody.',
})

const domainOf = ({ domain, accounts, aliases, createdMs, limits }: DomainFacts) => ({
  domain,
  accounts,
  aliases,
  createdAt: timeOf(createdMs),
  limits,
})

/** Of a domain nothing is changed but its limits. */
const versionOf = ({ domain, createdMs, limits }: DomainFacts) => [domain, createdMs, limits]

const count = z.number().int().min(0).max(DOMAIN_COUNT_MAX).nullable()
const countText = (value: number | null | undefined) =>
  value === undefined ? undefined : value === null ? 'none' : String(value)

export const domainOperations = [
  defineOperation({
    id: 'domains.list',
    method: 'get',
    path: '/domains',
    summary: 'Lists domains in the order of their names, or by how many accounts they have.',
    right: 'directory.read',
    input: { query: z.strictObject({ ...pageQuery, ...sortQuery(['accounts']) }) },
    subject: () => ofList,
    output: pageOf(domain),
    run: ({ query: { limit, cursor, ...sorting } }, call) =>
      listOf(
        call,
        { limit, cursor },
        sorting,
        (request) => call.administration.domains.page(request),
        domainOf,
      ),
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
    id: 'domains.update',
    method: 'patch',
    path: '/domains/{domain}',
    summary: 'Limits how much a domain may have; null: no limit. What is there already stays.',
    right: 'domains.write',
    input: {
      params: domainParams,
      body: z.strictObject({
        limits: z.strictObject({
          accounts: count.optional(),
          aliases: count.optional(),
          quotaBytes: z.number().int().min(1).max(QUOTA_BYTES_MAX).nullable().optional(),
        }),
      }),
    },
    subject: ({ params }) => ofDomain(params.domain),
    output: domain,
    async current({ params }, { administration }) {
      const shown = await administration.domains.show(params.domain)
      return shown.kind === 'domain' ? versionOf(shown.domain) : undefined
    },
    async run({ params, body: { limits } }, { administration }) {
      const { quotaBytes } = limits
      const set = await administration.domains.limit({
        domain: params.domain,
        accounts: countText(limits.accounts),
        aliases: countText(limits.aliases),
        quota: typeof quotaBytes === 'number' ? `${quotaBytes}B` : countText(quotaBytes),
      })
      if (set.kind !== 'limited') return set
      return answer(domainOf(set.domain), { version: versionOf(set.domain) })
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
