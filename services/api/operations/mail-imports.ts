// Mail brought from another server, as a job.

import { isIP } from 'node:net'
import { z } from '@hono/zod-openapi'
import { accountSubject } from '#shared/administration/account-subject.ts'
import { MAIL_IMPORT } from '#shared/administration/jobs/mail-import.ts'
import {
  MAIL_IMPORT_ACCOUNTS_MAX,
  MAIL_IMPORT_PARALLEL_MAX,
  type MailImportInput,
  type MailImportText,
} from '#shared/administration/jobs/mail-import-input.ts'
import { tooManyJobs } from '#shared/administration/jobs/open-jobs.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import { allowed } from '#shared/administration/rights/allowed.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { isImapPort } from '#shared/moving/mailboxes/imap/reach.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Call } from '../call.ts'
import { defineOperation } from '../operation.ts'
import { addressText } from '../schemas.ts'
import { ofList } from '../subjects.ts'
import { begun, jobSchema, ownerOf } from './jobs.ts'

/** Of a request: every account with an OAuth token of 1,700 characters. */
export const MAIL_IMPORT_BYTES_MAX = 8 * 1024 ** 2
const FOLDERS_MAX = 1_000
const PEM_CHARACTERS_MAX = 100_000
/** RFC 1035 §2.3.4 */
const HOST_CHARACTERS_MAX = 255
const LOOKED_UP_AT_ONCE = 16

const name = z.string().min(1).max(1_000)
const secret = z.string().min(1).max(8_000)

const account = z
  .strictObject({
    address: addressText
      .refine((text) => parseAddress(text) !== undefined, 'it is no whole address')
      .openapi({ description: 'Whose it becomes.' }),
    login: name.optional().openapi({ description: 'There, if it is not the address.' }),
    password: secret.optional(),
    token: secret
      .optional()
      .openapi({ description: 'Of OAuth (OAUTHBEARER, XOAUTH2), in place of a password.' }),
  })
  .refine((one) => one.password === undefined || one.token === undefined, {
    message: 'a password or a token, and not both',
  })

const body = z
  .strictObject({
    source: z.strictObject({
      kind: z.literal('imap'),
      host: z
        .string()
        .max(HOST_CHARACTERS_MAX)
        .refine((text) => isIP(text) !== 0 || /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$/u.test(text), {
          message: 'a host name or an address',
        })
        .openapi({ example: 'imap.example.net' }),
      port: z
        .number()
        .int()
        .min(1)
        .max(65_535)
        .refine(isImapPort, 'below 1024 only 143 and 993 are for IMAP')
        .optional()
        .openapi({ description: 'Without it 993, or 143 where `tls` is not `implicit`.' }),
      tls: z
        .enum(['implicit', 'starttls', 'none'])
        .optional()
        .openapi({ description: '`none` only for hosts in `importNetworks`.' }),
      ca: z
        .string()
        .max(PEM_CHARACTERS_MAX)
        .optional()
        .openapi({ description: 'PEM of who signs its certificate.' }),
      anyCertificate: z.boolean().optional(),
    }),
    admin: z.strictObject({ login: name, password: secret }).optional().openapi({
      description: 'Somebody there who may read for all; accounts need no secrets then.',
    }),
    accounts: z.array(account).min(1).max(MAIL_IMPORT_ACCOUNTS_MAX),
    folders: z
      .array(name)
      .min(1)
      .max(FOLDERS_MAX)
      .optional()
      .openapi({ description: 'Only these, by their path at the source.' }),
    labels: z.enum(['folders', 'keywords']).optional().openapi({
      description: 'What labels of Gmail become; without it `folders`.',
    }),
    deletions: z.enum(['follow', 'keep']).optional().openapi({
      description: 'What is gone at the source since the last time; without it `follow`.',
    }),
    parallel: z.number().int().min(1).max(MAIL_IMPORT_PARALLEL_MAX).optional(),
    verify: z
      .boolean()
      .optional()
      .openapi({ description: 'Brings nothing: compares every message with what was brought.' }),
    rehearse: z
      .boolean()
      .optional()
      .openapi({ description: 'Reads everything, writes nothing, and says what would come.' }),
  })
  .superRefine(({ accounts, admin }, context) => {
    const seen = new Set<string>()
    for (const [n, { address, login = address, password, token }] of accounts.entries()) {
      const issue = (message: string) =>
        context.addIssue({ code: 'custom', path: ['accounts', n], message })
      if (admin === undefined && password === undefined && token === undefined) {
        issue('neither password nor token, and there is no admin')
      }
      const key = JSON.stringify([address.toLowerCase(), login])
      if (seen.has(key)) issue('it is there twice')
      seen.add(key)
    }
  })

export const mailImportOperations = [
  defineOperation({
    id: 'mailImports.create',
    method: 'post',
    path: '/mail-imports',
    summary:
      'Brings mailboxes of an IMAP server, or what is new there since the last time, as a job; its output is the report, a line for each mailbox.',
    right: 'mail.import',
    status: 202,
    bodyBytesMax: MAIL_IMPORT_BYTES_MAX,
    input: { body },
    subject: () => ofList,
    output: jobSchema,
    fields: { address: { in: 'body', name: 'accounts' } },
    async run({ body: asked }, call) {
      const { source, admin, accounts, folders, verify = false, rehearse = false } = asked
      const refusal = await whoIsOutOfReach(accounts, call)
      if (refusal !== undefined) return refusal
      const tooMany = await tooManyJobs(call.deps.jobs, ownerOf(call))
      if (tooMany !== undefined) return tooMany
      const { host, tls = 'implicit', ca, anyCertificate = false } = source
      const dryRun = rehearse || call.isRehearsal
      const input: MailImportInput = {
        ...{ host, tls, anyCertificate, dryRun, verify },
        port: source.port ?? (tls === 'implicit' ? 993 : 143),
        labels: asked.labels ?? 'folders',
        deletions: asked.deletions ?? 'follow',
        parallel: asked.parallel ?? 0,
      }
      const secrets: MailImportText = { ca, admin, folders, accounts }
      const job = await call.deps.jobs.begin({
        kind: MAIL_IMPORT,
        input,
        about: { host, dryRun, verify, format: 'ndjson' },
        text: Buffer.from(JSON.stringify(secrets)),
        total: accounts.length,
        owner: ownerOf(call),
      })
      const told = { id: job.id, host, accounts: accounts.length }
      await call.administration.mailImports.begun(told)
      return begun(job)
    },
  }),
]

/**
 * Of whoever may not everywhere: the first account that he may not bring mail to. One that is not there in his own domains is a row of the job;
 * elsewhere nobody learns whether it is there.
 */
async function whoIsOutOfReach(
  accounts: readonly { readonly address: string }[],
  { actor, extent, nowMs, deps: { directory } }: Call,
): Promise<Refusal | undefined> {
  if (extent.kind === 'all') return undefined
  const domains = extent.kind === 'domains' ? extent.domains : []
  const refusals = await concurrently(accounts, LOOKED_UP_AT_ONCE, async ({ address: text }) => {
    const address = parseAddress(text)
    if (address === undefined || !domains.includes(address.domain)) {
      return { kind: 'no-such-account', field: 'address', value: text } as const
    }
    const found = await directory.accounts.get(address)
    const answer = found && allowed(actor, 'mail.import', accountSubject(found), nowMs)
    return answer?.kind === 'no'
      ? ({ kind: 'more-rights', field: 'address', value: text } as const)
      : undefined
  })
  return refusals.find((refusal) => refusal !== undefined)
}
