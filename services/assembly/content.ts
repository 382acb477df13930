// The content stage put together: its steps in their order, as the settings name them.

import { readFile } from 'node:fs/promises'
import { attachmentsStep } from '#services/content/attachments/attachments-step.ts'
import { checksStep } from '#services/content/checks/checks-step.ts'
import { createFilterStep, type Filter, type FilterOptions } from '#services/content/filter-step.ts'
import { createClamd } from '#services/content/filters/clamd.ts'
import { createRspamd } from '#services/content/filters/rspamd.ts'
import { createWebhook } from '#services/content/filters/webhook.ts'
import { createRewritingStep } from '#services/content/rewriting/rewriting-step.ts'
import { createContentStage } from '#services/content/stage.ts'
import { recordContent } from '#services/policy/records/recorded-content.ts'
import type { DecisionRecorder } from '#services/policy/records/recorder.ts'
import type { ContentStage, ContentStep } from '#shared/contracts/content.ts'
import { rewritesHeaders } from '#shared/directory/rewriting.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { explained } from './start-failure.ts'

export type ContentParts = {
  /** What signs requests to the webhook; undefined: nothing does. */
  readonly webhookSecret: string | undefined
  /** Steps before all others, in their order: authentication of mail. Undefined: there is none. */
  readonly before?: readonly (ContentStep | undefined)[]
  /** One step each, where there are any. */
  readonly milters?: readonly ContentStep[] | undefined
  /** Keeps what the steps said of a message. */
  readonly recorder: Pick<DecisionRecorder, 'note'>
}

type ContentDeps = { readonly settings: Settings; readonly clock: Clock; readonly log: Log }
type StageDeps = ContentDeps & Pick<Backend, 'rewriting'>

type FilterName = Exclude<Settings['contentFilters'][number], 'milters'>

export function assembleContent(deps: StageDeps, parts: ContentParts): ContentStage {
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
  const { before = [], milters = [] } = parts
  const ordered = names.includes('milters') ? names : (['milters', ...names] as const)
  const filters = ordered.flatMap((name) => (name === 'milters' ? milters : makers[name]()))
  // These look at the message as it came, before anybody gives it another body.
  const checks = [checksOf({ settings, clock, log }), attachmentsOf(settings)]
  const rewriting = createRewritingStep(deps.rewriting, {
    ...settings,
    rewritesHeaders: rewritesHeaders(settings),
  })
  const steps = [...before, ...checks, rewriting, ...filters].filter((one) => one !== undefined)
  return recordContent(createContentStage({ steps, clock }), parts.recorder)
}

function checksOf({ settings, clock, log }: ContentDeps): ContentStep | undefined {
  return checksStep({
    tables: {
      header: settings.headerChecks,
      mime: settings.mimeHeaderChecks,
      nested: settings.nestedHeaderChecks,
      body: settings.bodyChecks,
    },
    bodyChecksSizeLimit: settings.bodyChecksSizeLimit,
    clock,
    log,
  })
}

const attachmentsOf = (settings: Settings): ContentStep | undefined =>
  attachmentsStep({
    forbidden: settings.forbiddenAttachmentTypes,
    action: settings.forbiddenAttachmentAction,
    forbidsEncrypted: settings.forbidEncryptedArchives,
  })

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
