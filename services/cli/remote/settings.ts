// Settings over the API, as shared/administration/settings.ts has them.

import type { SettingFacts, SettingsAdministration } from '#shared/administration/settings.ts'
import { type ApiClient, path } from './client.ts'

export function remoteSettings(client: ApiClient): SettingsAdministration {
  return {
    async list(q) {
      const { data, warnings } = await client.ask<{
        readonly data: readonly SettingFacts[]
        readonly warnings: readonly string[]
      }>({ method: 'GET', path: '/settings', query: { q } })
      return { kind: 'settings', settings: data, warnings }
    },
    async show(name) {
      const asked = { method: 'GET', path: path`/settings/${name}` } as const
      return { kind: 'setting', setting: await client.ask<SettingFacts>(asked) }
    },
    async change({ changes, isRehearsal }) {
      const query = { dryRun: isRehearsal === true ? true : undefined }
      const asked = { method: 'POST', path: '/settings:change', query, body: { changes } } as const
      type Changed = {
        readonly settings: readonly SettingFacts[]
        readonly warnings: readonly string[]
      }
      if (isRehearsal !== true) return { kind: 'changed', ...(await client.ask<Changed>(asked)) }
      const { result } = await client.ask<{ readonly result: Changed }>(asked)
      return { kind: 'changed', ...result }
    },
  }
}
