// What the DNS is to say of a domain, and what it says; the keys that sign its mail.

import { z } from '@hono/zod-openapi'
import { zoneLines } from '#shared/administration/dns/zone-text.ts'
import type { Keys } from '#shared/administration/signing.ts'
import { asKnown, type Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { domainParams, flag, text, time, timeOf } from '../schemas.ts'
import { ofDomain } from '../subjects.ts'

const record = z
  .object({
    name: z.string(),
    type: z.enum(['MX', 'TXT', 'CNAME', 'SRV', 'TLSA']),
    value: z.string(),
    purpose: z.string(),
    need: z.enum(['must', 'should', 'may']),
    hint: z.string().nullable(),
    published: z
      .looseObject({ kind: z.enum(['met', 'other', 'several', 'missing', 'unknown']) })
      .nullable()
      .openapi({ description: 'What the DNS has; null where it was not asked.' }),
  })
  .openapi('WantedRecord')

const key = z
  .object({
    selector: z.string(),
    algorithm: z.string(),
    state: z.string(),
    since: time,
    createdAt: time,
    seenAt: time.nullable(),
    forced: z.boolean(),
    imported: z.boolean(),
    name: z.string(),
    record: z.string(),
  })
  .openapi('SigningKey')
const keys = z.object({ domain: z.string(), keys: z.array(key) })

const selectorParams = domainParams.extend({ selector: text('s1') })

const keysOf = ({ domain, keys }: Keys) => ({
  domain,
  keys: keys.map(({ sinceMs, createdMs, seenMs, ...facts }) => ({
    ...facts,
    since: timeOf(sinceMs),
    createdAt: timeOf(createdMs),
    seenAt: seenMs === null ? null : timeOf(seenMs),
  })),
})

/** Without what looking for records changes. */
const versionOf = ({ keys }: Keys) =>
  keys.map(({ selector, state, forced }) => [selector, state, forced])

async function currentKeys({ administration }: Call, domain: string) {
  const listed = await administration.signing.list(domain)
  return listed.kind === 'keys' ? versionOf(listed) : undefined
}

const shown = <R extends { readonly kind: string }>(listed: Keys | R) =>
  listed.kind === 'keys'
    ? answer(keysOf(listed as Keys), { version: versionOf(listed as Keys) })
    : (listed as R)

export const domainDnsOperations = [
  defineOperation({
    id: 'domains.dns',
    method: 'get',
    path: '/domains/{domain}/dns',
    summary: 'Tells the records that a domain is to have; with check, beside what the DNS has.',
    right: 'directory.read',
    input: { params: domainParams, query: z.strictObject({ check: flag.optional() }) },
    subject: ({ params }) => ofDomain(params.domain),
    output: z.object({
      domain: z.string(),
      records: z.array(record),
      stsPolicy: z.string().nullable(),
    }),
    async run({ params, query }, { administration, deps }) {
      const found = await administration.dns.records({
        domain: params.domain,
        certificate: await deps.certificate(),
        check: query.check ?? false,
      })
      if (found.kind !== 'records') return found
      const { domain, records, stsPolicy = null } = found
      return answer({
        domain,
        records: records.map(
          ({ isMet: _, isOfKind: __, hint = null, published = null, ...facts }) => ({
            ...facts,
            hint,
            published,
          }),
        ),
        stsPolicy,
      })
    },
  }),
  defineOperation({
    id: 'domains.zone',
    method: 'get',
    path: '/domains/{domain}/zone',
    summary: 'Tells the records as lines of a zone file.',
    right: 'directory.read',
    input: { params: domainParams },
    subject: ({ params }) => ofDomain(params.domain),
    produces: 'text/plain',
    output: z.string(),
    async run({ params: { domain } }, { administration, deps }) {
      const certificate = await deps.certificate()
      const found = await administration.dns.records({ domain, certificate, check: false })
      if (found.kind !== 'records') return found
      const lines = zoneLines(found.records)
      return {
        kind: 'response',
        response: new Response(`${lines.join('\n')}\n`, {
          headers: { 'content-type': 'text/plain; charset=utf-8' },
        }),
      }
    },
  }),
  defineOperation({
    id: 'keys.list',
    method: 'get',
    path: '/domains/{domain}/keys',
    summary: 'Lists the keys that sign the mail of a domain; never what is private of them.',
    right: 'directory.read',
    input: { params: domainParams },
    subject: ({ params }) => ofDomain(params.domain),
    output: keys,
    run: async ({ params }, { administration }) =>
      shown(await administration.signing.list(params.domain)),
  }),
  defineOperation({
    id: 'keys.check',
    method: 'post',
    path: '/domains/{domain}/keys:check',
    summary: 'Looks for the records of the keys now, and turns the keys accordingly.',
    right: 'keys.write',
    input: { params: domainParams },
    subject: ({ params }) => ofDomain(params.domain),
    output: keys,
    run: async ({ params }, { administration }) =>
      shown(await administration.signing.check(params.domain)),
  }),
  defineOperation({
    id: 'keys.rotate',
    method: 'post',
    path: '/domains/{domain}/keys:rotate',
    summary: 'Makes another key of each algorithm, or of one, that signs once its record is seen.',
    right: 'keys.write',
    input: { params: domainParams, body: z.strictObject({ algorithm: text('rsa').optional() }) },
    subject: ({ params }) => ofDomain(params.domain),
    output: keys,
    current: ({ params }, call) => currentKeys(call, params.domain),
    run: async ({ params, body }, call) =>
      shown(
        await call.administration.signing.rotate({
          ...params,
          ...body,
          ...asKnown(call, versionOf),
        }),
      ),
  }),
  defineOperation({
    id: 'keys.import',
    method: 'post',
    path: '/domains/{domain}/keys',
    summary: 'Brings along a key that signed elsewhere; its record is published already.',
    right: 'keys.write',
    input: {
      params: domainParams,
      body: z.strictObject({ selector: text('s1'), privateKey: z.string().max(16_384) }),
    },
    subject: ({ params }) => ofDomain(params.domain),
    output: keys,
    status: 201,
    current: ({ params }, call) => currentKeys(call, params.domain),
    async run({ params, body: { selector, privateKey: pem } }, call) {
      const known = asKnown(call, versionOf)
      const { signing } = call.administration
      return shown(await signing.import({ ...params, selector, pem, ...known }))
    },
  }),
  ...(['revoke', 'force'] as const).map((verb) =>
    defineOperation({
      id: `keys.${verb}`,
      method: 'post',
      path: `/domains/{domain}/keys/{selector}:${verb}`,
      summary:
        verb === 'revoke'
          ? 'Forgets a private key at once, as after a leak; its record is to be published without a key.'
          : 'Lets a key sign, whatever is seen of its record.',
      right: 'keys.write',
      input: { params: selectorParams },
      subject: ({ params }) => ofDomain(params.domain),
      output: keys,
      current: ({ params }, call) => currentKeys(call, params.domain),
      run: async ({ params }, call) =>
        shown(await call.administration.signing[verb]({ ...params, ...asKnown(call, versionOf) })),
    }),
  ),
]
