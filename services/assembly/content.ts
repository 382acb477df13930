// The content stage put together: its steps in their order, as the settings name them.

import { readFile } from 'node:fs/promises'
import { createFilterStep, type Filter, type FilterOptions } from '#services/content/filter-step.ts'
import { createClamd } from '#services/content/filters/clamd.ts'
import { createRspamd } from '#services/content/filters/rspamd.ts'
import { createWebhook } from '#services/content/filters/webhook.ts'
import { createContentStage } from '#services/content/stage.ts'
import type { ContentStage, ContentStep } from '#shared/contracts/content.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import { explained } from './start-failure.ts'

export type ContentParts = {
  /** What signs requests to the webhook; undefined: nothing does. */
  readonly webhookSecret: string | undefined
  /** Steps before all filters, in their order: authentication of mail, checks of header and body. Undefined: there is none. */
  readonly before?: readonly (ContentStep | undefined)[]
  /** The milters as one step, where there are any. */
  readonly milters?: ContentStep | undefined
}

type FilterName = Exclude<Settings['contentFilters'][number], 'milters'>

export function assembleContent(
  deps: { readonly settings: Settings; readonly clock: Clock; readonly log: Log },
  parts: ContentParts,
): ContentStage {
  const { settings, clock } = deps
  const log = deps.log.child({ service: 'content' })
  const step = (filter: Filter, name: FilterName) =>
    createFilterStep(filter, filterOptions(settings[name]), { clock, log })
  const makers: { readonly [name in FilterName]: () => ContentStep | undefined } = {
    clamd: () => step(clamdOf(settings), 'clamd'),
    rspamd: () => step(rspamdOf(settings), 'rspamd'),
    webhook: () => {
      const webhook = webhookOf(settings, parts.webhookSecret, clock)
      return webhook && step(webhook, 'webhook')
    },
  }
  const names = settings.contentFilters
  const { before = [], milters } = parts
  const ordered = names.includes('milters') ? names : (['milters', ...names] as const)
  const filters = ordered.map((name) => (name === 'milters' ? milters : makers[name]()))
  const steps = [...before, ...filters].filter((one) => one !== undefined)
  return createContentStage({ steps, clock })
}

/** On one machine. Rejects with a StartFailure where the file cannot be read. */
export async function webhookSecretFrom({ webhook }: Settings): Promise<string | undefined> {
  const { secretFile } = webhook
  if (secretFile === '') return undefined
  const text = await explained('cannot read webhook.secretFile', readFile(secretFile, 'utf8'))
  return text.split(/\r?\n/)[0] || undefined
}

function filterOptions(settings: Settings[FilterName]): FilterOptions {
  return {
    timeLimitMs: settings.timeLimit,
    concurrency: settings.concurrency,
    onFailure: settings.failure,
    sizeLimit: settings.sizeLimit,
    onOversize: settings.oversize,
    mail: settings.mail,
  }
}

const clamdOf = ({ clamd }: Settings) =>
  createClamd({ address: clamd.address, onVirus: clamd.virus })

const rspamdOf = ({ rspamd, hostname }: Settings) =>
  createRspamd({
    address: rspamd.address,
    concurrency: rspamd.concurrency,
    hostname,
    onSpam: rspamd.spam,
    onReject: rspamd.reject,
    onGreylist: rspamd.greylist,
  })

function webhookOf(
  { webhook }: Settings,
  secret: string | undefined,
  clock: Clock,
): Filter | undefined {
  const { url, concurrency, content } = webhook
  if (url === null) return undefined
  const options = { url, concurrency, contentLimit: content, secret }
  return createWebhook(options, { clock })
}
