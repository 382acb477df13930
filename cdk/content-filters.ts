// The content filters that the mail settings name, as the deployment has to know them: where containers must get to, and that they read
// what they have spooled. Filters are hosts in the network of the deployment; who runs them is the operator's affair.

import type { Problem } from '#shared/settings/problems.ts'
import type { Settings } from '#shared/settings/table.ts'

export type ContentFilter = {
  readonly name: Settings['contentFilters'][number]
  /** Of TCP, null where containers get to it anyhow, or are told of it by other settings. */
  readonly port: number | null
}

const HTTPS = 443

export function contentFiltersOf(settings: Settings): readonly ContentFilter[] {
  return settings.contentFilters.map((name) => ({ name, port: portOf(name, settings) }))
}

function portOf(name: ContentFilter['name'], settings: Settings): number | null {
  switch (name) {
    case 'clamd':
    case 'rspamd': {
      const { address } = settings[name]
      return address.kind === 'tcp' ? address.port : null
    }
    case 'webhook': {
      const { url } = settings.webhook
      const port = url === null || url.protocol === 'https:' ? url?.port || HTTPS : url.port || 80
      return Number(port) === HTTPS ? null : Number(port)
    }
    case 'milters':
      return null
  }
}

/** Containers share no files with anybody. */
export function unreachableFilters(settings: Settings): Problem[] {
  return (['clamd', 'rspamd'] as const)
    .filter((name) => settings.contentFilters.includes(name))
    .filter((name) => settings[name].address.kind === 'unix')
    .map((name) => {
      const keys = ['mail.contentFilters', `mail.${name}.address`]
      return { kind: 'conflict', keys, reason: 'containers reach a filter by host and port only' }
    })
}
