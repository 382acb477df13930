// The content filters, milters and checks that the mail settings name, as the deployment has to know them: where containers must get to,
// and that they read what they have spooled. Filters are hosts in the network of the deployment; who runs them is the operator's affair.

import { rewritesHeaders } from '#shared/directory/rewriting.ts'
import { patternSettings } from '#shared/settings/patterns/pattern-setting.ts'
import type { Problem } from '#shared/settings/problems.ts'
import type { Settings } from '#shared/settings/table.ts'

export type ContentFilter = {
  /** As the settings have it; `checks` for those of header, body and attachments, `rewriting` for maps of
   * addresses in header fields. */
  readonly name: string
  /** Of TCP, null where containers get to it anyhow, or are told of it by other settings. */
  readonly port: number | null
}

const HTTPS = 443

export function contentFiltersOf(settings: Settings): readonly ContentFilter[] {
  const filters = settings.contentFilters.filter((name) => name !== 'milters')
  return [
    ...filters.map((name) => ({ name, port: portOf(name, settings) })),
    ...settings.smtpdMilters.map(({ name, address }) => ({
      name,
      port: address.kind === 'inet' ? address.port : null,
    })),
    ...(hasChecks(settings) ? [{ name: 'checks', port: null }] : []),
    ...(rewritesHeaders(settings) ? [{ name: 'rewriting', port: null }] : []),
  ]
}

function hasChecks(settings: Settings): boolean {
  const { forbiddenAttachmentTypes: types, forbidEncryptedArchives } = settings
  const hasPatterns = patternSettings.some((name) => settings[name].rules.length > 0)
  return hasPatterns || types.length > 0 || forbidEncryptedArchives
}

type FilterName = Exclude<Settings['contentFilters'][number], 'milters'>

function portOf(name: FilterName, settings: Settings): number | null {
  switch (name) {
    case 'clamd':
    case 'rspamd': {
      const { address } = settings[name]
      return address.kind === 'inet' ? address.port : null
    }
    case 'webhook': {
      const { url } = settings.webhook
      const port = url === null || url.protocol === 'https:' ? url?.port || HTTPS : url.port || 80
      return Number(port) === HTTPS ? null : Number(port)
    }
  }
}

/** Containers share no files with anybody. */
export function unreachableFilters(settings: Settings): Problem[] {
  const filters = (['clamd', 'rspamd'] as const)
    .filter((name) => settings.contentFilters.includes(name))
    .filter((name) => settings[name].address.kind === 'unix')
    .map((name) => ['mail.contentFilters', `mail.${name}.address`])
  const isMilterApart = settings.smtpdMilters.some(({ address }) => address.kind === 'unix')
  return [...filters, ...(isMilterApart ? [['mail.smtpdMilters']] : [])].map((keys) => ({
    kind: 'conflict',
    keys,
    reason: 'containers reach a filter by host and port only',
  }))
}
